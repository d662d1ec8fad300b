"""Region, seed, spacing, quality and margin. Their values are bound to the state by the form itself."""

from .Panel import Panel, switch


class SettingsPanel(Panel):
    """What is fixed while a run goes on is grey then, so that nobody takes the new values for those of the result."""

    def refresh(self) -> None:
        free = self.parameterNode is not None and not self.logic.busy
        for widget in (
            self.ui.regionComboBox,
            self.ui.seedSpinBox,
            self.ui.newSeedCheckBox,
            self.ui.spacingSpinBox,
            self.ui.qualityComboBox,
            self.ui.marginSpinBox,
        ):
            switch(widget, free)
