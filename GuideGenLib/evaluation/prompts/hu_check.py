"""HU of generated CTs: organ means against the anatomy table, texture and jitter against real scans, tile seams."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from GuideGenLib.anatomy.label import PHASES, Phase
from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import by_group, hu_mean, values
from GuideGenLib.codec.network import FACTOR
from GuideGenLib.core.arguments import data_folder, opening
from GuideGenLib.core.files import write_json
from GuideGenLib.core.volumes import to_canonical, write_volume
from GuideGenLib.ct import synthesizer
from GuideGenLib.description import Description, parse
from GuideGenLib.evaluation.prompts.text_report import table

if TYPE_CHECKING:
    from GuideGenLib.generator import Generator

TEXTS = ("A man of normal build.", "An overweight woman.", "A thin woman.", "An obese man.")
"""Without an age, for that moves the HU of bone and muscle away from the table."""
WITHIN_HU = 10.0
TISSUES = {
    "fat": ("subcutaneous_fat", "torso_fat"),
    "muscle": ("muscle", *(row.key for row in by_group()["muscles"])),
    "liver": ("liver",),
    "spleen": ("spleen",),
    "kidney": ("kidney_left", "kidney_right"),
    "blood": ("heart", *(row.key for row in by_group()["vessels"] if row.key != "lung_vessel")),
    "bone": tuple(row.key for row in by_group()["bones"] if row.key != "costal_cartilages"),
    "lung": LUNGS,
}
LEAST_VOXELS = 50
"""Where fewer voxels than this are left after the erosion the whole label is judged; a smaller label is not judged."""
MOST_SCANS = 20
"""So many labelled scans tell the texture of real ones."""
SMALL_TILE = (40, 32, 32)
SMALL_SLAB = 16
BODY_HU = -900.0


@dataclass(frozen=True)
class OrganHU:
    """One organ in one CT: mean HU of the label without its outermost voxels, of the whole label, and its texture's SD.

    inner and sd are None where fewer than LEAST_VOXELS are left.
    """

    key: str
    voxels: int
    inner: float | None
    whole: float
    sd: float | None

    @property
    def judged(self) -> float:
        """The mean that is compared with the table, which gives the HU of an organ's interior."""
        return self.whole if self.inner is None else self.inner


def check_hu(args: argparse.Namespace, count: int) -> int:
    """`guidegen check --hu`: `count` CTs a phase."""
    from GuideGenLib.generator import Generator

    args.output.mkdir(parents=True, exist_ok=True)
    generator = Generator.from_bundle(**opening(args))
    real = _real_scans(args.output)
    real_sd = _mean_of([organs_hu(hu, labels) for hu, labels in real], "sd")
    content: dict[str, Any] = {"within_hu": WITHIN_HU, "phases": {}}
    jitters = []
    for phase in PHASES:
        found = []
        for index in range(count):
            description = replace(parse(TEXTS[index % len(TEXTS)]), phase=phase)
            anatomy, hu, labels = _case(generator, description, 1000 + index, args.output / f"{phase}_{index}")
            found.append(organs_hu(hu, labels))
            jitters.append(jitter(hu, labels))
            print(f"CT {index + 1} of {count}, phase {phase}", file=sys.stderr, flush=True)
        print(f"\nPhase {phase}, mean of {count} CTs, HU:\n" + organs_table(found, phase, real_sd))
        tissues = tissue_differences(found, phase)
        print("By tissue: " + ", ".join(f"{tissue} {off:+.1f}" for tissue, off in tissues.items()))
        content["phases"][phase] = {**_phase_json(found, phase), "tissues": tissues}
    content["jitter"] = {"generated": jitters, "real": [jitter(hu, labels) for hu, labels in real]}
    print("\nSlice jitter, mean step between slices over that between rows, in liver and muscle:")
    for kind, ratios in content["jitter"].items():
        print(f"  {kind}: " + (", ".join(f"{ratio:.2f}" for ratio in ratios) or "no scans (GUIDEGEN_DATA is not set)"))
    content["tiles"] = tile_seams(generator, anatomy, labels, description)
    seams = ", ".join(f"{name} {value:.2f}" for name, value in content["tiles"].items())
    print(f"\nTiled ({SMALL_TILE} cells) against whole, absolute difference in HU: {seams}")
    write_json(content, args.output / "hu.json")
    print(f"\nIn {args.output}: hu.json and the volumes")
    return 0


def organs_hu(hu: np.ndarray, labels: np.ndarray) -> list[OrganHU]:
    """Means of each label but air that has LEAST_VOXELS; hu and labels [z, y, x] on one grid."""
    found = []
    boxes = ndimage.find_objects(labels, max_label=len(values()))
    for key, value in values().items():
        box = boxes[value - 1] if value else None
        if box is None:
            continue
        mask = labels[box] == value
        if mask.sum() < LEAST_VOXELS:
            continue
        part = hu[box].astype(np.float64)
        core = part[ndimage.binary_erosion(mask)]
        enough = len(core) >= LEAST_VOXELS
        found.append(
            OrganHU(key, int(mask.sum()), float(core.mean()) if enough else None, float(part[mask].mean()),
                    float(core.std()) if enough else None)
        )  # fmt: skip
    return found


def organs_table(cases: Sequence[Sequence[OrganHU]], phase: Phase, real_sd: dict[str, float]) -> str:
    """One line an organ, and how many are within WITHIN_HU."""
    reference = hu_mean(phase)
    inner, whole, sd = _mean_of(cases, "judged"), _mean_of(cases, "whole"), _mean_of(cases, "sd")
    rows = [["organ", "table", "inner", "difference", "", "whole", "SD", "real SD"]]
    for key, mean in inner.items():
        wanted = float(reference[values()[key]])
        verdict = "" if abs(mean - wanted) <= WITHIN_HU else "MISSED"
        spreads = [f"{one[key]:.0f}" if key in one else "-" for one in (sd, real_sd)]
        means = [f"{wanted:.0f}", f"{mean:.0f}", f"{mean - wanted:+.0f}", verdict, f"{whole[key]:.0f}"]
        rows.append([key, *means, *spreads])
    missed = sum(row[4] == "MISSED" for row in rows)
    return table(rows) + f"\n{len(inner) - missed} of {len(inner)} labels within {WITHIN_HU:g} HU"


def tissue_differences(cases: Sequence[Sequence[OrganHU]], phase: Phase) -> dict[str, float]:
    """Mean difference from the table in HU of each of TISSUES, its labels weighted by their voxels."""
    reference = hu_mean(phase)
    found = {}
    for tissue, keys in TISSUES.items():
        organs = [organ for case in cases for organ in case if organ.key in keys]
        if organs:
            off = [organ.judged - float(reference[values()[organ.key]]) for organ in organs]
            found[tissue] = float(np.average(off, weights=[organ.voxels for organ in organs]))
    return found


def _mean_of(cases: Sequence[Sequence[OrganHU]], field: str) -> dict[str, float]:
    """Mean over CTs of one figure by organ, of the CTs that have it."""
    found: dict[str, list[float]] = {}
    for case in cases:
        for organ in case:
            if (value := getattr(organ, field)) is not None:
                found.setdefault(organ.key, []).append(value)
    return {key: float(np.mean(found[key])) for key in values() if key in found}


def jitter(hu: np.ndarray, labels: np.ndarray) -> float:
    """Mean step between neighbouring slices over that between neighbouring rows, inside liver and muscles.

    1 where texture is the same along z and y, more where slices jump. NaN would need an empty mask: raises ValueError.
    """
    tissue = select(labels, ["liver", "muscle", "autochthon_left", "autochthon_right", "gluteus_left", "gluteus_right"])
    mask = ndimage.binary_erosion(tissue)
    if not mask.any():
        msg = "there is neither liver nor muscle to measure slice jitter in"
        raise ValueError(msg)
    volume = hu.astype(np.float32)
    between_slices = np.abs(np.diff(volume, axis=0))[mask[1:] & mask[:-1]]
    between_rows = np.abs(np.diff(volume, axis=1))[mask[:, 1:] & mask[:, :-1]]
    return float(between_slices.mean() / max(float(between_rows.mean()), 1e-6))


def tile_seams(
    generator: "Generator", anatomy: sitk.Image, labels: np.ndarray, description: Description
) -> dict[str, float]:
    """The same CT made whole and in small tiles: absolute difference in HU, and whether the edges of tiles show.

    labels: of the anatomy [z, y, x] at 2 mm, which tell the box that is tiled.

    edge: mean step in HU between the voxels on both sides of the tiles' edges, over that in the whole CT at the same
    places; 1 where nothing shows.
    """
    whole = sitk.GetArrayFromImage(generator.synthesize_ct(anatomy, description)).astype(np.float32)
    with small_tiles():
        tiled = sitk.GetArrayFromImage(generator.synthesize_ct(anatomy, description)).astype(np.float32)
    off, box = np.abs(whole - tiled), synthesizer.shown(labels)
    return {
        "max": float(off.max()), "p99.9": float(np.percentile(off, 99.9)), "mean": float(off.mean()),
        "edge": step_at_edges(tiled[box]) / step_at_edges(whole[box]),
    }  # fmt: skip


def step_at_edges(hu: np.ndarray) -> float:
    """Mean absolute step in HU across the planes, [z, y, x], where small tiles or slabs begin or end, in the body."""
    steps = []
    for axis, tile in enumerate(SMALL_TILE):
        volume = np.moveaxis(hu, axis, 0)
        slabs = range(SMALL_SLAB, len(volume) // FACTOR, SMALL_SLAB) if axis == 0 else ()
        planes = FACTOR * np.unique([*tile_edges(-(-len(volume) // FACTOR), tile), *slabs])
        for plane in planes[(planes > 0) & (planes < len(volume))]:
            before, after = volume[plane - 1], volume[plane]
            steps.append(np.abs(after - before)[np.minimum(before, after) > BODY_HU])
    return float(np.concatenate(steps).mean())


def tile_edges(cells: int, tile: int) -> list[int]:
    """Cells of an axis at which a tile begins or ends, as the sliding window lays them."""
    interval = max(1, int(tile * (1 - synthesizer.OVERLAP)))
    last = max(cells - tile, 0)
    starts = [min(start, last) for start in range(0, last + interval, interval)]
    return sorted({*starts, *(start + tile for start in starts)})


@contextmanager
def small_tiles() -> Iterator[None]:
    """Latents and decoding in small tiles while the block runs."""
    before = synthesizer.TILE, synthesizer.DECODE_CELLS
    synthesizer.TILE, synthesizer.DECODE_CELLS = SMALL_TILE, SMALL_SLAB
    try:
        yield
    finally:
        synthesizer.TILE, synthesizer.DECODE_CELLS = before


def _case(
    generator: "Generator", description: Description, seed: int, stem: Path
) -> tuple[sitk.Image, np.ndarray, np.ndarray]:
    """A new anatomy with its CT, both kept: the anatomy, HU and labels [z, y, x] at 2 mm."""
    anatomy = generator.synthesize_mask(description, seed=seed).anatomy
    ct = generator.synthesize_ct(anatomy, description, seed=seed)
    write_volume(anatomy, stem.with_name(f"{stem.name}_anatomy.nii.gz"))
    write_volume(ct, stem.with_name(f"{stem.name}_ct.nii.gz"))
    labels, _ = to_canonical(anatomy, synthesizer.SPACING, labels=True, smooth=True)
    return anatomy, sitk.GetArrayFromImage(ct), labels


def _real_scans(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """HU and labels of the first labelled real scans at 2 mm; none where GUIDEGEN_DATA is not set."""
    data = data_folder()
    if data is None:
        return []
    from GuideGenLib.data.scans import labelled_names, load_labelled

    names = labelled_names(data)[:MOST_SCANS]
    scans = load_labelled(data, folder / "cache", names) if names else []
    return [(scan.hu, scan.labels) for scan in scans if scan.labels is not None]


def _phase_json(cases: Sequence[Sequence[OrganHU]], phase: Phase) -> dict[str, Any]:
    reference = hu_mean(phase)
    means = _mean_of(cases, "judged")
    off = {key: mean - float(reference[values()[key]]) for key, mean in means.items()}
    return {
        "labels": len(off), "within": sum(abs(one) <= WITHIN_HU for one in off.values()), "difference": off,
        "cases": [[asdict(organ) for organ in case] for case in cases],
    }  # fmt: skip
