"""What smoothing takes off goes to what lies next to it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from Testing.web.editing import Bench, V, opened


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as bench:
        yield bench


@pytest.mark.parametrize("mode", ["MEDIAN", "OPENING", "GAUSSIAN"])
def test_smoothing_leaves_no_hole_between_two_organs(bench: Bench, small_anatomy, mode: str) -> None:
    """A liver with bumps into a lung: where they go, the lung comes."""
    labels = sitk.GetArrayFromImage(small_anatomy)
    labels[20:28, 4:14, 4:10], labels[20:28, 4:14, 10:16] = V["liver"], V["lung_lower_lobe_right"]
    labels[22:24, 8:9, 10:12] = V["liver"]
    image = sitk.GetImageFromArray(labels)
    image.CopyInformation(small_anatomy)
    bench.file(image)
    bench.choose("liver", "smoothing", smoothing=mode, smoothing_mm=36.0 if mode != "GAUSSIAN" else 12.0)
    bench.editor.apply_smoothing()
    assert (bench.labels[22:24, 8, 10:12] == V["lung_lower_lobe_right"]).all()
    bench.editor.undo()
    assert np.array_equal(bench.labels, labels)
