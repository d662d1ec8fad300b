"""What a person has: findings drawn by organ, place and stage."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from GuideGenLib.description.model import SITES, Finding
from GuideGenLib.description.stage import METASTASIS_SIZES, NODULE_SIZES, stage_size_mm
from GuideGenLib.population.attributes import Attributes

T_STAGES: dict[str, tuple[str, ...]] = {
    "lung": ("1a", "1b", "1c", "2a", "2b", "3", "4"),
    "liver": ("1a", "1b", "2", "3", "4"),
    "kidney": ("1a", "1b", "2a", "3", "4"),
    "pancreas": ("1", "2", "3", "4"),
    "colon": ("1", "2", "3", "4"),
}
_N_STAGES = {"lung": "0123X", "liver": "01X", "kidney": "01X", "pancreas": "012X", "colon": "012X"}
_WORD_OF_T = {"1": "small", "2": "moderate", "3": "large", "4": "huge"}
# AJCC Cancer Staging Manual, 8th edition (2017), groups of N0 M0 disease.
_GROUP = {
    "lung": {"1a": "IA", "1b": "IA", "1c": "IA", "2a": "IB", "2b": "IIA", "3": "IIB", "4": "IIIA"},
    "liver": {"1a": "IA", "1b": "IB", "2": "II", "3": "IIIA", "4": "IIIB"},
    "kidney": {"1a": "I", "1b": "I", "2a": "II", "3": "III", "4": "IV"},
    "pancreas": {"1": "IA", "2": "IB", "3": "IIA", "4": "III"},
    "colon": {"1": "I", "2": "I", "3": "IIA", "4": "IIB"},
}


def one_of(rng: np.random.Generator, options: Sequence[str]) -> str:
    """One of the options, each as likely."""
    return options[int(rng.integers(len(options)))]


def _place(organ: str, rng: np.random.Generator) -> tuple[str | None, str | None]:
    """(side, site) of a lesion of an organ."""
    if organ == "lung":
        side = one_of(rng, ("left", "right"))
        return side, one_of(rng, ("upper_lobe", "lower_lobe") if side == "left" else SITES["lung"])
    return (one_of(rng, ("left", "right")) if organ == "kidney" else None), one_of(rng, SITES[organ])


def _tumor(organ: str, rng: np.random.Generator) -> Finding:
    side, site = _place(organ, rng)
    t = one_of(rng, T_STAGES[organ])
    word = _WORD_OF_T[t[0]] if rng.random() < 0.35 else None
    m = one_of(rng, ("0", "0", "0", "1", "X")) if rng.random() < 0.6 else None
    n = one_of(rng, _N_STAGES[organ]) if rng.random() < 0.7 else None
    stage = "IV" if m == "1" else _GROUP[organ][t] if (n, m) == ("0", "0") else None
    low, high = stage_size_mm(Finding("tumor", organ, t=t, size_word=word))
    return Finding("tumor", organ, site, None, side, round(float(rng.uniform(low, high)), 0), word, t, n, m, stage)


def _deposit(kind: str, organ: str, rng: np.random.Generator) -> Finding:
    """A nodule or metastases: sized, never staged by T."""
    low, high = NODULE_SIZES if kind == "nodule" else METASTASIS_SIZES
    count = 1 if kind == "nodule" else int(rng.integers(1, 6))
    side, site = _place(organ, rng) if count == 1 else (None, None)
    return Finding(kind, organ, site, None, side, round(float(rng.uniform(low, high)), 0), count=count)


def draw_findings(rng: np.random.Generator, attributes: Attributes) -> tuple[Finding, ...]:
    """What this person has: nothing, a staged tumour, or several lesions, and now and then what he or she has not.

    Each kind, organ and stage is about as frequent as the others, not as in a clinic; `attributes` stand for a
    signature under which incidence by age and sex can be drawn later. Deterministic in `rng`.
    """
    organs = list(T_STAGES)
    rng.shuffle(organs)
    findings: list[Finding] = []
    if rng.random() > 0.14:
        findings.append(_tumor(organs[0], rng))
        if findings[0].m == "1" or rng.random() < 0.08:
            where = one_of(rng, [organ for organ in ("liver", "lung") if organ != organs[0]])
            findings.append(_deposit("metastasis", where, rng))
        elif rng.random() < 0.12:
            second = _deposit("nodule", "lung", rng) if organs[0] != "lung" else _tumor(organs[1], rng)
            findings.append(replace(second, m=None, stage=None))
    used = {finding.organ for finding in findings}
    for organ in organs:
        if organ not in used and rng.random() < 0.12:
            findings.append(Finding(one_of(rng, ("tumor", "lesion", "mass")), organ, presence="negated"))
    return tuple(findings)
