"""The three stages as one object, and regeneration after an edit.

`Generator` is imported at its first use: what a run is asked for (`generator.settings`) needs no torch.
"""

from typing import TYPE_CHECKING, Any

from GuideGenLib.generator.case import Case, MaskResult
from GuideGenLib.generator.settings import RunSettings, SettingsError

if TYPE_CHECKING:
    from GuideGenLib.generator.generator import Generator

__all__ = ["Case", "Generator", "MaskResult", "RunSettings", "SettingsError"]


def __getattr__(name: str) -> Any:
    if name == "Generator":
        from GuideGenLib.generator.generator import Generator

        return Generator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
