"""What is said on the way of a run. A front end with other languages puts its translation in place of `translate`."""

from collections.abc import Callable
from typing import Any

from GuideGenLib.core.languages import ENGLISH, translation

LONGEST_TITLE = 60
MOST_RULES = 3
BUSY = "A run goes on: cancel it or wait for its end."
NO_ANATOMY = "There is no anatomy yet: generate one, or choose a segmentation of your own."
NOTHING_SHOWN = "No segment that could be kept is shown: show those to keep (organs, bones, a tumor), hide the others."
NO_CT = "There is no CT yet: generate or choose one."
NO_TEXT = "Describe a patient first."
STOPPING = "Stopping…"
STARTING = "Starting…"
IN_LINE = "Waiting for the server: {count} before this run…"
STAGES = {
    "wait": "Asking the server", "load": "Loading the model", "describe": "Reading the text",
    "mask": "Drawing the anatomy", "ct": "Making the CT",
}  # fmt: skip

translate: Callable[[str], str] = str
language = ENGLISH


def speak(code: str) -> None:
    """Say everything in a language of `core.languages` from now on. Raises LanguageError."""
    global translate, language
    translate, language = translation(code), code


def say(words: str, /, **values: Any) -> str:
    """Words in the user's language, with values put in."""
    return translate(words).format(**values)


def title_of(text: str) -> str:
    """A text short enough for the name of a folder."""
    line = " ".join(text.split())
    if not line:
        return say("Anatomy without a text")
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


def told_of(lesions: list[dict[str, Any]], checks: list[dict[str, Any]]) -> str:
    """What a drawn anatomy could not have as asked, and the rules that it breaks, one a line."""
    notes = [lesion["note"] for lesion in lesions if lesion.get("note")]
    broken = [f"{check['name'].replace(':', ' ')} ({check['detail']})" for check in checks if not check["passed"]]
    if broken:
        shown = "; ".join(broken[:MOST_RULES])
        if len(broken) > MOST_RULES:
            shown += say("; and {count} more", count=len(broken) - MOST_RULES)
        notes.append(say("Out of the ordinary: {rules}. Another seed draws another anatomy.", rules=shown))
    return "\n".join(notes)
