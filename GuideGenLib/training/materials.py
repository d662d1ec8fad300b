"""What the trainings feed on, made from a data folder: scans with what is known of them, anatomies with prompts."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import FILLED, value_of
from GuideGenLib.core.files import atomic
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.data.labelling import Segment, label_by
from GuideGenLib.data.layouts import DataError, find_cases
from GuideGenLib.data.notes import HELD_OUT, SEX_ORGANS, Notes, completed, read_notes
from GuideGenLib.data.scans import Scan, far_outside, load_labelled, load_scans
from GuideGenLib.description.conditioning import attributes_vector
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.population.attributes import Attributes
from GuideGenLib.population.findings import draw_findings
from GuideGenLib.population.partial import partial_bank
from GuideGenLib.population.people import Person
from GuideGenLib.population.prompts import write_prompt
from GuideGenLib.population.sampling import generator_of
from GuideGenLib.training.cutting import Material, prepare
from GuideGenLib.training.mask_bank import MaskData

PROMPTS = 4
"""Wordings of each imagined patient: what is left out and how it is said must not matter to the anatomy."""
PROMPT_STAGE = 3
"""Of `generator_of`: 0 to 2 are anatomy, lesions and the prompt of the population on disk."""

PHASE_WORDS = {
    "none": ("non-contrast CT", "unenhanced CT", "CT without contrast"),
    "arterial": ("arterial phase CT", "CT in the arterial phase", "contrast-enhanced CT, arterial phase"),
    "portal_venous": ("portal venous phase CT", "CT in the portal venous phase", "contrast-enhanced CT"),
    "delayed": ("delayed phase CT", "CT in the delayed phase", "late phase contrast CT"),
}


# ---------------------------------------------------------------- scans


def ct_materials(
    data: Path, cache: Path, encoder: TextEncoder, segment: Segment | None = None, *, held_out: bool = False
) -> list[Material]:
    """The scans of the trainings of codec and CT stage with attributes and prompts.

    segment: labels those that have no label map; None leaves them out. held_out: those that no training sees, instead
    of the others. Raises DataError when there is none.
    """
    notes = read_notes(data)
    wanted = HELD_OUT if held_out else None
    with_ct = [case for case in find_cases(data) if case.ct is not None]
    cases = {case.name: case for case in with_ct if notes.get(case.name, Notes()).split == wanted}
    labelled = [name for name, case in cases.items() if case.labels is not None]
    materials = []
    for scan in load_labelled(data, cache, labelled) if labelled else []:
        assert scan.labels is not None
        materials.append(_material(scan, np.asarray(scan.labels), scan.unsure, notes.get(scan.name, Notes()), encoder))
    for scan in load_scans(data, cache) if segment is not None else []:
        if scan.name in cases and scan.name not in labelled:
            assert segment is not None
            labels, unsure = _segmented(scan, segment, cache)
            materials.append(_material(scan, labels, unsure, notes.get(scan.name, Notes()), encoder))
    usable = [material for material in materials if np.isfinite(material.noise)]
    for name in {material.name for material in materials} - {material.name for material in usable}:
        logging.getLogger(__name__).warning("%s shows neither liver nor back muscles: its noise is not known", name)
    if not usable:
        raise DataError(f"{data} has no scan that the CT stage can learn from: add scans with label maps")
    return usable


def _segmented(scan: Scan, segment: Segment, cache: Path) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The segmenter's labels of a scan and where they are not sure, made once."""
    kept = cache / f"{scan.name}_{scan.spacing:g}mm_segmented.npz"
    if not kept.is_file():
        labels, unsure = label_by(segment, np.asarray(scan.hu), scan.spacing)
        with atomic(kept) as private, private.open("wb") as file:
            np.savez_compressed(file, labels=labels, unsure=unsure)
    with np.load(kept) as stored:
        return stored["labels"], stored["unsure"]


def _material(
    scan: Scan, labels: NDArray[np.uint8], unsure: NDArray[np.bool_] | None, notes: Notes, encoder: TextEncoder
) -> Material:
    hu = np.where(far_outside(labels, scan.spacing), -1000, np.asarray(scan.hu)).astype(np.int16)
    known = completed(notes, labels, hu, scan.spacing)
    return prepare(
        scan.name,
        hu,
        labels,
        scan.spacing,
        fallback=reference_table(known.phase),
        typed=attributes_vector(known.sex, known.age, None),
        texts=[encoder.encode(text) for text in wordings(known)],
        unsure=unsure,
    )


def wordings(notes: Notes) -> list[str]:
    """What could be written about a scan: its own text if it has one, and plain sentences of what is known."""
    who = {"male": (" of a man", ", male patient"), "female": (" of a woman", ", female patient")}.get(notes.sex or "")
    age = "" if notes.age is None else f", {notes.age:.0f} years old"
    scans = PHASE_WORDS[notes.phase] if notes.phase else ("CT of the torso", "medical CT scan")
    ends = ("", *(who or ()))
    texts = [f"{scan[0].upper()}{scan[1:]}{end}{age}." for scan in scans for end in ends]
    return texts if notes.text is None else [notes.text, *texts]


# ---------------------------------------------------------------- anatomies


def mask_data(
    labels: NDArray[np.uint8],
    people: Sequence[Attributes],
    encoder: TextEncoder,
    seed: int,
    prompts: int = PROMPTS,
    distinct: int | None = None,
) -> MaskData:
    """The population as the mask training takes it.

    labels: uint8 [n, z, y, x] at 6 mm without lesions; people: whom they show. The prompts tell of lesions all the
    same: the anatomy must come out the same with them, for they are drawn into it later.
    distinct: at most so many prompts in all, so that the data fit into a small file; each person is then told of in
    those of people of the same sex and build and nearly the same age.
    """
    typed = np.stack([attributes_vector(who.sex, who.age, who.habitus_level) for who in people])
    if distinct is None or distinct >= prompts * len(people):
        told = [
            [encoder.encode(text).half() for text in _prompts(who, seed, index, prompts)]
            for index, who in enumerate(people)
        ]
        return MaskData(labels, typed, told)
    writers = np.linspace(0, len(people) - 1, min(distinct, len(people))).round().astype(int)
    each = -(-distinct // len(writers))
    texts = {int(i): [encoder.encode(text).half() for text in _prompts(people[i], seed, int(i), each)] for i in writers}
    return MaskData(labels, typed, [_borrowed(who, people, texts, prompts) for who in people])


def partial_data(people: Sequence[Person], count: int, encoder: TextEncoder, seed: int) -> MaskData:
    """`count` deformations of real label maps as they are, what they do not label or show left unknown."""
    labels, shown = partial_bank(people, count, seed)
    known = np.zeros((count, FILLED), bool)
    for row, person in zip(known, shown, strict=True):
        row[list(person.known)] = True
    told = {person.name: wordings(Notes(sex=person.sex, age=person.age)) for person in people}
    texts = {name: [encoder.encode(text).half() for text in texts] for name, texts in told.items()}
    typed = np.stack([attributes_vector(person.sex, person.age, None) for person in shown])
    return MaskData(labels, typed, [texts[person.name] for person in shown], known)


def _borrowed(
    who: Attributes, people: Sequence[Attributes], texts: Mapping[int, list[Tensor]], count: int
) -> list[Tensor]:
    """`count` prompts of those who are most like somebody: sex, build and then age."""

    def unlike(index: int) -> tuple[bool, bool, int]:
        other = people[index]
        return other.sex != who.sex, other.habitus != who.habitus, abs(other.age - who.age)

    near = sorted(texts, key=unlike)
    return [text for index in near[:count] for text in texts[index]][:count]


def _prompts(who: Attributes, seed: int, index: int, count: int) -> list[str]:
    rng = generator_of(seed, index, PROMPT_STAGE)
    return [write_prompt(who, draw_findings(rng, who), rng) for _ in range(count)]


def volume_ranges(labels: NDArray[np.uint8]) -> dict[str, list[float]]:
    """[1st, 99th] percentile of each organ's volume in ml over a population at 6 mm, uint8 [n, z, y, x].

    Organs that at least 99 of 100 people show; prostate and uterus over those who have one. Not the lung vessels, whose
    branches are drawn finer than 6 mm shows them (mask.lung_vessels).
    """
    ml = np.stack([np.bincount(value_of(one).ravel(), minlength=len(values())) for one in labels]) * 6.0**3 / 1000
    ranges = {}
    for key, value in values().items():
        having = ml[:, value] > 0
        by_sex = key in SEX_ORGANS.values() and having.any()
        if key not in ("background", "lung_vessel") and (by_sex or having.mean() >= 0.99):
            low, high = np.percentile(ml[having, value], (1, 99))
            ranges[key] = [round(float(low), 2), round(float(high), 2)]
    return ranges
