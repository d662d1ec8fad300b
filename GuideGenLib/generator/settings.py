"""What a run is asked for beside its description, checked once and recorded under one set of names.

A frozen dataclass with checks of its own: neither pydantic nor attrs comes with Slicer's Python.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from GuideGenLib.core.device import ARITHMETICS, possible_here
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.seeds import LARGEST_SEED
from GuideGenLib.description.model import REGIONS

SAMPLERS = ("flow", "categorical")
MOST_STEPS, MOST_GUIDANCE, MOST_MARGIN_MM = 1000, 10.0, 500.0
SPACINGS_MM = (0.5, 6.0)
CT_SPACING_MM = 2.0
ANATOMY_MM = (1.5, 2.0, 3.0)
"""Voxels of an anatomy that may be asked for: with smooth borders, and at 3 mm as it is drawn."""
FIRST_ANATOMY_MM = 3.0
"""Of runs that drew an anatomy and whose record tells none."""


class SettingsError(GuideGenError):
    """A setting of a run is outside of what is served; the message says which, and what may be given."""


@dataclass(frozen=True)
class RunSettings:
    """region None: the description's, else the torso; steps, guidance and margin None: the library's own; spacing_mm
    None: the anatomy's grid; possible: whether findings that the text calls possible are drawn. Raises SettingsError
    for a value that cannot be."""

    seed: int = 0
    region: str | None = None
    sampler: str = "flow"
    mask_steps: int | None = None
    guidance: float | None = None
    spacing_mm: float | None = CT_SPACING_MM
    ct_steps: int | None = None
    margin_mm: float | None = None
    arithmetic: str = "auto"
    anatomy_mm: float = ANATOMY_MM[0]
    possible: bool = True

    def __post_init__(self) -> None:
        if not (_whole(self.seed) and 0 <= self.seed <= LARGEST_SEED):
            raise _wrong("seed", self.seed, f"a whole number from 0 to {LARGEST_SEED}")
        for name, known in (("region", (None, *REGIONS)), ("sampler", SAMPLERS), ("arithmetic", ARITHMETICS)):
            if getattr(self, name) not in known:
                raise _wrong(name, getattr(self, name), f"one of {', '.join(filter(None, known))}")
        for name in ("mask_steps", "ct_steps"):
            value = getattr(self, name)
            if not (value is None or (_whole(value) and 1 <= value <= MOST_STEPS)):
                raise _wrong(name, value, f"1 to {MOST_STEPS} steps, or none for the default")
        if self.anatomy_mm not in ANATOMY_MM:
            raise _wrong("anatomy_mm", self.anatomy_mm, ", ".join(f"{mm:g}" for mm in ANATOMY_MM) + " mm")
        if not (self.guidance is None or (_number(self.guidance) and 0 <= self.guidance <= MOST_GUIDANCE)):
            raise _wrong("guidance", self.guidance, f"a number from 0 to {MOST_GUIDANCE:g}")
        if not isinstance(self.possible, bool):
            raise _wrong("possible", self.possible, "true or false")
        low, high = SPACINGS_MM
        if not (self.spacing_mm is None or (_number(self.spacing_mm) and low <= self.spacing_mm <= high)):
            raise _wrong("spacing_mm", self.spacing_mm, f"{low:g} to {high:g} mm, or the anatomy's own")
        if not (self.margin_mm is None or (_number(self.margin_mm) and 0 < self.margin_mm <= MOST_MARGIN_MM)):
            raise _wrong("margin_mm", self.margin_mm, f"more than 0 and up to {MOST_MARGIN_MM:g} mm, for example 20")

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "RunSettings":
        """Those of an earlier run, as its provenance tells them; what it does not tell, or wrongly, is the default."""
        told = record.get("settings")
        told = told if isinstance(told, Mapping) else {}
        first = {"anatomy_mm": FIRST_ANATOMY_MM} if "sampler" in told else {}
        told = {**first, **told, "arithmetic": possible_here(arithmetic_told(record))}
        found = cls()
        for one in fields(cls):
            if one.name in told:
                try:
                    found = replace(found, **{one.name: told[one.name]})
                except SettingsError:
                    continue
        return found

    def record(self, *names: str) -> dict[str, Any]:
        """Some of the settings, under the names that provenance has for them."""
        return {name: getattr(self, name) for name in names}

    @property
    def for_mask(self) -> dict[str, Any]:
        """The arguments of `Generator.synthesize_mask`."""
        return {**self.for_completion, "spacing": self.anatomy_mm}

    @property
    def for_completion(self) -> dict[str, Any]:
        """The arguments of `Generator.complete`, whose voxels are those of the anatomy that is completed."""
        return _given(
            seed=self.seed, region=self.region, steps=self.mask_steps, guidance=self.guidance, sampler=self.sampler
        )

    @property
    def for_ct(self) -> dict[str, Any]:
        """The arguments of `Generator.synthesize_ct`."""
        return {"spacing": self.spacing_mm, **_given(seed=self.seed, steps=self.ct_steps)}

    @property
    def for_edit(self) -> dict[str, Any]:
        """The arguments of `Generator.regenerate_ct`."""
        return _given(seed=self.seed, steps=self.ct_steps, margin_mm=self.margin_mm)


def arithmetic_told(record: Mapping[str, Any]) -> Any:
    """How the run of a record computed; records of before call it the precision."""
    return record.get("arithmetic") or record.get("precision")


def _given(**options: Any) -> dict[str, Any]:
    """Without those that are None, for which the library's own defaults count."""
    return {name: value for name, value in options.items() if value is not None}


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return _whole(value) or (isinstance(value, float) and math.isfinite(value))


def _wrong(name: str, value: Any, wanted: str) -> SettingsError:
    return SettingsError(f"{name} is {value!r:.40}", f"give {wanted}")


DEFAULTS = RunSettings()
