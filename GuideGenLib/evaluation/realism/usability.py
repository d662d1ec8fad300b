"""Whether generated CTs teach: a small segmenter trained on real scans, on generated ones and on both.

Each is trained alike, from the same first weights and for as many steps, and tested on a labelled real scan that none
of the trainings saw. They learn the ten organs of the paper's table, not all labels: a short training must do.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.data.notes import HELD_OUT
from GuideGenLib.data.scans import Scan, labelled_names, load_labelled
from GuideGenLib.evaluation.alignment.with_anatomy import conditioning_mask
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.report.section import Figure, Section, Table
from GuideGenLib.judges.agreement import HOSTS, LEAST_ML, ORGANS, dice
from GuideGenLib.judges.segmenter import SPACING, Segmenter, SegmenterConfig, SegmenterNetwork
from GuideGenLib.judges.segmenter_training import Patch, RenderSource, SegmenterLoss
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.networks.mask import class_weights

CLASSES = ("background", "body", *ORGANS)
CONFIG = SegmenterConfig(classes=len(CLASSES), features=(16, 16, 32, 64, 96, 16), hidden=64)
"""A small network: what is compared are the training sets."""
RATE = 3e-3
PAPER = "BTCV 0.79 with 200 synthetic cases, 0.74 with its 24 real ones; AMOS 0.78, and 0.84 with its 240 real ones"
Log = Callable[[str], None]


def silent(message: str) -> None:
    """The log that nobody reads."""


def measure_usability(
    cases: Sequence[GeneratedCase], data: Path | None, output: Path, steps: int, log: Log = silent
) -> Section:
    """Three trainings of `steps` steps and their test. Raises EvaluationError without two labelled real scans."""
    if data is None:
        raise EvaluationError("there are no real scans", "name a folder with labelled ones with --data")
    folder = output / "usability"
    scans = load_labelled(data, folder / "cache", spacing=SPACING)
    held = labelled_names(data, HELD_OUT)
    if len(scans) + len(held) < 2:
        raise EvaluationError(f"{data} has one labelled scan", "one to train on and another to test on are needed")
    test = load_labelled(data, folder / "cache", held[:1], SPACING)[0] if held else tested_scan(scans)
    real = [scan for scan in scans if scan is not test]
    generated = [as_scan(case) for case in cases]
    found = {}
    for name, chosen in training_sets(real, generated).items():
        log(f"usability: training on {name}")
        run = folder / f"{name}_{_fingerprint(chosen, steps)}"
        found[name] = score(train(chosen, run, steps, log), test)
    return _section(found, test, len(real), len(generated), steps)


def tested_scan(scans: Sequence[Scan]) -> Scan:
    """The labelled scan that shows most of the organs that the others show, too; the last of equal ones."""
    shown = [set(np.unique(organ_classes()[scan.labels]).tolist()) for scan in scans]
    taught = [set().union(*(one for other, one in enumerate(shown) if other != this)) for this in range(len(scans))]
    return scans[max(range(len(scans)), key=lambda this: (len(shown[this] & taught[this]), this))]


def as_scan(case: GeneratedCase) -> Scan:
    """A generated case as a labelled scan at 3 mm. Raises EvaluationError where CT and anatomy do not fit."""
    hu, spacing = case.hu(SPACING)
    return Scan(case.key, np.rint(hu).astype(np.int16), conditioning_mask(case, hu.shape), spacing)


def training_sets(real: Sequence[Scan], generated: Sequence[Scan]) -> dict[str, list[Scan]]:
    """The three sets by name; in `both` as many patches come from real scans as from generated ones."""
    often = max(1, len(generated) // len(real))
    return {"real": list(real), "synthetic": list(generated), "both": [*list(real) * often, *generated]}


def organ_classes() -> np.ndarray:
    """uint8 [256]: the index in CLASSES of each label value; a lesion counts as its organ."""
    table = np.full(256, CLASSES.index("body"), np.uint8)
    table[values()["background"]] = 0
    for organ, keys in ORGANS.items():
        table[[values()[key] for key in keys]] = CLASSES.index(organ)
    for row in by_group()["lesions"]:
        table[row.value] = table[values()[HOSTS[row.key][0]]]
    return table


class OrganPatches(RenderSource):
    """Patches of labelled scans alone, whose labels are indices in CLASSES."""

    def draw(self) -> Patch:
        hu, labels, centre = super().draw()
        return hu, organ_classes()[labels], centre


def _fingerprint(scans: Sequence[Scan], steps: int) -> str:
    """Tells a training from one on other scans or of another length: it is not gone on with."""
    digest = hashlib.sha256(str(steps).encode())
    for scan in scans:
        digest.update(scan.name.encode() + np.ascontiguousarray(scan.hu[::4, ::4, ::4]).tobytes())
    return digest.hexdigest()[:12]


def train(scans: Sequence[Scan], run: Path, steps: int, log: Log = silent) -> Segmenter:
    """A segmenter of CLASSES trained on these scans alone; goes on from `run`, which keeps its checkpoints."""
    torch.manual_seed(0)
    trainer = Trainer(SegmenterNetwork(CONFIG), run, steps=steps, rate=RATE, average=0.98, save_every=100)
    counted = np.concatenate([organ_classes()[scan.labels].ravel() for scan in scans if scan.labels is not None])
    source = OrganPatches([], scans, [0])
    trainer.run(SegmenterLoss(source, CONFIG, class_weights(counted, CONFIG.classes), trainer.device), log)
    network = SegmenterNetwork(CONFIG)
    network.load_state_dict(trainer.averaged_weights())
    return Segmenter(network, str(trainer.device))


def score(segmenter: Segmenter, scan: Scan) -> dict[str, float]:
    """Dice of each organ that the scan's labels show (LEAST_ML); what is drawn besides them does not count."""
    wanted = organ_classes()[scan.labels]
    found = segmenter.segment(np.asarray(scan.hu, np.float32), scan.spacing)
    ml = np.bincount(wanted.ravel(), minlength=len(CLASSES)) * scan.spacing**3 / 1000
    shown = [(organ, CLASSES.index(organ)) for organ in ORGANS if ml[CLASSES.index(organ)] >= LEAST_ML]
    return {organ: dice(found == index, wanted == index) for organ, index in shown}


def _section(found: dict[str, dict[str, float]], test: Scan, real: int, generated: int, steps: int) -> Section:
    section = Section("usability", "Usability: a segmenter trained on real and on generated CTs")
    told = {
        "real": f"{real} real",
        "synthetic": f"{generated} generated",
        "both": f"{real} real, {generated} generated",
    }
    for name, scores in found.items():
        mean = float(np.mean(list(scores.values())))
        section.figures.append(Figure(f"DSC on a real scan, trained on {told[name]}", mean, None, None, 1))
    names = [told[name] for name in found]
    rows = [[organ, *(f"{scores[organ]:.3f}" for scores in found.values())] for organ in found["real"]]
    section.tables.append(Table(f"DSC on {test.name} by organ", ("trained on", *names), rows))
    section.remarks += [
        f"One real test scan ({test.name}), {steps} steps of a small network each: this compares training sets and "
        "does not tell how good a segmenter can get. There is no interval, as there is one scan.",
        "The generator's own torso and CT texture were learned from the labelled scans, the test scan among them: the "
        "figures of synthetic and both are better than those of a generator that never saw it.",
        f"The paper trains nnU-Net on other collections: DSC on {PAPER}.",
    ]
    return section
