"""What is said to the user, in the user's language: `say` our own words, `told` what another part has said in English.

The words of a front end stand where they are said; those that page and module share stand here, once. A front end with
other languages puts its translation in place of `translate`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from GuideGenLib.core.languages import ENGLISH, translation

LONGEST_TITLE = 60
MOST_RULES = 3
BUSY = "A run goes on: cancel it or wait for its end."
NO_ANATOMY = "There is no anatomy yet: generate one, or choose a segmentation of your own."
NOTHING_SHOWN = "No segment that could be kept is shown: show those to keep (organs, bones, a tumor), hide the others."
NO_CT = "There is no CT yet: generate or choose one."
NO_OTHER_CT = "Choose another CT to compare with first."
NOTHING_KNOWN = "Nothing is known of this anatomy: describe the patient first."
NO_TEXT = "Describe a patient first."
NO_TITLE = "Anatomy without a text"
STOPPING = "Stopping…"
STARTING = "Starting…"
IN_LINE = "Waiting for the server: {count} before this run…"
STAGES = {
    "wait": "Asking the server", "load": "Loading the model", "describe": "Reading the text",
    "mask": "Drawing the anatomy", "ct": "Making the CT",
}  # fmt: skip

REGIONS = {
    "": "As in the text", "torso": "Torso", "chest": "Chest", "abdomen": "Abdomen", "pelvis": "Pelvis",
    "chest_abdomen": "Chest and abdomen", "abdomen_pelvis": "Abdomen and pelvis",
}  # fmt: skip
QUALITIES = {"draft": "Draft (fewest steps)", "standard": "Standard", "fine": "Fine (twice the steps)"}

translate: Callable[[str], str] = str
language = ENGLISH


def speak(code: str) -> None:
    """Say everything in a language of `core.languages` from now on. Raises LanguageError."""
    global translate, language
    translate, language = translation(code), code


def say(words: str, /, **values: Any) -> str:
    """Words in the user's language, with values put in; an error among them is told in that language, too."""
    return translate(words).format(
        **{name: told(value) if isinstance(value, Exception) else value for name, value in values.items()}
    )


def told(english: object) -> str:
    """What another part says in English (an error, a record, a name of a table), in the user's language."""
    return translate(str(english))


def sentence(error: object) -> str:
    """An error, or words for one, as a sentence; the name of a file at its beginning stays as it is."""
    text = told(error)
    first = text.split(" ")[0]
    return (text if "." in first else text[:1].upper() + text[1:]) + ("" if text.endswith(".") else ".")


def title_of(text: str) -> str:
    """A text short enough for the name of a folder."""
    line = " ".join(text.split())
    if not line:
        return NO_TITLE  # it is saved with the scene, and so English, as all that is
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rsplit(" ", 1)[0] + "…"


def progress_text(stage: str, fraction: float, remaining_s: float | None, place: int | None = None) -> str:
    """Stage, share and time left; the stage alone as long as nothing is known, as while a model is loaded. place: in
    the line of a server, how many runs go before."""
    if place is not None:
        return say("Waiting for the server: next in line…") if place == 0 else say(IN_LINE, count=place)
    if fraction <= 0:
        return f"{say(STAGES.get(stage, stage))}…"
    text = f"{say(STAGES.get(stage, stage))}: {round(100 * fraction)} %"
    if remaining_s is None:
        return text
    seconds = max(1, round(remaining_s))
    if seconds < 90:
        return text + say(", about {seconds} s left", seconds=seconds)
    return text + say(", about {minutes} min left", minutes=round(seconds / 60))


def told_of(notes: Iterable[str], broken: Sequence[str]) -> str:
    """What a drawn anatomy lacks of what was asked, and the rules that it breaks (by `checks`), one a line."""
    lines = [told(note) for note in notes if note]
    if broken:
        shown = "; ".join(broken[:MOST_RULES])
        if len(broken) > MOST_RULES:
            shown += say("; and {count} more", count=len(broken) - MOST_RULES)
        lines.append(say("Out of the ordinary: {rules}. Another seed draws another anatomy.", rules=shown))
    return "\n".join(lines)
