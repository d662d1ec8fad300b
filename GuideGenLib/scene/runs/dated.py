"""Whether a CT still shows its anatomy, told in one place for views, page, module and files.

A CT that GuideGen made shows the labels that it was made of; what was painted since, also while it was being made, it
does not show. A CT that came from elsewhere shows a patient, whatever is drawn over it: it is never out of date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.runs.run import shown_anatomy
from GuideGenLib.scene.segments.edits import SegmentChange, find_edits
from GuideGenLib.scene.segments.reading import take_segments

OUT_OF_DATE = "ct_out_of_date"
"""Key of the record (a sentence) that goes with an exported pair."""

ATTRIBUTE = "GuideGen.OutOfDate"
"""The same sentence on a CT node, for who opens the scene elsewhere."""

MOST = 3


def out_of_date_later(segmentation: Any, ct: Any) -> Callable[[], str]:
    """What a CT node does not show of a segmentation node (either may be None), as a sentence; "" where it shows all.

    In two parts: what is needed is taken out of the scene now, the call may be made in any thread. Raises nothing: an
    anatomy that cannot be read is not what the CT shows.
    """
    shown = shown_anatomy(ct) if _comparable(segmentation, ct) else None
    if shown is None:
        return lambda: ""
    try:
        taken = take_segments(segmentation, shown)
    except SceneError as error:
        reason = str(error)
        return lambda: _sentence(reason)

    def compare() -> str:
        try:
            changes = find_edits(shown, taken.reading().anatomy)
        except SceneError as error:
            return _sentence(str(error))
        return _sentence(told(changes)) if changes else ""

    return compare


def out_of_date(segmentation: Any, ct: Any) -> str:
    """`out_of_date_later`, now."""
    return out_of_date_later(segmentation, ct)()


def mark(ct: Any, sentence: str) -> None:
    """Write on a CT node (None: on none) that it is out of date, or with "" that it is not."""
    if ct is not None and (ct.GetAttribute(ATTRIBUTE) or "") != sentence:
        ct.SetAttribute(ATTRIBUTE, sentence or None)


def told(changes: Sequence[SegmentChange]) -> str:
    """ "liver +3.2 ml, spleen +0.0 -1.5 ml; and 2 more"."""
    parts = []
    for change in changes[:MOST]:
        amounts = [f"+{change.added_ml:.1f}"] * (change.added_ml > 0) + [f"-{change.removed_ml:.1f}"] * (
            change.removed_ml > 0
        )
        parts.append(f"{change.name} {' '.join(amounts)} ml")
    return ", ".join(parts) + (f"; and {len(changes) - MOST} more" if len(changes) > MOST else "")


def _comparable(segmentation: Any, ct: Any) -> bool:
    return segmentation is not None and ct is not None and provenance_of(ct) is not None


def _sentence(why: str) -> str:
    return f"The CT does not show this anatomy any more: {why}"
