"""Generated cases that are kept, with a generator that only counts."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.evaluation.cases import ANOTHER, Order, make_cases
from GuideGenLib.mask.findings.sites import LesionError

ORDER = Order("one", "A man of 60.", 3)


class Counting:
    """Bodies of air and `body`; those of the seeds in `small` have no room."""

    def __init__(self, *small: int) -> None:
        self.small, self.asked = small, list[int]()
        self.bundle, self.models = SimpleNamespace(identity="b"), SimpleNamespace(arithmetic="float32")

    def synthesize_mask(self, description: Any, *, seed: int) -> Any:
        self.asked.append(seed)
        if seed in self.small:
            raise LesionError("no room")
        labels = np.zeros((6, 8, 8), np.uint8)
        labels[1:5, 2:6, 2:6] = 1
        return SimpleNamespace(anatomy=image_from_array(labels, (3.0,) * 3, labels=True))

    def synthesize_ct(self, anatomy: sitk.Image, description: Any, *, seed: int) -> sitk.Image:
        return image_from_array(np.full((9, 12, 12), seed, np.int16), (2.0,) * 3, labels=False)


def test_a_body_without_room_is_drawn_again_with_another_seed(tmp_path: Path) -> None:
    generator = Counting(3)
    (case,) = make_cases([ORDER], tmp_path, generator)  # type: ignore[arg-type]
    assert generator.asked == [3, 3 + ANOTHER]
    assert case.labels()[0].any() and (case.hu()[0] == 3).all()
    make_cases([ORDER], tmp_path, generator)  # type: ignore[arg-type]
    assert len(generator.asked) == 2  # kept


def test_when_three_bodies_have_no_room_it_is_told_and_nothing_is_kept(tmp_path: Path) -> None:
    generator = Counting(3, 3 + ANOTHER, 3 + 2 * ANOTHER)
    with pytest.raises(LesionError, match="no room"):
        make_cases([ORDER], tmp_path, generator)  # type: ignore[arg-type]
    assert not list((tmp_path / "one").iterdir())
