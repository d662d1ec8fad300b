"""The CT's part of `steps.py`: the flow solved in several ways on the same anatomies and noise, and what CTs show.

Of the flow alone: how much of the texture's standard deviation is left in the latents, of the exact solution's (EXACT),
fine (less the mean over three cells) and coarse, and how far off the latents are. Of the CTs, with all rules: grain and
borders over those of real scans, and mean HU of organs beside those of the way before.
"""

import json
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

from GuideGenLib.core.files import write_json
from GuideGenLib.core.resources import resource
from GuideGenLib.core.volumes import to_canonical, write_volume
from GuideGenLib.ct import synthesizer
from GuideGenLib.ct.synthesizer import integrate, times
from GuideGenLib.data.torso_position import body_alone, landmarks
from GuideGenLib.description import parse
from GuideGenLib.evaluation.realism.distances import Cells, measure_distances, unchanged
from GuideGenLib.evaluation.realism.looks.borders import BONE, BORDERS, edges
from GuideGenLib.evaluation.realism.looks.grain import grain
from GuideGenLib.evaluation.realism.looks.volumes import Volume, real_sources, without_surroundings
from GuideGenLib.evaluation.realism.real_scans import levelled, read_reference
from GuideGenLib.evaluation.realism.texture import NOISE, SPACING_MM, mean_of, texture
from GuideGenLib.generator import Generator
from GuideGenLib.judges.features import Encoder

Velocity = Callable[[Tensor, float], Tensor]
Looks = dict[str, dict[str, float]]
REFERENCE = ("Models", "judges-small", "realism.safetensors")
SEED = 100
LUNG, SOFT = (-600.0, 1500.0), (40.0, 400.0)
"""Middle and width of windows in HU."""
BODY = 55
"""Percentile of the exact texture's power above which a cell counts: less is air."""


@dataclass(frozen=True)
class Way:
    """A solver, how early its steps are (`synthesizer.times`; 0: along a quarter of a sine), calls of the network."""

    solver: str
    early: float
    calls: int

    @property
    def name(self) -> str:
        times = f"early {self.early:g}" if self.early else "cosine"
        return f"{self.solver}, {times}, {self.calls}"

    def solve(self, velocity: Velocity, noise: Tensor) -> Tensor:
        """The texture from its noise."""
        if self.solver == "two-step" and self.early:
            return integrate(velocity, noise, self.calls, lambda _: None, self.early)
        if self.solver == "midpoint":
            return midpoint(velocity, noise, times(self.calls // 2, self.early))
        clock = times(self.calls, self.early) if self.early else cosine(self.calls)
        x = noise
        for time, following in pairwise(clock):
            x = x + (following - time) * velocity(x, time)
        return x


def midpoint(velocity: Velocity, x: Tensor, clock: Sequence[float]) -> Tensor:
    """Two calls of the network a step."""
    for time, following in pairwise(clock):
        middle = x + (following - time) / 2 * velocity(x, time)
        x = x + (following - time) * velocity(middle, (time + following) / 2)
    return x


def cosine(steps: int) -> list[float]:
    """Times that grow denser to the end."""
    return [float(np.sin(np.pi / 2 * i / steps)) for i in range(steps + 1)]


BEFORE, EXACT = Way("two-step", 0.5, 6), Way("midpoint", 1.0, 16)
WAYS = (
    EXACT,
    BEFORE,
    *(Way("two-step", 0.5, calls) for calls in (1, 2, 3, 4, 8)),
    *(Way("two-step", 1.0, calls) for calls in (3, 6)),
    *(Way("two-step", 2.0, calls) for calls in (2, 3, 4)),
    Way("two-step", 3.0, 2),
    Way("Euler", 1.0, 6),
    Way("Euler", 0.0, 4),
    Way("midpoint", 1.0, 4),
)
LOOKED_AT = (
    BEFORE,
    *(Way("two-step", 0.5, calls) for calls in (1, 3)),
    *(Way("two-step", 2.0, calls) for calls in (2, 3)),
    Way("two-step", 3.0, 2),
    EXACT,
)
"""Of those a CT is made with all rules."""
ENCODED = (BEFORE, Way("two-step", 2.0, 2), Way("two-step", 2.0, 3), EXACT)


def table(generator: Generator, texts: Mapping[int, str], folder: Path, data: Path | None, features: bool) -> str:
    """Make what is missing, measure it, and tell."""
    cases = {number: folder / f"{number:03}" for number in texts}
    textures = []
    for number, text in texts.items():
        textures.append(make(generator, text, SEED + number, cases[number]))
        sheet(cases[number])
        print(f"made: {text}", flush=True)
    shown = [{way: looks(volume(case, way)) for way in LOOKED_AT} for case in cases.values()]
    real = [looks(one.read()) for one in real_sources(data, folder, print) if one.held_out] if data else []
    told = [texture_table(textures), look_table(shown, real)]
    return "\n\n".join([*told, feature_table(list(cases.values()))] if features else told)


def make(generator: Generator, text: str, seed: int, case: Path) -> dict[str, list[float]]:
    """The anatomy, the figures of the texture by name of the way, and the CTs of LOOKED_AT, kept in a folder."""
    case.mkdir(parents=True, exist_ok=True)
    description, drawn, figures = parse(text), case / "anatomy.nii.gz", case / "texture.json"
    if not drawn.is_file():
        write_volume(generator.synthesize_mask(description, seed=seed).anatomy, drawn)
    if not figures.is_file():
        anatomy = sitk.ReadImage(str(drawn))
        solved: dict[Way, Tensor] = {}

        def solve_all(velocity: Velocity, noise: Tensor, *_: object) -> Tensor:
            first = velocity(noise, 0.0)
            for way in WAYS:
                solved[way] = way.solve(lambda x, time: first if x is noise else velocity(x, time), noise)
            return solved[LOOKED_AT[0]]

        for way in LOOKED_AT:
            solver = (lambda *_, made=solved[way]: made) if solved else solve_all
            with mock.patch.object(synthesizer, "integrate", solver):
                ct = generator.synthesize_ct(anatomy, description, seed=seed)
            np.save(file_of(case, way), np.rint(to_canonical(ct, SPACING_MM, labels=False)[0]).astype(np.int16))
        write_json({way.name: kept(solved[way], solved[EXACT]) for way in WAYS}, figures)
    return dict(json.loads(figures.read_text(encoding="utf-8")))


def file_of(case: Path, way: Way) -> Path:
    """Where the HU of a CT are kept."""
    return case / f"{way.name}.npy"


def volume(case: Path, way: Way) -> Volume:
    """A CT that was kept, with its labels."""
    anatomy = sitk.ReadImage(str(case / "anatomy.nii.gz"))
    return without_surroundings(np.load(file_of(case, way)), to_canonical(anatomy, SPACING_MM, labels=True)[0])


def kept(made: Tensor, exact: Tensor) -> list[float]:
    """Standard deviation of a texture over that of the exact one, fine and coarse, and its distance from it over it."""
    one, other = (tensor[0].float().cpu().numpy() for tensor in (made, exact))
    power = ndimage.uniform_filter((other**2).mean(axis=0), 3)
    body = power > np.percentile(power, BODY)

    def bands(texture: NDArray[np.float32]) -> list[float]:
        coarse = np.stack([ndimage.uniform_filter(channel, 3) for channel in texture])
        return [float(np.sqrt((part[:, body] ** 2).mean())) for part in (texture - coarse, coarse)]

    off = np.sqrt(((one - other)[:, body] ** 2).mean() / (other[:, body] ** 2).mean())
    return [*(a / b for a, b in zip(bands(one), bands(other), strict=True)), float(off)]


def looks(ct: Volume) -> Looks:
    """Grain by tissue and band, gradients by border, and mean HU by tissue of one CT."""
    return {
        "grain": {f"{tissue} {band}": power for tissue, powers in grain(ct.hu, ct.labels).items()
                  for band, power in zip(("coarse", "fine"), powers, strict=True)},
        "edges": {name: edge.gradient for name, edge in edges(ct.hu, ct.labels).items()},
        "hu": {name: mean_of(rows) for name, rows in texture(ct.hu, ct.labels).histograms.items()},
    }  # fmt: skip


def texture_table(textures: Sequence[dict[str, list[float]]]) -> str:
    """By way, means over the patients."""
    rows = ["| solver, times, calls | SD kept, fine | coarse | off the exact texture |", "|--|--|--|--|"]
    for way in WAYS:
        figures = np.mean([one[way.name] for one in textures], axis=0)
        rows.append(f"| {way.name} | " + " | ".join(f"{value:.2f}" for value in figures) + " |")
    return "\n".join(rows)


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
    """Frechet distance of the CTs from real scans over its floor, of ENCODED."""
    real, encoder = read_reference(resource(*REFERENCE)), Encoder.load()
    assert real.basis is not None
    basis = unchanged(real.basis.axes.shape[1])
    rows = ["| solver, times, calls | Frechet distance over floor |", "|--|--|"]
    for way in ENCODED:
        cells = [encoded(encoder, case, way) for case in cases]
        found = measure_distances(real.cells, [Cells(real.basis(one.features), one.levels) for one in cells], basis)
        assert found is not None
        rows.append(f"| {way.name} | {found.frechet.mean() / found.frechet_floor.mean():.2f} |")
    return "\n".join(rows)


def encoded(encoder: Encoder, case: Path, way: Way) -> Cells:
    """Features of a CT."""
    labels = to_canonical(sitk.ReadImage(str(case / "anatomy.nii.gz")), SPACING_MM, labels=True)[0]
    hu = body_alone(np.load(file_of(case, way)).astype(np.float32), (SPACING_MM,) * 3)
    marks = landmarks(labels, SPACING_MM)
    assert marks is not None, "the whole torso is shown"
    return levelled(encoder.encode(hu, (SPACING_MM,) * 3), marks)


def sheet(case: Path) -> None:
    """steps.png, a row for each of LOOKED_AT: the chest in the window of lungs and of soft tissue, the liver's level
    and the middle from the front in that of soft tissue."""
    rows = []
    for way in LOOKED_AT:
        hu = np.load(file_of(case, way))
        chest, liver, front = hu[round(0.78 * len(hu))], hu[round(0.55 * len(hu))], hu[::-1, hu.shape[1] // 2]
        tiles = [grey(chest, LUNG), *(grey(plane, SOFT) for plane in (chest, liver, front))]
        height = max(len(tile) for tile in tiles)
        rows.append(np.hstack([np.pad(tile, ((0, height - len(tile)), (0, 2))) for tile in tiles]))
    Image.fromarray(np.vstack(rows)).save(case / "steps.png")


def grey(plane: NDArray[np.int16], window: tuple[float, float]) -> NDArray[np.uint8]:
    """A plane of HU as grey levels; window: middle and width."""
    middle, width = window
    return np.asarray(np.clip((plane - middle) / width + 0.5, 0, 1) * 255).astype(np.uint8)
