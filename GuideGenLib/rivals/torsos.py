"""Scans on the torso frame, from which text-conditioned rivals learn: what a text asks for has one place on it.

A scan shows a part of the torso; nothing is learnt where it shows none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from GuideGenLib.anatomy.table import as_networks_know, values
from GuideGenLib.anatomy.torso_frame import (
    CANVAS,
    FRAME_MM,
    PlacingError,
    fitted,
    marks_of,
    moved_by_middles,
    overlap,
    sideways,
    torso_frame,
)
from GuideGenLib.core.files import atomic
from GuideGenLib.core.volumes import image_from_array, to_canonical
from GuideGenLib.data.cases import DataError
from GuideGenLib.data.preparation import CT_MM
from GuideGenLib.data.scan_measures import VESSEL
from GuideGenLib.rivals.frame import TOKENS, WIDTH, Phase
from GuideGenLib.training.loop.draws import CUT, VALIDATION, Seeds
from GuideGenLib.training.networks.cutting import Material

AIR_HU = -700
"""A scan whose edge shows less is not cut there: what lies beyond is air."""
LEAST_MM = 150.0
"""Height of a scan that may be placed by the middles of what it shows: a slab shows parts of organs alone."""
COARSE = 2
"""Voxels of the frame a side of a cell of whole torsos: 6 mm."""


@dataclass(frozen=True)
class Torso:
    """A scan on the frame, all uint8 or int16 [192, 128, 144] of 3 mm. seen: 1 where it is known; texts: token states
    of its wordings; typed [16]."""

    name: str
    hu: np.ndarray
    labels: np.ndarray
    seen: np.ndarray
    typed: np.ndarray
    texts: Sequence[torch.Tensor]


def torsos_of(materials: Sequence[Material], cache: Path, log: Callable[[str], None]) -> list[Torso]:
    """The scans that can be placed, kept in `cache` as .npz; others are told. Raises DataError where none can."""
    found = []
    for material in materials:
        kept = cache / f"{material.name}_torso.npz"
        try:
            if not kept.is_file():
                cache.mkdir(parents=True, exist_ok=True)
                volumes = dict(zip(("hu", "labels", "seen"), _placed(material), strict=True))
                with atomic(kept) as private, private.open("wb") as file:
                    np.savez_compressed(file, allow_pickle=False, **volumes)
        except PlacingError as error:
            log(f"{material.name} is left out: {error.message}")
            continue
        with np.load(kept) as stored:
            volumes = {key: stored[key] for key in ("hu", "labels", "seen")}
        found.append(Torso(material.name, **volumes, typed=material.typed, texts=material.texts))
    if materials and not found:
        raise DataError("no scan could be placed in the torso", "add scans that show spine, pelvis or several organs")
    return found


def _placed(material: Material) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """hu, labels and seen on the frame. Raises PlacingError."""
    frame, steps = torso_frame(), (CT_MM,) * 3
    labels, hu = np.asarray(material.labels[...]), np.asarray(material.hu[...])
    labels = np.where(np.asarray(material.marks[...]) & VESSEL, values()["lung_vessel"], labels).astype(np.uint8)
    try:
        scale, move, _, _ = fitted(marks_of(labels, CT_MM), frame)
    except PlacingError:  # ends of what a segmenter labels have crumbs, its middles hardly notice them
        if len(labels) * CT_MM < LEAST_MM:
            raise
        scale, move = 1.0, moved_by_middles(labels, CT_MM, frame)
    small, _ = to_canonical(image_from_array(labels, steps, labels=True), FRAME_MM / scale, labels=True)
    grey, _ = to_canonical(image_from_array(hu, steps, labels=False), FRAME_MM / scale, labels=False)
    here, there = overlap(small.shape, CANVAS, (round(move / FRAME_MM), *sideways(small, frame)))
    beyond = [(0, 0), *((cut.start, n - cut.stop) for cut, n in zip(here[1:], CANVAS[1:], strict=True))]
    on_frame = [np.full(CANVAS, fill, kind) for fill, kind in ((-1000, np.int16), (0, np.uint8), (0, np.uint8))]
    inside = np.pad(np.ones(grey[there].shape, np.uint8), beyond)
    edge = np.pad(grey[there].round().astype(np.int16), beyond, mode="edge")
    on_frame[0][here[0]] = np.where(inside, edge, -1000)
    on_frame[1][here[0]] = np.pad(as_networks_know()[small[there]], beyond)
    on_frame[2][here[0]] = (inside > 0) | (edge < AIR_HU)
    return on_frame[0], on_frame[1], on_frame[2]


class Torsos(Dataset[dict[str, Any]]):
    """Sample n of a phase's feed: whole torsos at 6 or at 3 mm, or crops of `edge`^3 voxels of 3 mm in a known slice.

    A sample: hu float32, labels uint8, seen float32 [D, H, W]; typed [16]; text [64, 384]; code, where `coded` made
    one. validation: torsos for the seeds' use VALIDATION; without any it has samples of the others, drawn by numbers
    that no training uses.
    """

    def __init__(self, torsos: Sequence[Torso], phase: Phase, seeds: Seeds, validation: Sequence[Torso] = ()) -> None:
        self.torsos, self.phase, self.seeds, self.validation = torsos, phase, seeds, validation
        self.codes: dict[str, torch.Tensor] = {}
        self.drawn = validation if validation and seeds.use == VALIDATION else torsos

    def __getitem__(self, number: int) -> dict[str, Any]:
        rng = self.seeds.generator(CUT, number)
        torso = self.drawn[int(rng.integers(len(self.drawn)))]
        hu, labels, seen = self._shown(torso, rng)
        told = torso.texts[int(rng.integers(len(torso.texts)))].float()
        code = self.codes.get(torso.name)
        return {
            **({} if code is None else {"code": code}),
            "hu": torch.from_numpy(hu),
            "labels": torch.from_numpy(labels),
            "seen": torch.from_numpy(seen),
            "typed": torch.from_numpy(torso.typed),
            "text": text_states(told),
        }

    def of(self, use: int) -> "Torsos":
        """The same scans for another use."""
        other = Torsos(self.torsos, self.phase, Seeds(self.seeds.seed, use), self.validation)
        other.codes = self.codes
        return other

    def coded(self, code: Callable[[torch.Tensor], torch.Tensor | None]) -> "Torsos":
        """The same, with what `code` makes of each whole torso's HU [1, 1, D, H, W], if it makes anything."""
        for torso in (*self.torsos, *self.validation):
            made = code(torch.from_numpy(torso.hu.astype(np.float32))[None, None])
            if made is None:
                break
            self.codes[torso.name] = made[0].cpu()
        return self

    def _shown(self, torso: Torso, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """hu, labels and seen of a sample."""
        if self.phase.feed == "torsos":
            return self._whole(torso)
        box = self._box(torso, rng) if self.phase.feed == "crops" else (slice(None),) * 3
        return torso.hu[box].astype(np.float32), torso.labels[box].copy(), torso.seen[box].astype(np.float32)

    @staticmethod
    def _whole(torso: Torso) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cells of 6 mm: mean HU, the label of one voxel, known where all of the cell is."""
        d, h, w = (n // COARSE for n in torso.hu.shape)
        cells = [one.reshape(d, COARSE, h, COARSE, w, COARSE) for one in (torso.hu, torso.seen)]
        hu, seen = cells[0].mean(axis=(1, 3, 5), dtype=np.float32), cells[1].min(axis=(1, 3, 5)).astype(np.float32)
        first = COARSE // 2
        return hu, np.ascontiguousarray(torso.labels[first::COARSE, first::COARSE, first::COARSE]), seen

    def _box(self, torso: Torso, rng: np.random.Generator) -> tuple[slice, ...]:
        """About a random slice that is known, anywhere in its plane; even starts, so that cells of 6 mm fit in."""
        edge, shown = self.phase.edge, np.flatnonzero(torso.seen.any(axis=(1, 2)))
        middle = [int(rng.choice(shown)), *(int(rng.integers(n)) for n in torso.hu.shape[1:])]
        starts = [
            int(np.clip(at - edge // 2, 0, n - edge)) // COARSE * COARSE
            for at, n in zip(middle, torso.hu.shape, strict=True)
        ]
        return tuple(slice(start, start + edge) for start in starts)


def text_states(told: torch.Tensor) -> torch.Tensor:
    """Token states [n, 384] as [TOKENS, 384], zeros behind the end."""
    states = torch.zeros(TOKENS, WIDTH)
    states[: len(told)] = told[:TOKENS]
    return states
