"""Region, seed, spacing, quality, margin, and whether possible findings are drawn."""

from typing import Any

from GuideGenLib.core.seeds import LARGEST_SEED

from .Panel import Panel, switch


class SettingsPanel(Panel):
    """The form itself binds all values to the state but the seed: Slicer binds whole numbers to a QSpinBox alone, which
    holds half of the seeds. What is fixed while a run goes on is grey then, so that nobody takes the new values for
    those of the result."""

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        super().__init__(ui, logic, session)
        ui.seedSpinBox.maximum = float(LARGEST_SEED)
        ui.seedSpinBox.connect("valueChanged(double)", self.onSeed)

    def refresh(self) -> None:
        state = self.parameterNode
        if state is not None and state.seed != self.ui.seedSpinBox.value:
            self.ui.seedSpinBox.value = float(state.seed)
        for widget in (
            self.ui.regionComboBox,
            self.ui.seedSpinBox,
            self.ui.newSeedCheckBox,
            self.ui.spacingSpinBox,
            self.ui.qualityComboBox,
            self.ui.marginSpinBox,
            self.ui.possibleCheckBox,
        ):
            switch(widget, state is not None and not self.logic.busy)

    def onSeed(self, value: float) -> None:
        if self.parameterNode is not None:
            self.parameterNode.seed = int(value)
