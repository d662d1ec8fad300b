"""What generated CTs are compared with: the real scans of a data folder, or the numbers of them that ship.

The shipped file holds no volume: principal components of the encoder's features, every real cell's coordinates in them,
and histograms and noise spectra of the labelled scans.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy import ndimage

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import atomic
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.data.layouts import DataError, find_cases
from GuideGenLib.data.notes import held_out
from GuideGenLib.data.scans import load_labelled
from GuideGenLib.data.torso_position import Placed, Spacing, level_of, read_scan, small, transferred
from GuideGenLib.evaluation.realism.distances import Basis, Cells, principal
from GuideGenLib.evaluation.realism.texture import SPACING_MM, MeasuredTexture, texture
from GuideGenLib.judges.features import Blocks, Encoder, kept_blocks

TORSOS = 8
"""Generated anatomies on which real scans are placed."""


@dataclass(frozen=True)
class Reals:
    """scans, and cells in all their features, are there when a data folder was read; the rest also from a file.

    cells: of each scan that was encoded, features [n, d], or from a file their coordinates [n, k] in `basis`; encoder:
    name of the network that made them; textures: of the labelled scans; held_out: names of those that no training saw.
    """

    scans: Sequence[Placed]
    cells: Sequence[Cells]
    basis: Basis | None
    encoder: str
    textures: Mapping[str, MeasuredTexture]
    held_out: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        """Whether cells hold all features."""
        return bool(self.scans)


def read_reals(
    data: Path, torsos: Sequence[Placed], cache: Path, encoder: Encoder | None, progress: Progress = silent
) -> Reals:
    """The scans of a data folder, placed on whole torsos with landmarks. cache: folder for what takes long.

    Without an encoder there are no cells. A folder without labelled scans has no textures. Raises DataError.
    """
    found = [(case.name, case.ct) for case in find_cases(data) if case.ct is not None]
    scans, cells = [], []
    for index, (name, ct) in enumerate(found):
        one = small(*read_scan(ct))
        placed = Placed(name, one, transferred(one, torsos[:TORSOS]))
        scans.append(placed)
        if encoder is not None and placed.marks is not None:
            blocks = kept_blocks(ct, cache / f"{name}_{SPACING_MM:g}mm_features.npz", encoder, no_finer)
            if len(blocks.heights):
                cells.append(levelled(blocks, placed.marks))
        progress("real scans", (index + 1) / len(found))
    try:
        labelled = load_labelled(data, cache, spacing=SPACING_MM)
    except DataError:
        labelled = []
    textures = {scan.name: texture(scan.hu, scan.labels) for scan in labelled if scan.labels is not None}
    basis = principal(np.concatenate([one.features for one in cells])) if cells else None
    return Reals(scans, cells, basis, encoder.weights if encoder else "", textures, held_out(data))


def no_finer(path: Path) -> tuple[np.ndarray, Spacing]:
    """The CT of a file as `read_scan` has it, on voxels that are no finer than those of generated ones: finer ones
    alone move the features of a chest farther than real scans lie from each other. Sampled and not averaged, so that
    noise stays."""
    hu, old = read_scan(path)
    z, y, x = (max(step, SPACING_MM) for step in old)
    new = (z, y, x)
    if new == old:
        return hu, old
    ratio = np.array(new) / np.array(old)
    size = [round(n / by) for n, by in zip(hu.shape, ratio, strict=True)]
    first = (np.array(hu.shape) - 1) / 2 - (np.array(size) - 1) / 2 * ratio
    return ndimage.affine_transform(hu, ratio, first, size, order=1, mode="nearest"), new


def levelled(blocks: Blocks, marks: np.ndarray) -> Cells:
    """The cells of a CT with the levels that its landmarks give them."""
    return Cells(blocks.features, level_of(blocks.heights, marks))


def write_reference(reals: Reals, path: Path) -> None:
    """Keep the numbers of real scans that a comparison without them needs. Raises EvaluationError without cells."""
    if reals.basis is None or not reals.whole:
        raise EvaluationError(
            "no features of real scans to keep", "install the encoder, and give a case that shows a whole torso"
        )
    tensors = {
        "mean": reals.basis.mean.astype(np.float32),
        "axes": reals.basis.axes.astype(np.float16),
        "cells": np.concatenate([reals.basis(one.features) for one in reals.cells]).astype(np.float16),
        "levels": np.concatenate([one.levels for one in reals.cells]).astype(np.uint8),
        "scans": np.repeat(np.arange(len(reals.cells)), [len(one.levels) for one in reals.cells]).astype(np.uint8),
    }
    for name, one in reals.textures.items():
        tensors |= {f"histogram.{name}.{tissue}": rows.astype(np.int32) for tissue, rows in one.histograms.items()}
        tensors |= {f"spectrum.{name}.{tissue}": rows.astype(np.float32) for tissue, rows in one.spectra.items()}
    about = {"encoder": reals.encoder, "explained": reals.basis.explained}
    with atomic(path) as private:
        save_file(
            {key: np.ascontiguousarray(value) for key, value in tensors.items()}, private, {"about": json.dumps(about)}
        )


def read_reference(path: Path) -> Reals:
    """What `write_reference` kept. Raises EvaluationError for a file that is missing or damaged."""
    from safetensors import safe_open

    try:
        tensors = load_file(path)
        with safe_open(path, "np") as file:
            about = json.loads(file.metadata()["about"])
        basis = Basis(tensors["mean"].astype(np.float64), tensors["axes"].astype(np.float64), float(about["explained"]))
        owners = tensors["scans"]
        cells = [
            Cells(tensors["cells"][owners == owner].astype(np.float32), tensors["levels"][owners == owner].astype(int))
            for owner in np.unique(owners)
        ]
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise EvaluationError(f"{path} is missing or damaged ({error})", "reinstall, or write it again") from error
    parts: dict[str, dict[str, dict[str, np.ndarray]]] = {}
    for key, rows in tensors.items():
        kind, _, rest = key.partition(".")
        if kind in ("histogram", "spectrum"):
            name, _, tissue = rest.rpartition(".")
            parts.setdefault(name, {"histogram": {}, "spectrum": {}})[kind][tissue] = rows
    textures = {name: MeasuredTexture(one["histogram"], one["spectrum"]) for name, one in parts.items()}
    return Reals([], cells, basis, about["encoder"], textures)
