"""From organ, T stage and size words to the longest diameter of a tumour in mm.

Where AJCC 8 stages by size (lung, kidney T1-T2, liver T1, pancreas) the ranges are its limits; where it stages by depth
or invasion (colon, T3-T4 of kidney and liver, pancreas T4) they are sizes chosen for drawing. Colon: length along the
bowel.
"""

from GuideGenLib.description.model import Finding

Range = tuple[float, float]

T_SIZES: dict[str, dict[str, Range]] = {
    "lung": {
        "is": (5, 10), "1mi": (5, 10), "1": (8, 30), "1a": (5, 10), "1b": (10, 20), "1c": (20, 30),
        "2": (30, 50), "2a": (30, 40), "2b": (40, 50), "3": (50, 70), "4": (70, 100),
    },
    "kidney": {"1": (15, 70), "1a": (15, 40), "1b": (40, 70), "2": (70, 110), "2a": (70, 100), "2b": (100, 120),
               "3": (60, 110), "4": (80, 120)},
    "liver": {"1": (10, 20), "1a": (10, 20), "1b": (20, 50), "2": (20, 50), "3": (50, 80), "4": (60, 110)},
    "pancreas": {"is": (5, 10), "1": (8, 20), "1a": (4, 5), "1b": (5, 10), "1c": (10, 20), "2": (20, 40), "3": (40, 65),
                 "4": (40, 70)},
    "colon": {"is": (15, 25), "1": (20, 30), "2": (30, 45), "3": (45, 65), "4": (65, 95)},
}  # fmt: skip
DEFAULT_SIZES: dict[str, Range] = {
    "lung": (15, 50), "kidney": (25, 70), "liver": (20, 60), "pancreas": (20, 45), "colon": (30, 65),
}  # fmt: skip
METASTASIS_SIZES: Range = (8, 35)
NODULE_SIZES: Range = (6, 30)
"""A nodule is at most 30 mm wide, a larger one is a mass (Fleischner Society glossary, 2008)."""
LUNG_MASS_SIZES: Range = (30, 70)
T_OF_STAGE = {"0": "is", "I": "1", "II": "2", "III": "3"}
T_OF_SIZE_WORD = {"tiny": "1", "small": "1", "moderate": "2", "large": "3", "huge": "4"}
PART_OF_RANGE: dict[str, Range] = {
    "tiny": (0.0, 0.15), "small": (0.0, 0.25), "moderate": (0.25, 0.75), "large": (0.5, 1.0), "huge": (0.75, 1.0),
}  # fmt: skip
SIZE_BOUND_T = {"lung": "123", "kidney": "1", "pancreas": "12"}
"""The T stages that AJCC 8 bounds from above by size alone, so that a larger tumour contradicts them."""


def stage_size_mm(finding: Finding) -> Range:
    """Lowest and highest longest diameter in mm that a finding may have.

    A size in the text wins; then the T stage, the overall stage, "early" and "advanced", moved by a size word; then
    the size word alone; then what is common in the organ. Metastases never take their size from the T of the primary.
    Raises ValueError for an organ whose tumours are not drawn.
    """
    if finding.size_mm is not None:
        return finding.size_mm, finding.size_mm
    if finding.organ not in T_SIZES:
        msg = f"The size of a {finding.kind} of the {finding.organ} is not known: only {', '.join(T_SIZES)} are drawn."
        raise ValueError(msg)
    staged = None if finding.kind == "metastasis" else _staged(finding)
    if staged is not None:
        return _part(staged, finding.size_word)
    if finding.kind == "metastasis":
        return _part(METASTASIS_SIZES, finding.size_word)
    if finding.kind == "nodule":
        return _part(NODULE_SIZES, finding.size_word)
    if finding.size_word is not None:
        sizes = T_SIZES[finding.organ][T_OF_SIZE_WORD[finding.size_word]]
        return _part(sizes, "tiny") if finding.size_word == "tiny" else sizes
    if finding.kind == "mass" and finding.organ == "lung":
        return LUNG_MASS_SIZES
    return DEFAULT_SIZES[finding.organ]


def disagreement(finding: Finding) -> str | None:
    """A sentence where the text's size is larger than its T stage allows, else None."""
    if finding.size_mm is None or not finding.t or finding.t[0] not in SIZE_BOUND_T.get(finding.organ or "", ""):
        return None
    _, high = _t_range(finding.organ or "", finding.t) or (0.0, 0.0)
    if finding.size_mm <= high * 1.05:
        return None
    told = f"the text says {finding.size_mm:g} mm"
    return f"T{finding.t} of the {finding.organ} is at most {high:g} mm, {told}: the size is used."


def _staged(finding: Finding) -> Range | None:
    organ = finding.organ or ""
    by_t = _t_range(organ, finding.t) if finding.t else None
    if by_t is not None or finding.stage is None:
        return by_t
    if finding.stage == "early":
        return T_SIZES[organ]["1"]
    group = finding.stage.rstrip("ABCD123")
    if group in ("advanced", "IV"):
        return T_SIZES[organ]["3"][0], T_SIZES[organ]["4"][1]
    return _t_range(organ, T_OF_STAGE[group])


def _t_range(organ: str, t: str) -> Range | None:
    """The range of a T stage; a sub-stage that the organ does not tell apart counts as its stage."""
    sizes = T_SIZES[organ]
    if t == "is":
        return sizes.get("is", sizes["1"])
    return sizes.get(t) or sizes.get(t[0])


def _part(sizes: Range, word: str | None) -> Range:
    if word is None:
        return sizes
    low, high = sizes
    start, stop = PART_OF_RANGE[word]
    return low + start * (high - low), low + stop * (high - low)
