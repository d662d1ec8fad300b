"""Edits of one patient's organs: how far from each the CT changes, and which rule changes it beyond its reach.

    python Testing/benchmarks/edits.py CASE OUT.json [--text TEXT] [--seed N] [--no-ct]

CASE: anatomy of a torso (NIfTI), for example that of a case of `guidegen evaluate`. The CT after an edit has to be as
it was, bit for bit, farther than 20 mm from every changed label; what the generator mixes in nearer than that comes of
a window that is made anew. Whether this meets the rest depends on the rules of `ct.details`: each is laid over the same
HU with the labels before and after, and what it changes farther than 20 mm away is counted.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from GuideGenLib.anatomy.table import values  # noqa: E402
from GuideGenLib.core.volumes import to_canonical  # noqa: E402
from GuideGenLib.ct.canvas import Canvas  # noqa: E402
from GuideGenLib.ct.details import STEPS  # noqa: E402
from GuideGenLib.ct.reference import DEFAULT_PHASE, reference_table  # noqa: E402
from GuideGenLib.ct.synthesizer import SPACING  # noqa: E402

if TYPE_CHECKING:
    from GuideGenLib.generator import Generator

MARGIN_MM = 20.0
SEEN_HU = 10.0
"""Changes of less are lost in the noise."""
Labels = np.ndarray


def edits(labels: Labels, spacing: float) -> Iterator[tuple[str, Labels]]:
    """What a user may do, each with the labels uint8 [z, y, x] after it; what the anatomy does not show is left out."""
    value = values()
    for name, organ, lesion in (
        ("a tumour of 3 cm in the liver", "liver", "liver_tumor"),
        ("a tumour of 3 cm in the lung", "lung_lower_lobe_right", "lung_tumor"),
    ):
        if (labels == value[organ]).any():
            depth = ndimage.distance_transform_edt(labels == value[organ])
            middle = np.unravel_index(depth.argmax(), depth.shape)
            z, y, x = np.ogrid[tuple(map(slice, labels.shape))]
            away = ((z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2) * spacing**2
            yield name, _painted(labels, (away <= 15**2) & (labels == value[organ]), lesion)
    for name, organ in (
        ("the lower half of a kidney erased", "kidney_left"),
        ("half of the bladder erased", "urinary_bladder"),
    ):
        there = labels == value[organ]
        if there.any():
            lower = np.arange(len(labels)) < np.flatnonzero(there.any((1, 2))).mean()
            yield name, _painted(labels, there & lower[:, None, None], "body")
    stomach = labels == value["stomach"]
    if stomach.any():
        soft = np.isin(labels, [value["body"], value["torso_fat"]])
        wider = ndimage.binary_dilation(stomach, iterations=2) & soft
        yield "the stomach 4 mm wider", _painted(labels, wider, "stomach")
    colon = np.argwhere(labels == value["colon"])
    if len(colon):
        one = np.zeros(labels.shape, bool)
        one[tuple(colon[len(colon) // 2])] = True
        yield "one voxel of the colon erased", _painted(labels, one, "body")
    trachea = np.argwhere(labels == value["trachea"])
    if len(trachea):
        lowest = (labels == value["trachea"]) & (np.arange(len(labels)) < trachea[:, 0].min() + 2)[:, None, None]
        yield "the end of the trachea erased", _painted(labels, lowest, "body")


def _painted(labels: Labels, where: np.ndarray, key: str) -> Labels:
    return np.where(where, np.uint8(values()[key]), labels)


def steps_beyond(before: Labels, after: Labels, spacing: float, seed: int) -> list[dict[str, Any]]:
    """Of each rule that changes HU farther than MARGIN_MM from an edit: voxels, those by SEEN_HU, the most in HU, and
    how far away."""
    table = reference_table(DEFAULT_PHASE)
    flat = np.where(before == after, table[before], np.float32(0)).astype(np.float32)
    distance = ndimage.distance_transform_edt(before == after) * spacing
    found = []
    for step in STEPS:
        one, other = (step(flat, Canvas(labels, table, DEFAULT_PHASE, spacing, seed)) for labels in (before, after))
        off = np.where(distance > MARGIN_MM, np.abs(one - other), 0)
        if off.any():
            found.append({
                "rule": step.__name__, "voxels": int((off > 0).sum()), "seen": int((off > SEEN_HU).sum()),
                "most_hu": float(off.max()), "farthest_mm": float(distance[off > 0].max()),
            })  # fmt: skip
    return found


def regenerated(
    generator: "Generator", ct: sitk.Image, anatomy: sitk.Image, after: sitk.Image, text: str, seed: int
) -> dict[str, Any]:
    """How far the CT changed, whether it is bit-identical beyond MARGIN_MM, and the seconds."""
    from GuideGenLib.description import parse

    began = time.monotonic()
    made = generator.regenerate_ct(ct, anatomy, after, parse(text), seed=seed)
    seconds = time.monotonic() - began
    old, new, before, edited = map(sitk.GetArrayFromImage, (ct, made, anatomy, after))
    distance = ndimage.distance_transform_edt(before == edited) * SPACING
    changed = old != new
    return {
        "changed_voxels": int(changed.sum()), "farthest_mm": float(distance[changed].max(initial=0)),
        "beyond": int((changed & (distance > MARGIN_MM)).sum()), "seconds": seconds,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("anatomy", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--text", default="A CT of the torso.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-ct", action="store_true", help="the rules alone, without the networks")
    args = parser.parse_args()
    labels, frame = to_canonical(sitk.ReadImage(str(args.anatomy)), SPACING, labels=True, smooth=True)
    rows: list[dict[str, Any]] = []
    generator = ct = anatomy = None
    if not args.no_ct:
        from GuideGenLib.core.volumes import image_from_array
        from GuideGenLib.description import parse
        from GuideGenLib.generator import Generator

        generator = Generator.from_bundle()
        anatomy = image_from_array(labels, frame.spacing, frame.origin, frame.direction, labels=True)
        ct = generator.synthesize_ct(anatomy, parse(args.text), seed=args.seed)
    for name, after in edits(labels, SPACING):
        row: dict[str, Any] = {"edit": name, "voxels": int((labels != after).sum())}
        row["rules_beyond"] = steps_beyond(labels, after, SPACING, args.seed)
        if generator is not None and ct is not None and anatomy is not None:
            image = image_from_array(after, frame.spacing, frame.origin, frame.direction, labels=True)
            row["ct"] = regenerated(generator, ct, anatomy, image, args.text, args.seed)
        rows.append(row)
        print(json.dumps(row), flush=True)
        args.output.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
