"""What a user chooses for the next run, as the settings that it takes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from GuideGenLib.generator.settings import RunSettings

MASK_STEPS: dict[str, int | None] = {"draft": 4, "standard": None, "fine": 12}
CT_STEPS: dict[str, int | None] = {"draft": 1, "standard": None, "fine": 6}
"""Denoising steps of a quality; None takes the library's own."""


ANATOMY_MM = 2.0
"""Of the anatomies that panel and page draw: at 1.5 mm the surfaces of their 3D views take twice as long as at 3 mm."""


def chosen(*, region: str, seed: int, quality: str, spacing: float, margin: float, possible: bool) -> RunSettings:
    """region "" is the text's; quality: a key of MASK_STEPS; spacing of the CT and margin about an edit in mm.

    possible: whether findings that are only possible are drawn.
    """
    return RunSettings(
        seed=seed,
        region=region or None,
        mask_steps=MASK_STEPS[quality],
        ct_steps=CT_STEPS[quality],
        anatomy_mm=ANATOMY_MM,
        spacing_mm=spacing,
        margin_mm=margin,
        possible=possible,
    )


def for_edit(record: Mapping[str, Any] | None, settings: RunSettings) -> RunSettings:
    """Of a CT that is made again after an edit: those that made it, so that old and new meet, and the margin as it is
    chosen now. A CT without a record takes what is chosen now."""
    return replace(RunSettings.of_record(record), margin_mm=settings.margin_mm) if record else settings
