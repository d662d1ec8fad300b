"""CT of the anatomy, CT again after edits, and its windows."""

from __future__ import annotations

from typing import Any

from trame.widgets import vuetify3 as v3

from GuideGenLib.scene.ct import PRESETS
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.panels.run import RunPanel
from GuideGenLib.web.views.views import Views
from GuideGenLib.web.workspace import Workspace


class CTPanel(Panel):
    """Its runs are started by the run panel, where their progress is seen."""

    def __init__(self, server: Any, workspace: Workspace, run: RunPanel, views: Views) -> None:
        super().__init__(server, workspace)
        self.run, self.views = run, views
        self.state.update({"ct_anatomy": False, "ct_there": False})
        workspace.chosen.connect(self.refresh)

    def refresh(self) -> None:
        """What can be made now."""
        with self.state:
            self.state.ct_anatomy = self.workspace.segmentation is not None
            self.state.ct_there = self.workspace.ct is not None

    def build(self) -> None:
        """Two buttons and a choice of windows."""
        v3.VBtn(
            "Generate CT",
            id="ct-generate",
            click=self.run.generate_ct,
            block=True,
            color="primary",
            prepend_icon="mdi-radiology-box-outline",
            disabled=("run_busy || !ct_anatomy",),
            title=("ct_anatomy ? 'Makes the CT of this anatomy' : 'There is no anatomy yet'",),
            classes="mb-2",
        )
        v3.VBtn(
            "Regenerate after edits",
            id="ct-regenerate",
            click=self.run.regenerate,
            block=True,
            variant="tonal",
            prepend_icon="mdi-refresh",
            disabled=("run_busy || !ct_there",),
            title="Makes the CT again near your edits; farther away it stays bit for bit",
            classes="mb-2",
        )
        with v3.VBtnToggle(
            id="ct-window",
            model_value=("views_preset",),
            density="compact",
            divided=True,
            disabled=("!ct_there",),
            style="width: 100%",
        ):
            for name in PRESETS:
                v3.VBtn(
                    name.capitalize(),
                    id=f"ct-window-{name}",
                    value=name,
                    size="x-small",
                    title=f"Window {PRESETS[name][0]:.0f} HU, level {PRESETS[name][1]:.0f} HU",
                    click=(
                        self.set_window,
                        f"['{name}']",
                    ),  # also of the chosen one: back to it after a drag
                )

    def set_window(self, name: str) -> None:
        """Show the CT in a window of PRESETS, which later CTs are shown in, too."""
        self.views.set_window(name)
