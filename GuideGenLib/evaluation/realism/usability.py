"""Whether generated CTs teach: a small segmenter trained on real scans, on generated ones and on both.

Each is trained alike, from the same first weights and for as many steps, and tested on labelled real scans that none of
the trainings saw; so are trainings on fewer generated cases, which make a learning curve. The loss of each stands in
the report, and whether it still falls at the end. They learn the ten organs of the paper's table, not all labels: a
short training must do.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import write_json
from GuideGenLib.data.notes import HELD_OUT
from GuideGenLib.data.scans import Scan, labelled_names, load_labelled
from GuideGenLib.evaluation.alignment.with_anatomy import conditioning_mask
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.report.plots import curves
from GuideGenLib.evaluation.report.section import Figure, Section, Table
from GuideGenLib.judges.agreement import HOSTS, LEAST_ML, ORGANS, dice
from GuideGenLib.judges.segmenter import SPACING, Segmenter, SegmenterConfig, SegmenterNetwork
from GuideGenLib.judges.segmenter_patches import Patch, RenderSource
from GuideGenLib.judges.segmenter_training import SegmenterLoss
from GuideGenLib.training.loop.draws import Batch
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.networks.mask import class_weights

CLASSES = ("background", "body", *ORGANS)
CONFIG = SegmenterConfig(classes=len(CLASSES), features=(16, 16, 32, 64, 96, 16), hidden=64)
"""A small network: what is compared are the training sets."""
RATE = 3e-3
CURVE = (2, 8)
"""Generated cases of the learning curve, before all of them."""
LOSSES, POINTS = "losses.json", 40
"""Of a training: its file of mean losses, and how many of them."""
SETTLED = 0.05
"""Share by which the loss may fall from the fourth fifth of the steps to the last, for a training to have ended."""
PAPER = "BTCV 0.79 with 200 synthetic cases, 0.74 with its 24 real ones; AMOS 0.78, and 0.84 with its 240 real ones"
Log = Callable[[str], None]


def silent(message: str) -> None:
    """The log that nobody reads."""


@dataclass(frozen=True)
class Lesson:
    """What one training came to: Dice by organ, means over the test scans, and its mean losses, as (step, loss)."""

    dice: dict[str, float]
    losses: Sequence[tuple[float, float]]

    @property
    def mean(self) -> float:
        """Of the organs."""
        return float(np.mean(list(self.dice.values())))

    @property
    def still_falls(self) -> float:
        """Share by which the loss fell from the fourth fifth of the steps to the last."""
        values = [loss for _, loss in self.losses]
        fifth = max(1, len(values) // 5)
        before, last = values[-2 * fifth : -fifth], values[-fifth:]
        return 1 - float(np.mean(last)) / float(np.mean(before)) if before else 1.0


def measure_usability(
    cases: Sequence[GeneratedCase], data: Path | None, output: Path, steps: int, log: Log = silent
) -> Section:
    """The trainings of `steps` steps each and their test; writes two plots to `output`.

    Raises EvaluationError without two labelled real scans.
    """
    if data is None:
        raise EvaluationError("there are no real scans", "name a folder with labelled ones with --data")
    folder = output / "usability"
    scans = load_labelled(data, folder / "cache", spacing=SPACING)
    held = labelled_names(data, HELD_OUT)
    if len(scans) + len(held) < 2:
        raise EvaluationError(f"{data} has one labelled scan", "one to train on and another to test on are needed")
    tests = load_labelled(data, folder / "cache", held, SPACING) if held else [tested_scan(scans)]
    real = [scan for scan in scans if all(scan is not test for test in tests)]
    generated = [as_scan(case) for case in cases]
    found = {}
    for name, chosen in training_sets(real, generated).items():
        log(f"usability: training on {name}")
        run = folder / f"{name.replace(' ', '_')}_{_fingerprint(chosen, steps)}"
        judge = train(chosen, run, steps, log)
        found[name] = Lesson(_mean_dice([score(judge, test) for test in tests]), read_losses(run))
    return _section(found, tests, len(real), len(generated), steps, bool(held), output)


def _mean_dice(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    """Of each organ, over the scans that show it."""
    shown = [organ for organ in ORGANS if any(organ in one for one in scores)]
    return {organ: float(np.mean([one[organ] for one in scores if organ in one])) for organ in shown}


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
    """The sets by name, those of the learning curve last; in `both` as many patches are real as generated."""
    often = max(1, len(generated) // len(real))
    sets = {"real": list(real), "synthetic": list(generated), "both": [*list(real) * often, *generated]}
    return sets | {f"synthetic {few}": list(generated[:few]) for few in CURVE if few < len(generated)}


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
    """A segmenter of CLASSES trained on these scans alone; goes on from `run`, which keeps checkpoints and losses."""
    torch.manual_seed(0)
    trainer = Trainer(SegmenterNetwork(CONFIG), run, steps=steps, rate=RATE, average=0.98, save_every=100)
    counted = np.concatenate([organ_classes()[scan.labels].ravel() for scan in scans if scan.labels is not None])
    source = OrganPatches([], scans, [0])
    loss = SegmenterLoss(source, CONFIG, class_weights(counted, CONFIG.classes), trainer.device)
    trainer.run(_Recorded(loss, run / LOSSES, max(1, steps // POINTS), trainer.step), log)
    network = SegmenterNetwork(CONFIG)
    network.load_state_dict(trainer.averaged_weights())
    return Segmenter(network, str(trainer.device))


class _Recorded:
    """A loss that writes its means over so many steps to a file; a training that goes on adds to it."""

    def __init__(self, loss: SegmenterLoss, file: Path, every: int, step: int) -> None:
        self.loss, self.file, self.every, self.step = loss, file, every, step
        self.means = [point for point in read_losses(file.parent) if point[0] <= step]
        self.seen: list[float] = []

    def __call__(self, model: SegmenterNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        value, figures = self.loss(model, batch)
        self.seen.append(float(value.detach()))
        self.step += 1
        if len(self.seen) == self.every:
            self.means.append((float(self.step), float(np.mean(self.seen))))
            self.seen = []
            write_json({"losses": self.means}, self.file)
        return value, figures


def read_losses(run: Path) -> list[tuple[float, float]]:
    """(step, mean loss until then) of a training, in order; empty before the first."""
    file = run / LOSSES
    if not file.is_file():
        return []
    return [(float(step), float(loss)) for step, loss in json.loads(file.read_text(encoding="utf-8"))["losses"]]


def score(segmenter: Segmenter, scan: Scan) -> dict[str, float]:
    """Dice of each organ that the scan's labels show (LEAST_ML); what is drawn besides them does not count."""
    wanted = organ_classes()[scan.labels]
    assert scan.spacing == SPACING
    # not `segment`, whose strays are those of the anatomy table: its values are other organs than CLASSES
    found, _ = segmenter.segment_coarse(np.asarray(scan.hu, np.float32), SPACING)
    ml = np.bincount(wanted.ravel(), minlength=len(CLASSES)) * scan.spacing**3 / 1000
    shown = [(organ, CLASSES.index(organ)) for organ in ORGANS if ml[CLASSES.index(organ)] >= LEAST_ML]
    return {organ: dice(found == index, wanted == index) for organ, index in shown}


def _section(
    found: dict[str, Lesson], tests: Sequence[Scan], real: int, generated: int, steps: int, unseen: bool, output: Path
) -> Section:
    section = Section("usability", "Usability: a segmenter trained on real and on generated CTs")
    told = {
        "real": f"{real} real",
        "synthetic": f"{generated} generated",
        "both": f"{real} real, {generated} generated",
    }
    told |= {name: f"{name.split()[1]} generated" for name in found if name not in told}
    where = f"{len(tests)} real scan{'s' if len(tests) > 1 else ''}"
    for name, lesson in found.items():
        note = f"Its loss still fell by {100 * lesson.still_falls:.0f} % in the last fifth: it would go on learning."
        ended = lesson.still_falls <= SETTLED
        name = f"DSC on {where}, trained on {told[name]}"
        section.figures.append(Figure(name, lesson.mean, None, None, len(tests), note="" if ended else note))
    rows = [[organ, *(f"{lesson.dice[organ]:.3f}" for lesson in found.values())] for organ in found["real"].dice]
    rows.append(["loss at the end", *(f"{lesson.losses[-1][1]:.3f}" for lesson in found.values())])
    rows.append(["still falls by", *(f"{100 * lesson.still_falls:.0f} %" for lesson in found.values())])
    names = ", ".join(test.name for test in tests)
    section.tables.append(Table(f"DSC on {names} by organ", ("trained on", *(told[name] for name in found)), rows))
    lines = {told[name]: [(*point, None, None) for point in lesson.losses] for name, lesson in found.items()}
    losses = curves(lines, "step", "loss", output / "usability_loss.png")
    section.pictures.append(("Loss of each training", losses))
    curve = [(float(name.split()[1]), lesson.mean, None, None) for name, lesson in found.items() if " " in name]
    if curve:
        curve.append((float(generated), found["synthetic"].mean, None, None))
        picture = curves({"generated": curve}, "generated cases", f"DSC on {where}", output / "usability_curve.png")
        section.pictures.append(("What more generated cases teach, at equal steps", picture))
    section.remarks += _remarks(names, len(tests), steps, unseen)
    return section


def _remarks(names: str, tests: int, steps: int, unseen: bool) -> list[str]:
    """unseen: whether no training at all, the generator's neither, saw the test scans."""
    seen = (
        "The test scans are held out of everything, the generator's training too."
        if unseen
        else "No labelled scan is held out of the generator's training, the test scan neither: the figures of "
        "synthetic and both are better than those of a generator that never saw it."
    )
    return [
        f"Tested on {tests} ({names}), {steps} steps of a small network each, from the same first weights: this "
        "compares training sets and does not tell how good a segmenter can get. There is no interval, as there are few "
        "scans.",
        seen,
        f"The paper trains nnU-Net on other collections: DSC on {PAPER}.",
    ]
