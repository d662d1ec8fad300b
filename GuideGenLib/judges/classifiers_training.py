"""Training of the classifiers that judge generated CTs: sex and decade of age, from rendered anatomies.

The anatomies are of other people than those that the generator learned from; their CTs are drawn here with the HU of
the anatomy table and the laws of `ct.reference.aged`, and no network of the generator takes part.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.anatomy.table import PHASES, by_group, hu_sd, hu_texture_sd, values
from GuideGenLib.core.files import write_json
from GuideGenLib.ct.reference import SPONGY, aged, reference_table
from GuideGenLib.data.notes import Notes, read_notes
from GuideGenLib.data.scans import Scan, load_scans
from GuideGenLib.judges.classifiers import (
    DECADES,
    SEXES,
    SPACING,
    Classifiers,
    PersonNetwork,
    SeenPerson,
    centred,
    decade_of,
    windowed,
)
from GuideGenLib.judges.shares import share
from GuideGenLib.population.attributes import Attributes
from GuideGenLib.training.loop.checkpoint import averaged_state
from GuideGenLib.training.loop.draws import Batch
from GuideGenLib.training.loop.trainer import Trainer

SCORES = "scores.json"
JUDGED_PEOPLE = 450
OTHER_PEOPLE = 1000
"""Added to the seed: the bank of the judges shows nobody of the generator's population."""
HELD_PEOPLE = 100
BATCH = 8
BONE_SPREAD = 0.10, 0.105
"""Standard deviation of a person's bones about the mean of the age, of all together and of each kind of LOOKED_AT: in
sum 30 HU in the lumbar label, as among Jang's adults of one age (38 to 44 HU in marrow) less the error of measuring.
Were it one for all bones, the ratio of two of them would tell the age as in no real patient."""
BONE_HU, MUSCLE_HU = 8.0, 4.0
"""Further standard deviation of each bone, and of a person's muscles (Goodpaster, J Appl Physiol 2000;89:104)."""
LOOKED_AT = (
    SPONGY,
    tuple(row.key for row in by_group()["bones"] if row.key not in (*SPONGY, "costal_cartilages")),
    tuple(row.key for row in by_group()["muscles"]),
)
"""What the first weights of the network are taught to look at; the last ones are its own affair."""
LOOK_WEIGHT = 0.3
TEXTURE_SHARE = 0.3
"""What averaging to 6 mm leaves of the texture of single voxels at 1.5 to 3 mm."""
WHOLE_SHARE, LEAST_DEPTH = 0.5, 36
AGE_SD = 4.0
"""Years by which the target of the age is blurred: 49 is nearly 50."""
Score = dict[str, Any]
"""A `shares.Share` as JSON."""


def means_of(who: Attributes, rng: np.random.Generator) -> np.ndarray:
    """float32 [labels] HU of one person's tissues in a random contrast phase, at his or her age."""
    phase = PHASES[int(rng.integers(len(PHASES)))]
    table = aged(reference_table(phase), who.age)
    spread = hu_sd(phase) * rng.normal(0, 1, len(table))
    spongy, cortical, muscles = ([values()[key] for key in keys] for keys in LOOKED_AT)
    everywhere = BONE_SPREAD[0] * rng.normal()
    for bones in (spongy, cortical):
        own = everywhere + BONE_SPREAD[1] * rng.normal()
        spread[bones] = table[bones] * own + rng.normal(0, BONE_HU, len(bones))
    spread[muscles] = rng.normal(0, MUSCLE_HU)
    spread[0] = 0
    return (table + spread).astype(np.float32)


def render(labels: np.ndarray, who: Attributes, rng: np.random.Generator) -> np.ndarray:
    """HU float32 of labels uint8 [z, y, x] at 6 mm: tissue means, texture, blur, slow shading and noise."""
    texture = TEXTURE_SHARE * rng.uniform(0.3, 1.5) * hu_texture_sd()
    grain = rng.standard_normal(labels.shape, dtype=np.float32)
    hu = means_of(who, rng)[labels] + texture[labels] * grain
    hu = ndimage.gaussian_filter(hu, rng.uniform(0.2, 0.5), truncate=2.5)  # an average to 6 mm has .3
    coarse = [max(2, n // 12) for n in labels.shape]
    shading = torch.from_numpy(rng.standard_normal(coarse, dtype=np.float32) * np.float32(rng.uniform(0, 10)))
    hu += nnf.interpolate(shading[None, None], labels.shape, mode="trilinear", align_corners=False)[0, 0].numpy()
    return np.asarray(hu + rng.normal(0, 4), np.float32)


def _slab(depth: int, rng: np.random.Generator) -> slice:
    """The whole height, or a part of it as the scan of a region shows."""
    if rng.random() < WHOLE_SHARE or depth <= LEAST_DEPTH:
        return slice(0, depth)
    size = int(rng.integers(LEAST_DEPTH, depth))
    start = int(rng.integers(0, depth - size + 1))
    return slice(start, start + size)


class PersonLoss:
    """One training step: rendered people, whole or in part, against their sex and age."""

    def __init__(self, labels: np.ndarray, people: Sequence[Attributes], device: torch.device) -> None:
        self.labels, self.people, self.device = labels, people, device
        # every decade as often: that most patients are sixty is no reason to read sixty
        decades = [decade_of(who.age) for who in people]
        self.chance = np.array([1 / decades.count(decade) for decade in decades]) / len(set(decades))
        self.kinds = np.zeros(256, np.float32)
        for number, keys in enumerate(LOOKED_AT, start=1):
            self.kinds[[values()[key] for key in keys]] = number

    def sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Attributes]:
        """HU float32 [*GRID] of a random person, mirrored half of the time; number from 1 in LOOKED_AT; who it is."""
        index = int(rng.choice(len(self.labels), p=self.chance))
        part = self.labels[index][_slab(self.labels.shape[1], rng)]
        pair = [centred(one, part > 0) for one in (render(part, self.people[index], rng), self.kinds[part])]
        if rng.random() < 0.5:
            pair = [one[..., ::-1].copy() for one in pair]
        return pair[0], pair[1], self.people[index]

    def __call__(self, model: PersonNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        hu, kinds, people = zip(*(self.sample(rng) for rng in batch.each()), strict=True)
        x = windowed(torch.from_numpy(np.stack(hu)).to(self.device))
        logits, looks = model.read(x.contiguous(memory_format=torch.channels_last_3d))
        female = torch.tensor([float(who.sex == SEXES[1]) for who in people], device=self.device)
        ages = age_targets([who.age for who in people]).to(self.device)
        sex = nnf.binary_cross_entropy_with_logits(logits[:, 0], female)
        age = nnf.cross_entropy(logits[:, 1:], ages)
        look = look_loss(looks, torch.from_numpy(np.stack(kinds)).to(self.device))
        figures = {"sex": float(sex.detach()), "age": float(age.detach()), "look": float(look.detach())}
        return sex + age + LOOK_WEIGHT * look, figures


def look_loss(looks: Tensor, kinds: Tensor) -> Tensor:
    """How far the log weights [B, POOLS, cells] are from equal ones over each kind, kinds float [B, *GRID] from 1.

    Mean Kullback-Leibler divergence over the kinds that a volume shows.
    """
    terms = []
    for number in range(1, 1 + len(LOOKED_AT)):
        target = nnf.avg_pool3d((kinds == number).float()[:, None], 2).flatten(1)
        shown = target.sum(dim=1) > 0
        target = target[shown] / target[shown].sum(dim=1, keepdim=True)
        terms.append(nnf.kl_div(looks[shown, number - 1], target, reduction="none").sum(dim=1))
    every = torch.cat(terms)
    return every.mean() if len(every) else looks.sum() * 0


def age_targets(ages: Sequence[float]) -> Tensor:
    """Ages in years -> float32 [n, decades]: the part of a normal curve of AGE_SD about the age in each decade."""
    borders = torch.tensor([float(first) for first in DECADES[1:]])
    curve = torch.distributions.Normal(torch.tensor([age + 0.5 for age in ages])[:, None], AGE_SD)
    below = nnf.pad(nnf.pad(curve.cdf(borders), (1, 0)), (0, 1), value=1.0)
    return below.diff(dim=1)


def train_classifiers(
    labels: np.ndarray,
    people: Sequence[Attributes],
    run: Path,
    *,
    steps: int = 700,
    seed: int = 0,
    rate: float = 3e-3,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train on maps uint8 [n, z, y, x] at 6 mm and whom they show; resumes from `run`."""
    trainer = Trainer(
        PersonNetwork(),
        run,
        steps=steps,
        rate=rate,
        batch=BATCH,
        seed=seed,
        average=0.99,
        warm_up=25,
        weight_decay=0.02,
        precision="float32",  # a step takes two thirds of one in bfloat16 here, and keeps every HU
    )
    trainer.run(PersonLoss(labels, people, trainer.device), log)
    return trainer


# ---------------------------------------------------------------- scores


def score_people(
    classifiers: Classifiers, labels: np.ndarray, people: Sequence[Attributes], seed: int
) -> dict[str, Score]:
    """What the classifiers read in rendered CTs of people that they have not seen, each whole."""
    rng = np.random.default_rng([seed, OTHER_PEOPLE])
    readings = [classifiers.read(render(one, who, rng), SPACING) for one, who in zip(labels, people, strict=True)]
    return shares(readings, [who.sex for who in people], [float(who.age) for who in people])


def told_scans(data: Path, cache: Path) -> list[tuple[Scan, Notes]]:
    """The real scans whose sex or age `cases.csv` tells (materials.py); none without that file. Raises DataError."""
    notes = {name: one for name, one in read_notes(data).items() if one.sex or one.age is not None}
    return [(scan, notes[scan.name]) for scan in load_scans(data, cache) if scan.name in notes] if notes else []


def score_scans(classifiers: Classifiers, told: Sequence[tuple[Scan, Notes]]) -> dict[str, Score]:
    """The same on real scans, which show parts of the torso; empty without any."""
    readings = [classifiers.read(np.asarray(scan.hu, np.float32), scan.spacing) for scan, _ in told]
    return shares(readings, [notes.sex for _, notes in told], [notes.age for _, notes in told])


def shares(
    readings: Sequence[SeenPerson], sexes: Sequence[str | None], ages: Sequence[float | None]
) -> dict[str, Score]:
    """Shares of readings whose sex, decade, and decade or a neighbour is right; what is unknown does not count."""
    sex = [(int(one.sex == true), 1) for one, true in zip(readings, sexes, strict=True) if true]
    known = [(one, decade_of(age)) for one, age in zip(readings, ages, strict=True) if age is not None]
    found = {
        "sex": share(sex),
        "decade": share([(int(one.decade == true), 1) for one, true in known]),
        "decade within one": share([(int(abs(one.decade - true) <= 10), 1) for one, true in known]),
    }
    return {name: asdict(one) for name, one in found.items() if one.cases}


def write_scores(
    run: Path, labels: np.ndarray, people: Sequence[Attributes], told: Sequence[tuple[Scan, Notes]],
    training: Mapping[str, int], log: Callable[[str], None] = print,
) -> None:  # fmt: skip
    """Score the averaged weights of a run folder on held-out people and real scans: `scores.json`, also told to `log`.

    The file holds the configuration that `Classifiers.load` takes, with the scores in full. Raises RunError.
    """
    network = PersonNetwork()
    network.load_state_dict(averaged_state(run))
    classifiers = Classifiers(network)
    found = {"rendered": score_people(classifiers, labels, people, training["seed"])}
    found["real"] = score_scans(classifiers, told)
    for kind, scores in found.items():
        for name, one in scores.items():
            log(f"{kind}: {name} {one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f}) of {one['cases']}")
    plain = {name: one["value"] for name, one in found["rendered"].items()}
    content = {"widths": list(network.widths), "scores": plain, **found, "training": dict(training)}
    write_json(content, run / SCORES)


def read_config(run: Path) -> dict[str, Any]:
    """What `write_scores` wrote, for the judges' folder. Raises FileNotFoundError before the training has ended."""
    return dict(json.loads((run / SCORES).read_text(encoding="utf-8")))
