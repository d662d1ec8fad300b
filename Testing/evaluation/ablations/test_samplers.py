"""The comparison of samplers: what is drawn, counted, kept and shown."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.description import Description
from GuideGenLib.evaluation.ablations.samplers import measure_samplers, whole_torsos
from GuideGenLib.generator import MaskResult
from GuideGenLib.mask.rules import Check


class FakeGenerator:
    """Draws the phantom; with 4 steps without a liver, which its own rules notice."""

    def __init__(self, labels: np.ndarray) -> None:
        self.labels = labels
        self.bundle = SimpleNamespace(identity="a", config={"volumes_ml": {"spleen": [1.0, 999.0]}})
        self.models = SimpleNamespace(device="cpu", arithmetic="float32")
        self.calls: list[dict[str, Any]] = []

    def synthesize_mask(self, description: Description, **settings: Any) -> MaskResult:
        self.calls.append(settings)
        few = settings["steps"] == 4
        labels = np.where(self.labels == self.labels[45, 20, 20], 9, self.labels) if few else self.labels
        return MaskResult(
            image_from_array(labels, (6.0, 6.0, 6.0), labels=True), (), (Check("present:liver", not few, ""),)
        )


def test_each_sampler_is_drawn_at_each_number_of_steps_once(tmp_path: Path, phantom: np.ndarray):
    generator = FakeGenerator(phantom)
    section = measure_samplers(generator, (4, 16), 2, tmp_path)  # type: ignore[arg-type]
    asked = [(call["sampler"], call["steps"], call["candidates"]) for call in generator.calls]
    assert asked == [(s, n, 1) for s in ("flow", "categorical") for n in (4, 4, 16, 16)]
    seeds = [call["seed"] for call in generator.calls]
    assert seeds[:2] == seeds[2:4] == seeds[4:6]  # the same prompts and seeds in each row
    rows = {row[0]: row for row in section.tables[0].rows}
    assert rows["flow, 4"][1] == "0.000" and rows["flow, 16"][1] == "1.000"
    assert float(rows["flow, 4"][2]) < float(rows["flow, 16"][2])  # the judge misses the liver, too
    assert section.pictures[0][1].is_file()
    measure_samplers(generator, (4, 16), 2, tmp_path)  # type: ignore[arg-type]
    assert len(generator.calls) == 8  # everything was kept
    generator.bundle.identity = "b"
    measure_samplers(generator, (4,), 1, tmp_path)  # type: ignore[arg-type]
    assert len(generator.calls) == 10


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_prompts_show_whole_torsos_without_tumours(count: int):
    picked = whole_torsos(count)
    assert len(picked) == min(count, len(whole_torsos(10**6)))
    assert len({one.number for one in picked}) == len(picked)
    assert all(one.region == "torso" and not one.lesions for one in picked)
