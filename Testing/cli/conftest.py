"""A generator that makes a toy case in no time, and the command line around it."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import SimpleITK as sitk

from GuideGenLib.cli.main import main
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.description import Description
from GuideGenLib.description.report import to_json
from GuideGenLib.mask.rules import Check
from Testing.trunk import flat, hu, organs, write

__all__ = ["flat", "generator", "guidegen", "hu", "organs", "write"]

TEXT = "A 60 year old man with a 48 mm tumor in the left upper lobe of the lung."


@dataclass
class FakeGenerator:
    """The interface of the real one; `calls` keeps what it was asked, `at(stage)` runs at each step of a stage."""

    anatomy: sitk.Image
    hu: sitk.Image
    at: Callable[[str], None] = lambda stage: None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    arithmetic: str = ""
    description: Description | None = None
    """Of the last call."""

    def _steps(self, progress: Progress, *stages: str) -> None:
        for stage in stages:
            for step in range(3):
                self.at(stage)
                progress(stage, step / 3)

    def _asked(self, stage: str, description: Description, options: dict[str, Any]) -> None:
        self.description = description
        self.calls.append((stage, {"text": description.text, **options}))

    def _lesions(self) -> tuple[Any, ...]:
        return (
            SimpleNamespace(organ="lung", side="left", site="upper_lobe", measured_mm=48.2, volume_ml=55.3, note=""),
        )

    def _checks(self) -> tuple[Check, ...]:
        return (Check("present:liver", True, "300 ml"), Check("volume:spleen", False, "12 ml"))

    def compute_as(self, name: str) -> None:
        self.arithmetic = name

    def synthesize_mask(self, description: Description, *, progress: Progress = silent, **options: Any) -> Any:
        self._asked("mask", description, options)
        self._steps(progress, "mask")
        return SimpleNamespace(anatomy=self.anatomy, lesions=self._lesions(), checks=self._checks())

    def complete(
        self,
        anatomy: sitk.Image,
        description: Description,
        keep: Sequence[str] | None,
        *,
        progress: Progress = silent,
        **options: Any,
    ) -> Any:
        self._asked("complete", description, {"keep": keep, "size": anatomy.GetSize(), **options})
        self._steps(progress, "mask")
        return SimpleNamespace(anatomy=self.anatomy, lesions=(), checks=self._checks())

    def synthesize_ct(
        self, anatomy: sitk.Image, description: Description, *, progress: Progress = silent, **options: Any
    ) -> sitk.Image:
        self._asked("ct", description, options)
        self._steps(progress, "ct", "decode")
        return self.hu

    def regenerate_ct(
        self,
        ct: sitk.Image,
        anatomy: sitk.Image,
        edited: sitk.Image,
        description: Description,
        *,
        progress: Progress = silent,
        **options: Any,
    ) -> sitk.Image:
        self._asked("regenerate", description, options)
        self._steps(progress, "ct")
        return ct

    def provenance(self, description: Description, settings: dict[str, Any], mask: Any = None) -> dict[str, Any]:
        return {
            "synthetic": True,
            "text": description.text,
            "description": to_json(description),
            "settings": settings,
            "arithmetic": self.arithmetic,
        }


@pytest.fixture
def generator(small_anatomy: sitk.Image, small_ct: sitk.Image) -> FakeGenerator:
    """The toy generator that `guidegen` uses."""
    return FakeGenerator(small_anatomy, small_ct)


@pytest.fixture
def guidegen(generator: FakeGenerator) -> Callable[..., int]:
    """The command line: `guidegen("describe", text)` returns the exit status."""

    def run(*arguments: str | Path) -> int:
        def open_generator(args: argparse.Namespace) -> Any:
            return generator

        return main([str(argument) for argument in arguments], open_generator)

    return run
