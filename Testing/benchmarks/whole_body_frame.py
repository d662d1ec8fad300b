"""Time and memory of the CT of a torso, alone and in the frame of a whole body, by `python -m` and an anatomy.nii.gz.

Each is made in a process of its own. The frame is 234 x 167 x 640 voxels of 3 mm.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.core.volumes import image_from_array, to_canonical
from GuideGenLib.description import Description

FRAME, STEP_MM = (640, 167, 234), 3.0


def made(path: Path, framed: bool) -> str:
    """Seconds and GB of one CT."""
    from GuideGenLib.generator import Generator

    labels, _ = to_canonical(read_anatomy(path), STEP_MM, labels=True)
    if framed:
        whole = np.zeros(FRAME, np.uint8)
        low = [(n - m) // 2 for n, m in zip(FRAME, labels.shape, strict=True)]
        whole[tuple(slice(a, a + n) for a, n in zip(low, labels.shape, strict=True))] = labels
        labels = whole
    generator = Generator.from_bundle()
    start = time.perf_counter()
    hu = generator.synthesize_ct(image_from_array(labels, (STEP_MM,) * 3, labels=True), Description(""))
    seconds = time.perf_counter() - start
    air = float(np.mean(sitk.GetArrayViewFromImage(hu) == -1000))
    gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return f"{hu.GetSize()} voxels, {seconds:.0f} s, {gb:.1f} GB, {air:.0%} plain air"


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(made(Path(sys.argv[1]), sys.argv[2] == "frame"))
    else:
        for which in ("torso", "frame"):
            command = [sys.executable, "-m", "Testing.benchmarks.whole_body_frame", sys.argv[1], which]
            print(which, subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip(), flush=True)
