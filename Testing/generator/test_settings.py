"""Settings of a run: what cannot be is refused with its remedy, and what an earlier run tells is taken up again."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from GuideGenLib.core.seeds import LARGEST_SEED
from GuideGenLib.generator import RunSettings, SettingsError

BEFORE = Path(__file__).parents[1] / "workflow" / "before"
"""Records that version 0.1.0 wrote, each on one of its ways: command line, worker."""


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"seed": -1}, "seed is -1: give a whole number from 0"),
        ({"seed": LARGEST_SEED + 1}, "seed is"),
        ({"seed": True}, "seed is True"),
        ({"seed": "7"}, "seed is '7'"),
        ({"region": "head"}, "region is 'head': give one of torso"),
        ({"sampler": "magic"}, "give one of flow, categorical"),
        ({"arithmetic": "int8"}, "arithmetic is 'int8'"),
        ({"mask_steps": 0}, "mask_steps is 0: give 1 to 1000"),
        ({"ct_steps": 1.5}, "ct_steps is 1.5"),
        ({"guidance": float("nan")}, "guidance is nan"),
        ({"spacing_mm": 0.1}, "spacing_mm is 0.1: give 0.5 to 6 mm"),
        ({"margin_mm": 0}, "margin_mm is 0: give more than 0"),
        ({"possible": "no"}, "possible is .no.: give true or false"),
    ],
)
def test_what_cannot_be_is_told_with_its_remedy(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        RunSettings(**wrong)


def test_what_was_recorded_is_taken_up_again() -> None:
    settings = RunSettings(LARGEST_SEED, "pelvis", "categorical", 3, 2.5, None, 4, 12.0, "bfloat16", 3.0, False)
    told = asdict(settings)
    arithmetic = told.pop("arithmetic")
    for name in ("arithmetic", "precision"):  # that of before
        assert RunSettings.of_record({"settings": told, name: arithmetic}) == settings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cli_generate", RunSettings(7, "pelvis", "flow", 2, 1.5, 6.0, 2, None, "float32", 3.0)),
        ("cli_mask", RunSettings(7, "pelvis", "flow", 2, 1.5, 2.0, None, None, "float32", 3.0)),
        ("cli_ct", RunSettings(7, None, "flow", None, None, 6.0, 2, None, "float32")),
        ("cli_regenerate", RunSettings(7, None, "flow", None, None, 2.0, 2, 20.0, "float32")),
        ("page_mask", RunSettings(7, "pelvis", "flow", 6, 1.5, 2.0, None, None, "bfloat16", 3.0)),
        ("page_ct", RunSettings(7, None, "flow", None, None, 6.0, 3, None, "bfloat16")),
        ("page_regenerate", RunSettings(7, None, "flow", None, None, 2.0, 3, 20.0, "bfloat16")),
    ],
)
def test_records_of_the_version_before_are_read(name: str, expected: RunSettings) -> None:
    assert RunSettings.of_record(json.loads((BEFORE / f"{name}.json").read_text("utf-8"))) == expected


@pytest.mark.parametrize("record", [{}, {"settings": None}, {"settings": {"seed": "x", "ct_steps": []}}])
def test_what_a_record_tells_wrongly_is_the_default(record: dict[str, Any]) -> None:
    assert RunSettings.of_record(record) == RunSettings()


def test_settings_need_no_torch() -> None:
    code = "import sys, GuideGenLib.generator.settings; assert not {'torch', 'numpy', 'SimpleITK'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
