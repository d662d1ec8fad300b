"""The CT's part of `steps.py`: the flow solved in several ways on the same anatomies and noise, and what CTs show.

Of the networks alone, without rules, how much of the texture's standard deviation is left
in tissues, of the exact solution's (EXACT), fine (less the mean over three voxels) and coarse (that less the mean over
nine), and its correlation with the exact one. Of whole CTs, with all rules: grain and borders over those of held-out
scans, mean HU of tissues beside those of BEFORE, and distance in feature space.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from unittest import mock

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from torch import Tensor

from GuideGenLib.anatomy.structures import select
from GuideGenLib.core.resources import resource
from GuideGenLib.core.volumes import image_from_array, to_canonical, write_volume
from GuideGenLib.ct import synthesizer
from GuideGenLib.ct.reference import DEFAULT_PHASE, aged, reference_table
from GuideGenLib.data.torso_position import body_alone, landmarks
from GuideGenLib.description import parse
from GuideGenLib.description.conditioning import years
from GuideGenLib.evaluation.realism.distances import Cells, measure_distances, unchanged
from GuideGenLib.evaluation.realism.looks.borders import BONE, BORDERS, edges
from GuideGenLib.evaluation.realism.looks.grain import grain
from GuideGenLib.evaluation.realism.looks.volumes import Volume, real_sources, without_surroundings
from GuideGenLib.evaluation.realism.real_scans import levelled, read_reference
from GuideGenLib.evaluation.realism.texture import (
    LEAST_VOXELS,
    NOISE,
    RIM,
    SPACING_MM,
    TISSUES,
    mean_of,
    texture,
)
from GuideGenLib.generator import Generator
from GuideGenLib.judges.features import Encoder

Velocity = Callable[[Tensor, float], Tensor]
Looks = dict[str, dict[str, float]]
REFERENCE = ("Models", "judges-small", "realism.safetensors")
SEED = 100
LUNG, SOFT = (-600.0, 1500.0), (40.0, 400.0)
"""Middle and width of windows in HU."""
SHOWN = (0.48, 0.78)
"""Of the height of a torso what is made: from the kidneys to the middle of the lungs."""


def late(steps: int, late: float) -> list[float]:
    """Times that grow denser to the end where late is below 1."""
    return [i / (i + (steps - i) * late) for i in range(steps + 1)]


CLOCKS: dict[str, Callable[[int], list[float]]] = {
    "late": lambda steps: late(steps, 0.5),
    "even": lambda steps: late(steps, 1.0),
    "early": lambda steps: late(steps, 2.0),
    "cosine": lambda steps: [math.sin(math.pi / 2 * i / steps) for i in range(steps + 1)],
}


@dataclass(frozen=True)
class Way:
    """A solver, when its steps are (CLOCKS), and calls of the network.

    ours: that of the synthesizer, with its own times; two-step: the same method that asks the network at noise, too, at
    the times of a clock; midpoint: two calls a step.
    """

    solver: str
    clock: str
    calls: int

    @property
    def name(self) -> str:
        return ", ".join(filter(None, (self.solver, self.clock, str(self.calls))))

    def solve(self, velocity: Velocity, noise: Tensor, *_: object) -> Tensor:
        """The texture from its noise."""
        if self.solver == "ours":
            return OWN(velocity, noise, self.calls)
        steps = self.calls // 2 if self.solver == "midpoint" else self.calls
        clock = CLOCKS[self.clock](steps)
        x, last = noise, noise
        for i, (time, following) in enumerate(pairwise(clock)):
            now, step = velocity(x, time), following - time
            if self.solver == "midpoint":
                now = velocity(x + step / 2 * now, time + step / 2)
            ahead = step / (time - clock[i - 1]) / 2 if self.solver == "two-step" and i else 0.0
            x, last = x + step * ((1 + ahead) * now - ahead * last), now
        return x


OWN = synthesizer.integrate
BEFORE, EXACT = Way("two-step", "late", 6), Way("midpoint", "even", 16)
WAYS = (
    BEFORE,
    *(Way("two-step", "late", calls) for calls in (1, 2, 3, 4, 8)),
    *(Way("two-step", "even", calls) for calls in (3, 6)),
    Way("two-step", "early", 3),
    Way("two-step", "cosine", 4),
    Way("Euler", "even", 6),
    *(Way("midpoint", "even", calls) for calls in (2, 4)),
    *(Way("ours", "", calls) for calls in (1, 2, 3, 4, 6)),
)
LOOKED_AT = (
    BEFORE,
    *(Way("ours", "", calls) for calls in (1, 2, 3)),
)
"""Of those whole CTs are made with all rules."""


def table(generator: Generator, texts: Mapping[int, str], folder: Path, data: Path | None, features: bool) -> str:
    """Make what is missing, measure it, and tell."""
    cases = {number: folder / f"{number:03}" for number in texts}
    for number, text in texts.items():
        make(generator, text, SEED + number, cases[number])
        sheet(cases[number])
        print(f"made: {text}", flush=True)
    told = [texture_table([textures(generator, texts[number], SEED + number, case) for number, case in cases.items()])]
    print(told[0], flush=True)
    shown = [{way: looks(volume(case, way)) for way in LOOKED_AT} for case in cases.values()]
    real = [looks(one.read()) for one in real_sources(data, folder, print) if one.held_out] if data else []
    told.append(look_table(shown, real))
    print(told[1], flush=True)
    return "\n\n".join([*told, feature_table(list(cases.values()))] if features else told)


def make(generator: Generator, text: str, seed: int, case: Path) -> None:
    """The anatomy and the CTs of LOOKED_AT, kept in a folder."""
    case.mkdir(parents=True, exist_ok=True)
    description, drawn = parse(text), case / "anatomy.nii.gz"
    if not drawn.is_file():
        write_volume(generator.synthesize_mask(description, seed=seed).anatomy, drawn)
    anatomy = image_from_array(labels_of(case), (SPACING_MM,) * 3, labels=True)
    for way in LOOKED_AT:
        if not file_of(case, way).is_file():
            with mock.patch.object(synthesizer, "integrate", way.solve):
                ct = generator.synthesize_ct(anatomy, description, seed=seed)
            np.save(file_of(case, way), sitk.GetArrayFromImage(ct))


def textures(generator: Generator, text: str, seed: int, case: Path) -> dict[Way, NDArray[np.float64]]:
    """Of each way [tissues, 4]: standard deviation over the exact one's, fine and coarse, and both correlations."""
    description = parse(text)
    labels, networks = labels_of(case), generator.models.ct
    phase = description.phase or DEFAULT_PHASE
    table, style = aged(reference_table(phase), years(description)), generator.style(description)
    noise = networks.noise(labels.shape, seed)

    def bands(way: Way | None) -> list[NDArray[np.float32]]:
        solver = OWN if way is None else way.solve
        with mock.patch.object(synthesizer, "integrate", solver), generator.models.autocast():
            hu = networks.synthesize(labels, table, style, noise, phase=phase, steps=0 if way is None else 1)
        fine, coarse = ndimage.uniform_filter(hu, 3), ndimage.uniform_filter(hu, 9)
        return [hu - fine, fine - coarse]

    inside = [ndimage.binary_erosion(select(labels, TISSUES[tissue]), iterations=RIM) for tissue in NOISE]
    inside = [mask for mask in inside if mask.sum() >= LEAST_VOXELS]
    expected, exact = bands(None), bands(EXACT)
    found = {}
    for way in WAYS:
        off = [(a - c, b - c) for a, b, c in zip(bands(way), exact, expected, strict=True)]
        kept = [[a[mask].std() / b[mask].std() for a, b in off] for mask in inside]
        alike = [[np.corrcoef(a[mask], b[mask])[0, 1] for a, b in off] for mask in inside]
        found[way] = np.concatenate([kept, alike], axis=1)
    return found


def texture_table(patients: Sequence[dict[Way, NDArray[np.float64]]]) -> str:
    """By way, means over tissues and patients, and the range of what is left."""
    rows = ["| solver, times, calls | SD kept, fine | coarse | correlation, fine | coarse |", "|--|--|--|--|--|"]
    for way in WAYS:
        figures = np.concatenate([one[way] for one in patients])
        cells = [f"{figures[:, i].mean():.2f} ({figures[:, i].min():.2f} to {figures[:, i].max():.2f})" for i in (0, 1)]
        cells += [f"{figures[:, i].mean():.2f}" for i in (2, 3)]
        rows.append(f"| {way.name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def file_of(case: Path, way: Way) -> Path:
    """Where the HU of a CT are kept."""
    return case / f"{way.name}.npy"


def torso_of(case: Path) -> NDArray[np.uint8]:
    """The anatomy that was kept, at SPACING_MM."""
    labels: NDArray[np.uint8] = to_canonical(sitk.ReadImage(str(case / "anatomy.nii.gz")), SPACING_MM, labels=True)[0]
    return labels


def labels_of(case: Path) -> NDArray[np.uint8]:
    """What is shown of it."""
    torso = torso_of(case)
    low, high = (round(share * len(torso)) for share in SHOWN)
    return np.ascontiguousarray(torso[low:high])


def volume(case: Path, way: Way) -> Volume:
    """A CT that was kept, with its labels."""
    return without_surroundings(np.load(file_of(case, way)), labels_of(case))


def looks(ct: Volume) -> Looks:
    """Grain by tissue and band, gradients by border, and mean HU by tissue of one CT."""
    return {
        "grain": {f"{tissue} {band}": power for tissue, powers in grain(ct.hu, ct.labels).items()
                  for band, power in zip(("coarse", "fine"), powers, strict=True)},
        "edges": {name: edge.gradient for name, edge in edges(ct.hu, ct.labels).items()},
        "hu": {name: mean_of(rows) for name, rows in texture(ct.hu, ct.labels).histograms.items()},
    }  # fmt: skip


def look_table(shown: Sequence[dict[Way, Looks]], real: Sequence[Looks]) -> str:
    """By way, geometric means over the patients: grain and gradients over those of held-out scans, or themselves; HU
    of tissues off those of BEFORE, mean and largest."""
    bands = [f"{tissue} {band}" for tissue in NOISE for band in ("coarse", "fine")]
    borders = [*BORDERS, BONE]
    rows = ["| solver, times, calls | " + " | ".join([*bands, *borders]) + " | HU off, mean | most |"]
    rows.append("|--" * (len(bands) + len(borders) + 3) + "|")
    for way in LOOKED_AT:
        mine = [one[way] for one in shown]
        cells = [ratio(mine, real, "grain", name) for name in bands] + [
            ratio(mine, real, "edges", name) for name in borders
        ]
        off = [abs(one[way]["hu"][name] - one[BEFORE]["hu"][name]) for one in shown for name in one[way]["hu"]]
        rows.append(f"| {way.name} | " + " | ".join(cells) + f" | {np.mean(off):.2f} | {max(off):.2f} |")
    return "\n".join(rows)


def ratio(mine: Sequence[Looks], real: Sequence[Looks], kind: str, name: str) -> str:
    """Of a figure."""
    a, b = ([np.log(one[kind][name]) for one in group if name in one[kind]] for group in (mine, real))
    if not a:
        return "-"
    return f"{np.exp(np.mean(a) - (np.mean(b) if b else 0)):.3g}"


def feature_table(cases: Sequence[Path]) -> str:
    """Frechet distance of the CTs from real scans over its floor, of LOOKED_AT."""
    real, encoder = read_reference(resource(*REFERENCE)), Encoder.load()
    assert real.basis is not None
    basis = unchanged(real.basis.axes.shape[1])
    rows = ["| solver, times, calls | Frechet distance over floor |", "|--|--|"]
    for way in LOOKED_AT:
        cells = [encoded(encoder, case, way) for case in cases]
        found = measure_distances(real.cells, [Cells(real.basis(one.features), one.levels) for one in cells], basis)
        assert found is not None
        rows.append(f"| {way.name} | {found.frechet.mean() / found.frechet_floor.mean():.2f} |")
    return "\n".join(rows)


def encoded(encoder: Encoder, case: Path, way: Way) -> Cells:
    """Features of a CT."""
    hu = body_alone(np.load(file_of(case, way)).astype(np.float32), (SPACING_MM,) * 3)
    torso = torso_of(case)
    marks = landmarks(torso, SPACING_MM)
    assert marks is not None, "the whole torso is drawn"
    return levelled(encoder.encode(hu, (SPACING_MM,) * 3), marks - round(SHOWN[0] * len(torso)) * SPACING_MM)


def sheet(case: Path) -> None:
    """steps.png, a row for each of LOOKED_AT: the chest in the window of lungs and of soft tissue, the liver's level
    and the middle from the front in that of soft tissue."""
    rows = []
    for way in LOOKED_AT:
        hu = np.load(file_of(case, way))
        chest, liver, front = hu[round(0.9 * len(hu))], hu[round(0.3 * len(hu))], hu[::-1, hu.shape[1] // 2]
        tiles = [grey(chest, LUNG), *(grey(plane, SOFT) for plane in (chest, liver, front))]
        height = max(len(tile) for tile in tiles)
        rows.append(np.hstack([np.pad(tile, ((0, height - len(tile)), (0, 2))) for tile in tiles]))
    Image.fromarray(np.vstack(rows)).save(case / "steps.png")


def grey(plane: NDArray[np.int16], window: tuple[float, float]) -> NDArray[np.uint8]:
    """A plane of HU as grey levels; window: middle and width."""
    middle, width = window
    return np.asarray(np.clip((plane - middle) / width + 0.5, 0, 1) * 255).astype(np.uint8)
