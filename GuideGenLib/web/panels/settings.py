"""Region, seed, spacing and quality of the next run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trame.widgets import vuetify3 as v3

from GuideGenLib.bundle import DEFAULT
from GuideGenLib.core.seeds import LARGEST_SEED, new_seed
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.words import options
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.choices import RunSettings, chosen
from GuideGenLib.workflow.words import QUALITIES, REGIONS

SPACINGS = (0.5, 6.0)
MARGINS = (5.0, 100.0)


class SettingsPanel(Panel):
    """Values that cannot be are brought into their range when they are read.

    bundles: further models that the server's owner offers, beside the one that ships; the first of them is chosen. A
    user of the page cannot name a folder of the server. own: what the one is called that is there without them.
    """

    def __init__(self, server: Any, workspace: Workspace, bundles: Sequence[Path] = (), own: str = DEFAULT[-1]) -> None:
        super().__init__(server, workspace)
        self.bundles: list[Path | None] = [*bundles, None]
        names = [own if path is None else path.name for path in self.bundles]
        self.state.update(
            {
                "settings_region": "",
                "settings_seed": 0,
                "settings_new_seed": False,
                "settings_spacing": 2.0,
                "settings_margin": 20.0,
                "settings_quality": "standard",
                "settings_possible": True,
                "settings_bundle": 0,
                "settings_bundles": [{"value": index, "title": name} for index, name in enumerate(names)],
            }
        )

    def set_seed(self, seed: int) -> None:
        """Take over the seed of an earlier run."""
        self.state.settings_seed = seed

    def draw_seed(self) -> None:
        """Before a new anatomy: another seed, where the user wants one each time."""
        if self.state.settings_new_seed:
            self.state.settings_seed = new_seed()

    @property
    def bundle(self) -> Path | None:
        """The chosen model, None for the one that ships."""
        return self.bundles[int(self.state.settings_bundle)]

    @property
    def values(self) -> RunSettings:
        """As they are now."""
        state = self.state
        state.settings_seed = int(_within(state.settings_seed, 0, LARGEST_SEED, 0))
        state.settings_spacing = _within(state.settings_spacing, *SPACINGS, 2.0)
        state.settings_margin = _within(state.settings_margin, *MARGINS, 20.0)
        return chosen(
            region=state.settings_region,
            seed=state.settings_seed,
            quality=state.settings_quality,
            spacing=state.settings_spacing,
            margin=state.settings_margin,
            possible=bool(state.settings_possible),
        )

    def build(self) -> None:
        """The fields in two columns."""
        with v3.VRow(dense=True):
            with v3.VCol(cols=6):
                self._select("settings-region", "settings_region", options(REGIONS), "Region")
            with v3.VCol(cols=6):
                self._select("settings-quality", "settings_quality", options(QUALITIES), "Quality")
            with v3.VCol(cols=6):
                self._number("settings-seed", "settings_seed", "Seed", 0, LARGEST_SEED, 1)
            with v3.VCol(cols=6):
                self._check("settings-new-seed", "settings_new_seed", "New seed each time")
            with v3.VCol(cols=6):
                self._number("settings-spacing", "settings_spacing", "CT voxels (mm)", *SPACINGS, 0.5)
            with v3.VCol(cols=6):
                self._number("settings-margin", "settings_margin", "Edit margin (mm)", *MARGINS, 5)
            with v3.VCol(cols=12):
                self._check("settings-possible", "settings_possible", "Draw findings that are only possible")
            with v3.VCol(cols=12):
                self._select("settings-bundle", "settings_bundle", "settings_bundles", "Model")

    @staticmethod
    def _select(identifier: str, model: str, items: str, label: str) -> None:
        v3.VSelect(
            id=identifier,
            v_model=(model,),
            items=(items,),
            label=label,
        )

    @staticmethod
    def _check(identifier: str, model: str, label: str) -> None:
        v3.VCheckbox(id=identifier, v_model=(model,), label=label, density="compact", hide_details=True)

    @staticmethod
    def _number(identifier: str, model: str, label: str, low: float, high: float, step: float) -> None:
        v3.VTextField(
            id=identifier,
            v_model_number=(model,),
            label=label,
            type="number",
            __properties=["min", "max", "step"],
            min=low,
            max=high,
            step=step,
        )


def _within(value: Any, low: float, high: float, otherwise: float) -> float:
    try:
        return min(max(float(value), low), high)
    except (TypeError, ValueError):
        return otherwise
