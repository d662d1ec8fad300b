"""The words for the fields of a description and their values, in the user's language."""

from slicer.i18n import tr as _

TITLES = {
    "age": lambda: _("Age"),
    "sex": lambda: _("Sex"),
    "race": lambda: _("Race"),
    "ethnicity": lambda: _("Ethnicity"),
    "habitus": lambda: _("Build"),
    "region": lambda: _("Region"),
    "phase": lambda: _("Contrast phase"),
    "acquisition.slice_mm": lambda: _("Slice thickness (mm)"),
    "acquisition.kernel": lambda: _("Kernel"),
    "acquisition.dose": lambda: _("Dose"),
    "acquisition.oral_contrast": lambda: _("Oral contrast"),
    "acquisition.table": lambda: _("Table"),
    "acquisition.motion": lambda: _("Motion"),
    "acquisition.metal": lambda: _("Metal"),
    "acquisition.field_of_view_mm": lambda: _("Field of view (mm)"),
    "kind": lambda: _("kind"),
    "organ": lambda: _("organ"),
    "site": lambda: _("place"),
    "segment": lambda: _("segment"),
    "side": lambda: _("side"),
    "size_mm": lambda: _("size (mm)"),
    "size_word": lambda: _("size in words"),
    "looks": lambda: _("looks"),
    "stage": lambda: _("stage"),
    "count": lambda: _("how many"),
    "presence": lambda: _("presence"),
    "absent": lambda: _("absent"),
    "length_mm": lambda: _("length (mm)"),
    "volume_ml": lambda: _("volume (ml)"),
}
"""Functions, as words are translated when they are shown."""


def titleOf(field) -> str:
    """The name of a description.fields.Field; T, N and M are the same in all languages."""
    return TITLES[field.name]() if field.name in TITLES else field.title


def shown(value: object) -> str:
    """A value in words."""
    from GuideGenLib.description import fields

    if value is None or value == ():
        return _("unknown")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return fields.shown(value)


def typed(text: str) -> str:
    """What was typed, with the user's own word for "unknown" in the library's."""
    return "" if text.strip().lower() == shown(None).lower() else text
