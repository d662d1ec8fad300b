"""The enlarged lymph nodes that an N stage means, by the regional stations of each organ.

Stations and numbers are those of the AJCC Cancer Staging Manual, 8th edition, and the UICC TNM Classification, 8th
edition: of the lung, hilar nodes of its side (N1), mediastinal ones (N2), supraclavicular ones (N3); where N counts
nodes (colon, stomach, pancreas, oesophagus), so many of its stations. Stations that are no structure of their own here
are the nearest that are: pericolic nodes are mesenteric, coeliac and portal ones retroperitoneal, mesorectal ones
iliac. N0 and NX mean none.
"""

from collections.abc import Sequence

from GuideGenLib.description.model import Finding

Station = tuple[str, int]
"""Organ of a lymphadenopathy without "_lymph_node", and how many nodes."""
_PELVIS: dict[str, tuple[Station, ...]] = {
    "1": (("iliac", 1),), "2": (("iliac", 3),), "3": (("iliac", 3), ("retroperitoneal", 2)),
}  # fmt: skip
_ABDOMEN: dict[str, tuple[Station, ...]] = {
    "1": (("retroperitoneal", 2),), "2": (("retroperitoneal", 5),), "3": (("retroperitoneal", 7),),
}  # fmt: skip
_BOWEL: dict[str, tuple[Station, ...]] = {"1": (("mesenteric", 2),), "2": (("mesenteric", 5),)}
STATIONS: dict[str, dict[str, tuple[Station, ...]]] = {
    "lung": {"1": (("hilar", 1),), "2": (("hilar", 1), ("mediastinal", 2)),
             "3": (("hilar", 1), ("mediastinal", 2), ("supraclavicular", 1))},
    "esophagus": {"1": (("mediastinal", 2),), "2": (("mediastinal", 4),), "3": (("mediastinal", 7),)},
    "breast": {"1": (("axillary", 2),), "2": (("axillary", 5),), "3": (("axillary", 5), ("supraclavicular", 1))},
    "colon": _BOWEL, "small_bowel": _BOWEL,
    "stomach": _ABDOMEN, "pancreas": _ABDOMEN, "liver": _ABDOMEN, "gallbladder": _ABDOMEN, "kidney": _ABDOMEN,
    "adrenal": _ABDOMEN, "duodenum": _ABDOMEN, "ovary": _ABDOMEN,
    "bladder": _PELVIS, "prostate": _PELVIS,
    "uterus": {"1": (("iliac", 2),), "2": (("iliac", 2), ("retroperitoneal", 2))},
}  # fmt: skip
"""By the organ of the tumour and the number of its N stage."""
RECTUM: dict[str, tuple[Station, ...]] = {"1": (("iliac", 2),), "2": (("iliac", 5),)}
OF_ITS_SIDE = ("hilar", "axillary", "supraclavicular")
"""Stations on the side of the tumour."""
SUFFIX = "_lymph_node"
TUMOURS = ("tumor", "mass", "nodule", "lesion")


def implied_nodes(finding: Finding, others: Sequence[Finding] = ()) -> tuple[Finding, ...]:
    """The lymphadenopathies that the N stage of a tumour means; not those of stations that `others` tell of."""
    if not finding.there or finding.kind not in TUMOURS or not finding.n or finding.t == "0":
        return ()
    stations = RECTUM if finding.site == "rectum" else STATIONS.get(finding.organ or "", {})
    told = {one.organ for one in others if one.kind == "lymphadenopathy" and one.presence != "hypothetical"}
    return tuple(
        Finding(
            "lymphadenopathy", f"{station}{SUFFIX}", side=finding.side if station in OF_ITS_SIDE else None,
            size_word="small", count=count, presence=finding.presence,
        )
        for station, count in stations.get(finding.n[0], ())
        if f"{station}{SUFFIX}" not in told
    )  # fmt: skip


def told_nodes(finding: Finding, others: Sequence[Finding]) -> str | None:
    """A sentence that names them; None where there are none."""
    nodes = implied_nodes(finding, others)
    if not nodes:
        return None
    names = " and ".join(str(node.organ).removesuffix(SUFFIX) for node in nodes)
    return f"N{finding.n} is drawn as enlarged lymph nodes: {names}."
