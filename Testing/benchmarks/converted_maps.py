"""HU of organs in CTs of label maps of other vocabularies, by `python -m` and anatomies of ours.

Each anatomy is written as others have it (VARIANTS), opened as a user's file is, and a CT is made of what was read.
Printed are whether it was read rightly and how many organs have a mean within 20 HU of the table, as `guidegen check
--hu` judges them. Only labels that the file names are judged, not the body that was grown about them.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.label_maps.candidates import meanings
from GuideGenLib.anatomy.label_maps.opening import open_anatomy
from GuideGenLib.anatomy.label_volumes import TISSUE_KEYS, read_anatomy
from GuideGenLib.anatomy.maps import VocabularyError, to_vocabulary
from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.anatomy.vocabularies import Vocabulary
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.core.volumes import image_from_array, to_canonical, write_volume
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.ct.synthesizer import SPACING
from GuideGenLib.description import Description
from GuideGenLib.evaluation.prompts.hu_check import WITHIN_HU, organs_hu
from GuideGenLib.generator import Generator

STEP_MM = 2.0
ORGANS = ("liver", "spleen", "kidney_left", "kidney_right", "pancreas", "stomach", "stomach_gas", "aorta",
          "inferior_vena_cava", "urinary_bladder", "heart", *LUNGS, "lung_vessel")  # fmt: skip
WITHIN = {"stomach_gas", "lung_vessel"}
"""Others have them in the organs that hold them."""
BONES = tuple(row.key for row in by_group()["bones"])
Labels = NDArray[np.uint8]


def of(keys: tuple[str, ...], vocabulary: Vocabulary) -> Callable[[Labels], NDArray[np.uint8]]:
    """Some of the labels in another vocabulary."""
    return lambda labels: to_vocabulary(np.where(select(labels, keys), labels, 0), vocabulary)


def btcv(labels: Labels) -> Labels:
    """The 13 organs."""
    result = np.zeros(labels.shape, np.uint8)
    for value, keys in meanings("btcv").items():
        result[select(labels, (*keys, *(("stomach_gas",) if "stomach" in keys else ())))] = value
    return result


VARIANTS = {
    "TotalSegmentator, organs": of(ORGANS, "totalsegmentator"),
    "TotalSegmentator, organs and bones": of((*ORGANS, *BONES), "totalsegmentator"),
    "MAISI, organs": of(ORGANS, "maisi132"),
    "BTCV, 13 organs": btcv,
    "ours, renumbered, as .seg.nrrd": lambda labels: np.where(select(labels, (*ORGANS, *BONES)), labels, 0),
    "ours without a body": lambda labels: np.where(select(labels, TISSUE_KEYS), 0, labels),
    "ours, for comparison": lambda labels: labels,
    "a lone heart of TotalSegmentator": of(("heart",), "totalsegmentator"),
}


def written(name: str, labels: Labels, folder: Path) -> Path:
    """A variant of an anatomy as a file. A .seg.nrrd has other numbers than our table, and names."""
    array = VARIANTS[name](labels).astype(np.uint8)
    image = on_grid_of(image_from_array(labels, (STEP_MM,) * 3, labels=True), array)
    if not name.endswith(".seg.nrrd"):
        write_volume(image, folder / "map.nii.gz")
        return folder / "map.nii.gz"
    keys = {value: key for key, value in values().items()}
    there = np.unique(array[array > 0])[::-1]
    image = on_grid_of(
        image, (np.searchsorted(-there.astype(int), -array.astype(int)) + 1).astype(np.uint8) * (array > 0)
    )
    for number, value in enumerate(there.tolist()):
        for tag, text in (("ID", f"Segment_{number}"), ("Name", keys[value]), ("LabelValue", str(number + 1))):
            image.SetMetaData(f"Segment{number}_{tag}", text)
    sitk.WriteImage(image, str(folder / "map.seg.nrrd"), useCompression=True)
    return folder / "map.seg.nrrd"


def measure(generator: Generator, name: str, anatomy: Path) -> str:
    """What comes of one variant of an anatomy, in words."""
    labels, _ = to_canonical(read_anatomy(anatomy), STEP_MM, labels=True)
    with TemporaryDirectory() as folder:
        path = written(name, labels, Path(folder))
        try:
            opened = open_anatomy(path)
        except VocabularyError as error:
            return f"refused: {str(error).replace(folder, '')}"
        raw = sitk.GetArrayViewFromImage(opened.read.image)
    same = (raw == labels) | select(labels, WITHIN)
    right = float(same[raw > 0].mean())
    ct = sitk.GetArrayFromImage(generator.synthesize_ct(opened.anatomy, Description(""), spacing=SPACING))
    named = np.where(select(raw, TISSUE_KEYS), 0, raw).astype(np.uint8)
    judged = organs_hu(ct.astype(np.float32), named)
    reference = reference_table(None)
    off = {one.key: one.judged - float(reference[values()[one.key]]) for one in judged}
    far = {key: round(value) for key, value in off.items() if abs(value) > WITHIN_HU}
    return f"read, {right:.1%} of its voxels as they were; {len(off) - len(far)} of {len(off)} within 20 HU, not {far}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("anatomies", nargs="+", type=Path)
    parser.add_argument("--only", nargs="*", default=[*VARIANTS], choices=[*VARIANTS])
    args = parser.parse_args()
    shipped = Generator.from_bundle()
    for variant in args.only:
        for path in args.anatomies:
            print(f"{variant}, {path.parent.name}: {measure(shipped, variant, path)}", flush=True)
