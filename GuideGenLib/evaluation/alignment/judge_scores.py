"""What each judge scores on data that it never saw, by which a figure of it is measurable or not.

Real data where there are any; lesions are scored in rendered people as long as no real scan has labelled ones.
"""

from typing import TYPE_CHECKING

from GuideGenLib.evaluation.report.section import sees
from GuideGenLib.judges.agreement import ORGANS

if TYPE_CHECKING:
    from GuideGenLib.judges.classifiers import Classifiers
    from GuideGenLib.judges.folder import Judges


def person_score(classifiers: "Classifiers | None", name: str) -> float | None:
    """Share of real people of whom "sex", "decade" or "decade within one" is read rightly; 0 where it was never tried.

    None where there is no judge.
    """
    return None if classifiers is None else float(classifiers.real.get(name, {}).get("value") or 0)


def lesion_score(judges: "Judges") -> float:
    """Share of the lesions that the segmenter finds; 0 where it was never tried."""
    told = judges.about["segmenter"]["ceilings"]
    return float(told.get("lesions", told.get("rendered", {})).get("tumours_found") or 0)


def seen_organs(judges: "Judges") -> list[str]:
    """The organs of ORGANS that the segmenter sees in a real scan; all where it was tried on none."""
    return [organ for organ in ORGANS if organ in judges.ceilings and sees(judges.ceilings[organ])] or list(ORGANS)
