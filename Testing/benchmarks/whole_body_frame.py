"""Time and memory of the CT of a torso, alone and in the frame of a whole body, by `python -m` and an anatomy.nii.gz.

Each is read, made and written by a process of its own, whose seconds on the CPU are counted: they stay the same where
others work beside it. The frame is 234 x 167 x 640 voxels of 3 mm.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label_volumes import read_anatomy, write_anatomy
from GuideGenLib.core.volumes import image_from_array, to_canonical, write_volume
from GuideGenLib.description import Description

FRAME, STEP_MM = (640, 167, 234), 3.0


def write_both(path: Path, folder: Path) -> None:
    """torso.nii.gz and frame.nii.gz of an anatomy."""
    labels, _ = to_canonical(read_anatomy(path), STEP_MM, labels=True)
    whole = np.zeros(FRAME, np.uint8)
    low = [(n - m) // 2 for n, m in zip(FRAME, labels.shape, strict=True)]
    whole[tuple(slice(a, a + n) for a, n in zip(low, labels.shape, strict=True))] = labels
    for name, array in (("torso", labels), ("frame", whole)):
        write_anatomy(image_from_array(array, (STEP_MM,) * 3, labels=True), folder / f"{name}.nii.gz")


def make(path: Path) -> dict[str, float]:
    """Make and write one CT: seconds on the CPU, those of them that loading took, and GB."""
    from GuideGenLib.generator import Generator

    generator = Generator.from_bundle()
    loaded = _seconds()
    hu = generator.synthesize_ct(read_anatomy(path), Description(""))
    write_volume(hu, path.with_name(f"ct_{path.name}"))
    use = resource.getrusage(resource.RUSAGE_SELF)
    air = float(np.mean(sitk.GetArrayViewFromImage(hu) == -1000))
    return {"voxels": hu.GetNumberOfPixels(), "seconds": _seconds() - loaded, "loading": loaded,
            "gb": use.ru_maxrss / 1e6, "air": air}  # fmt: skip


def _seconds() -> float:
    use = resource.getrusage(resource.RUSAGE_SELF)
    return use.ru_utime + use.ru_stime


def measure(anatomy: Path) -> None:
    """Print both, and how much more the frame takes."""
    found = []
    with TemporaryDirectory() as folder:
        write_both(anatomy, Path(folder))
        for name in ("torso", "frame"):
            command = [sys.executable, "-m", "Testing.benchmarks.whole_body_frame", f"{folder}/{name}.nii.gz", "make"]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found.append(json.loads(told.splitlines()[-1]))
            print(name, {key: round(value, 2) for key, value in found[-1].items()}, flush=True)
    torso, frame = found
    print(
        f"frame over torso: time x {frame['seconds'] / torso['seconds']:.2f}, memory x {frame['gb'] / torso['gb']:.2f}"
    )


if __name__ == "__main__":
    if sys.argv[2:] == ["make"]:
        print(json.dumps(make(Path(sys.argv[1]))))
    else:
        measure(Path(sys.argv[1]))
