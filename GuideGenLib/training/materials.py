"""What the trainings feed on, made from a data folder: scans with what is known of them, anatomies with prompts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import FILLED, value_of
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.data.layouts import DataError
from GuideGenLib.data.notes import SEX_ORGANS, Notes, read_notes
from GuideGenLib.data.store import VOLUMES, CaseRecord, CTRecord, Store
from GuideGenLib.description.conditioning import attributes_vector
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.description.scan_wording import scan_sentences
from GuideGenLib.population.attributes import Attributes
from GuideGenLib.population.findings import draw_findings
from GuideGenLib.population.partial import partial_bank
from GuideGenLib.population.people import Person, measured_habitus
from GuideGenLib.population.prompts import write_prompt
from GuideGenLib.population.sampling import generator_of
from GuideGenLib.training.mask_bank import MaskData
from GuideGenLib.training.networks.cutting import Material

PROMPTS = 4
"""Wordings of each imagined patient: what is left out and how it is said must not matter to the anatomy."""
PROMPT_STAGE = 3
"""Of `generator_of`: 0 to 2 are anatomy, lesions and the prompt of the population on disk."""

# ---------------------------------------------------------------- scans


def ct_materials(store: Store, encoder: TextEncoder, split: str | None = None) -> list[Material]:
    """The scans of the trainings of codec and CT stage with attributes and prompts; their volumes stay on disk.

    split: None takes those of the trainings, else those of VALIDATION or HELD_OUT. Raises DataError when none is for
    training.
    """
    notes = read_notes(store.folder)
    encode = cache(lambda text: encoder.encode(text).half())  # scans of the same sex and phase share their wordings
    materials = []
    for record in store.usable():
        told = notes.get(record.name, Notes())
        if record.ct is not None and record.ct.noise is not None and told.split == split:
            materials.append(_material(store, record, record.ct, told, encode))
    if not materials and split is None:
        raise DataError(
            f"{store.folder} has no scan that the CT stage can learn from",
            "add scans with label maps that show the liver or the back muscles, by which noise is measured",
        )
    return materials


def _material(store: Store, record: CaseRecord, ct: CTRecord, told: Notes, encode: Callable[[str], Tensor]) -> Material:
    known = replace(told, phase=told.phase or record.phase, sex=told.sex or record.sex)
    assert ct.noise is not None
    usual = reference_table(known.phase)
    table = np.full(len(usual), np.nan, np.float32)  # a store may be older than the labels of some findings
    table[: len(ct.table)] = [np.nan if hu is None else hu for hu in ct.table]
    return Material(
        name=record.name,
        **{key: store.volume(record, key) for key in VOLUMES},
        table=np.where(np.isnan(table), usual, table).astype(np.float32),
        noise=ct.noise,
        typed=attributes_vector(known.sex, known.age, None),
        texts=[encode(text) for text in wordings(known)],
        positions=store.positions(record),
        voxels=ct.voxels,
    )


def wordings(notes: Notes) -> list[str]:
    """What could be written about a scan: its own text if it has one, and plain sentences of what is known."""
    texts = scan_sentences(notes.phase, notes.sex, notes.age)
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


def partial_data(people: Sequence[Person], count: int, encoder: TextEncoder, seed: int, target: Path) -> MaskData:
    """`count` deformations of real label maps as they are, what they do not label or show left unknown.

    target: a .npy file for the maps.
    """
    labels, shown = partial_bank(people, count, seed, target)
    known = np.zeros((count, FILLED), bool)
    for row, person in zip(known, shown, strict=True):
        row[list(person.known)] = True
    told = {person.name: wordings(Notes(sex=person.sex, age=person.age)) for person in people}
    texts = {name: [encoder.encode(text).half() for text in texts] for name, texts in told.items()}
    told_of = {one.name: attributes_vector(one.sex, one.age, measured_habitus(one)) for one in people[:count]}
    typed = np.stack([told_of[person.name] for person in shown])
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
