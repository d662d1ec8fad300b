"""Names of cases that tell what is seen in them: `left-kidney-40mm-F58-seed3`."""

import re
from collections.abc import Sequence

from GuideGenLib.anatomy.table import by_group, label
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.measure import MeasuredFinding
from GuideGenLib.description.model import Description

LONGEST_NAME = 80
NORMAL = "no-finding"
KEPT_APART = "lessons"
"""Folder of the lessons, which lies among the cases."""
NAME = re.compile(r"\w[\w .,()+=-]*")
TUMOUR = "_tumor"


def case_name(description: Description | None, findings: Sequence[MeasuredFinding], seed: int | None) -> str:
    """What is seen, in whom, and by which seed; what is not known is left out."""
    parts = [_seen(description, findings), _patient(description), f"seed{seed}" if seed is not None else ""]
    return clean("-".join(part for part in parts if part))[:LONGEST_NAME].rstrip("-")


def clean(text: str) -> str:
    """Words of a text as part of a name of a file, joined by hyphens."""
    return re.sub(r"[^\w+]+", "-", text, flags=re.ASCII).strip("-")


def checked_name(name: str) -> str:
    """A name that a person gave to a case or a lesson. Raises CaseError for one that is no name of a folder."""
    name = " ".join(name.split())
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or name == KEPT_APART or name.endswith("."):
        raise CaseError(
            f"{name[:LONGEST_NAME]!r} cannot be the name of a folder",
            f"take letters, digits, spaces and hyphens, {LONGEST_NAME} at most",
        )
    return name


def _seen(description: Description | None, findings: Sequence[MeasuredFinding]) -> str:
    if findings:
        first = findings[0]
        same = sum(one.key == first.key for one in findings)
        others = len({one.key for one in findings}) - 1
        return "-".join(
            part
            for part in (
                first.side or "",
                _organ(first.key),
                first.size.replace(" ", "") + (f"+{others}" if others else ""),
                f"x{same}" if same > 1 else "",
            )
            if part
        )
    shown = [finding for finding in (description.findings if description else ()) if finding.shown]
    if not shown:
        return NORMAL
    words = (shown[0].side, shown[0].organ, shown[0].kind)
    return "-".join(word for word in words if word)


def _organ(key: str) -> str:
    """A tumour of the five organs by its organ, as radiologists file it; all else by its name."""
    tumour = any(row.key == key for row in by_group()["lesions"])
    return key.removesuffix(TUMOUR) if tumour else label(key).name


def _patient(description: Description | None) -> str:
    if description is None:
        return ""
    sex = {"female": "F", "male": "M"}.get(description.sex or "", "")
    if description.age is not None:
        return f"{sex}{description.age}"
    if description.age_range is not None:
        low, high = description.age_range
        return f"{sex}{low}to{high}"
    return sex
