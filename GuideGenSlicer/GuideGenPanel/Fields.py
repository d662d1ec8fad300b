"""The words for the fields of a description and their values, in the user's language.

They are those of the library, which the page says, too: they stand there alone.
"""

from GuideGenLib.workflow import words


def titleOf(field) -> str:
    """The name of a description.fields.Field; T, N and M are the same in all languages."""
    return words.told(field.title)


def shown(value: object) -> str:
    """A value in words."""
    from GuideGenLib.description import fields

    return words.told(fields.shown(value))


def typed(text: str) -> str:
    """What was typed, with the user's own word for "unknown" in the library's."""
    return "" if text.strip().lower() == shown(None).lower() else text
