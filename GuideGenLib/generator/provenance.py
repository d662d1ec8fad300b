"""What a run was made of: enough to make the same volumes again."""

from dataclasses import asdict
from typing import Any

import torch

from GuideGenLib import __version__
from GuideGenLib.bundle import Bundle
from GuideGenLib.description import Description
from GuideGenLib.description.report import to_json
from GuideGenLib.generator.case import MaskResult
from GuideGenLib.mask.sampler import DEFAULT_STEPS


def provenance(
    bundle: Bundle, description: Description, settings: dict[str, Any], mask: MaskResult | None, made_by: dict[str, str]
) -> dict[str, Any]:
    """Of a run with resolved settings; made_by: device and arithmetic. No time and no path, so that equal runs give
    equal files."""
    return {
        "synthetic": True,
        "text": description.text,
        "description": to_json(description),
        "settings": settings,
        "lesions": [asdict(lesion) for lesion in mask.lesions] if mask else [],
        "checks": [asdict(c) for c in mask.checks] if mask else [],
        "bundle": {
            "name": bundle.config["name"],
            "version": bundle.config["version"],
            "sha256": bundle.identity,
        },
        **made_by,
        "guidegen": __version__,
        "torch": torch.__version__,
    }


def resolved(settings: dict[str, Any], guidance: float, defaults: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run with the defaults in place of None, which may be others in a later version."""
    mask_steps = DEFAULT_STEPS[settings["sampler"]] if settings.get("sampler") in DEFAULT_STEPS else None
    known = {"mask_steps": mask_steps, "guidance": guidance, **defaults}
    return {key: known.get(key) if value is None else value for key, value in settings.items()}
