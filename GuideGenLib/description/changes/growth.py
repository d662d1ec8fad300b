"""How tumours grow untreated: the volume doubles again and again in the same time (Collins, AJR 1956;76:988)."""

from dataclasses import dataclass

from GuideGenLib.description.model import LARGEST_MM, DescriptionError, Finding


@dataclass(frozen=True)
class DoublingTime:
    """days in which the volume doubles, and who measured it."""

    days: float
    source: str


PRIMARY = {
    "lung": DoublingTime(181, "median of stage I lung cancers: Winer-Muram, Radiology 2002;223:798"),
    "liver": DoublingTime(140, "4.6 months, pooled, hepatocellular carcinoma: Nathani, Gut 2021;70:401"),
    "kidney": DoublingTime(468, "mean of renal cell carcinomas: Fujimoto, Int J Urol 1995;2:71"),
    "pancreas": DoublingTime(132, "mean of 100 carcinomas: Time to progression of pancreatic cancer: evaluation with "
                             "multi-detector CT, Abdom Imaging"),
    "colon": DoublingTime(130, "median of colorectal carcinomas: Bolin, Ann Surg 1983;198:151"),
}  # fmt: skip
METASTASIS = {
    "lung": DoublingTime(89, "mean, of renal cell carcinoma: Fujimoto, Int J Urol 1995;2:71"),
    "liver": DoublingTime(155, "mean, of colorectal carcinoma: Finlay, Br J Surg 1988;75:641"),
}
"""By the organ in which a tumour, or a metastasis, lies. Single tumours differ widely: from weeks to years."""


def doubling_time(finding: Finding) -> DoublingTime:
    """Of a finding that is drawn. Raises DescriptionError where none was published that we know."""
    known = (METASTASIS if finding.kind == "metastasis" else PRIMARY).get(finding.organ or "")
    if known is None:
        msg = f"How fast a {finding.kind} of the {finding.organ or 'body'} grows is not known here"
        raise DescriptionError(msg, "say how much larger it is to be, for example 1 cm larger.")
    return known


def grown_mm(finding: Finding, size_mm: float, days: float) -> float:
    """The diameter after so many days, d 2^(days / 3 T), as the volume goes with the third power of the diameter.

    Raises DescriptionError where that is larger than a body, and as `doubling_time` does.
    """
    time = doubling_time(finding)
    size = size_mm * 2 ** (days / time.days / 3)
    if size > LARGEST_MM:
        msg = f"A {finding.kind} of {size_mm:g} mm would be {size:.0f} mm large after {days:g} days"
        raise DescriptionError(msg, "say a shorter time.")
    return size
