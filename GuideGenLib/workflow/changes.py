"""One sentence more about the chosen case: what is understood of it while one types, and the way back."""

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from GuideGenLib.description.changes.model import Difference
from GuideGenLib.description.changes.read import measured_sizes, read_change
from GuideGenLib.description.corrections import PATIENT, Corrections, finding_keys
from GuideGenLib.description.model import DescriptionError
from GuideGenLib.description.parse import parse
from GuideGenLib.description.report import from_json
from GuideGenLib.generator.settings import arithmetic_told
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.runs.results import changed_from
from GuideGenLib.scene.segments.segmentation import read_segmentation
from GuideGenLib.workflow.edits import edits_later
from GuideGenLib.workflow.words import NOTHING_KNOWN, say, sentence, told

if TYPE_CHECKING:
    import SimpleITK as sitk

SHOWN_BY_CT = ("phase", "age", "age_range", "acquisition")
"""Fields of which the CT's description knows better than the anatomy's."""


@dataclass(frozen=True)
class CaseNow:
    """A case in a scene. description: as description.report.to_json has it; record: of its anatomy, with the settings
    of its CT."""

    description: dict[str, Any]
    record: dict[str, Any]

    @staticmethod
    def anatomies(segmentation: Any, ct: Any) -> "tuple[sitk.Image, sitk.Image]":
        """The labels that the CT shows, and those of the segmentation as it is now; without a CT both are the same.
        Raises SceneError for a segmentation that cannot be read, or a CT of which the anatomy is not known."""
        if ct is None:
            now = read_segmentation(segmentation).anatomy
            return now, now
        edits = edits_later(segmentation, ct)()
        return edits.before, edits.after


def case_now(segmentation: Any, ct: Any, typed: dict[str, Any] | None = None) -> CaseNow:
    """What is known of a segmentation and its CT (None: it has none); typed: the description that is typed, for a
    segmentation of the user's own, of which nothing is known."""
    record = dict(provenance_of(segmentation) or {})
    made = (provenance_of(ct) if ct is not None else None) or {}
    told = made.get("description") if isinstance(made.get("description"), dict) else None
    description = record.get("description") if isinstance(record.get("description"), dict) else told or typed
    if not isinstance(description, dict):
        raise SceneError(say(NOTHING_KNOWN))
    if told is not None:
        description = {**description, **{name: told.get(name) for name in SHOWN_BY_CT}}
    settings = [one.get("settings") for one in (record, made)]
    record["settings"] = {name: value for one in settings if isinstance(one, dict) for name, value in one.items()}
    record["arithmetic"] = arithmetic_told(made) or arithmetic_told(record)
    return CaseNow(description, record)


@dataclass(frozen=True)
class UnderstoodChange:
    """lines: what would change, one a line; notes: what has no effect, or changes more than one place; error: why the
    sentence cannot be followed, empty where it can."""

    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


def understand_change(change: str, case: CaseNow | None) -> UnderstoodChange:
    """Read a sentence about a case. Nothing is raised: a panel shows what is wrong while one types. An empty sentence
    is no fault, and changes nothing."""
    if not change.strip() or case is None:
        return UnderstoodChange()
    try:
        difference = _difference(change, case)
    except DescriptionError as error:
        return UnderstoodChange(error=sentence(error))
    notes = [told(note) for note in difference.notes]
    if difference.not_understood:
        words = ", ".join(f'"{span.text}"' for span in difference.not_understood)
        notes.append(say("Not understood, without effect: {words}.", words=words))
    if difference.everywhere:
        notes.append(sentence(difference.everywhere))
    return UnderstoodChange(tuple(told(step.told) for step in difference.steps), tuple(notes))


def _difference(change: str, case: CaseNow) -> Difference:
    lesions = case.record.get("lesions")
    sizes = measured_sizes(lesions if isinstance(lesions, list) else ())
    return read_change(change, from_json(case.description), sizes)


def corrections_after(record: dict[str, Any]) -> str:
    """What makes the description of a changed case of its text, as a user would have corrected it (JSON of
    description.corrections). Sizes of organs that the text does not name cannot be said so. Empty where nothing is."""
    try:
        wanted = from_json(record["description"])
        read = parse(wanted.text)
    except (DescriptionError, KeyError):
        return ""
    corrections = Corrections()
    for name in PATIENT:
        value = attrgetter(name)
        if value(read) != value(wanted):
            corrections = corrections.with_patient(name, value(wanted))
    left = list(wanted.findings)
    for key, finding in zip(finding_keys(read), read.findings, strict=True):
        if finding in left:
            left.remove(finding)
        else:
            corrections = corrections.without(key)
    for finding in left:
        corrections = corrections.with_added(finding)
    return corrections.to_json()


def undo_change(choice: Any) -> bool:
    """Choose the case that the chosen one was made of, with the CT that it had; False where it was made of none. The
    changed one stays in the scene."""
    source = changed_from(choice.segmentation)
    if source is None:
        return False
    choice.choose(segmentation=source[0], ct=source[1], compared=None)
    return True
