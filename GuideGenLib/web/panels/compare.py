"""Old and new CT: which is shown, another blended over it, their difference, and where the anatomy changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_server.utils.asynchronous import create_task

from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.runs.comparison import AFTER, BEFORE, add_difference, difference
from GuideGenLib.scene.runs.hierarchy import file_into, folder_of
from GuideGenLib.scene.runs.run import shown_anatomy
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.views.views import Views
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.edits import edits_later, outline, remove_outlines
from GuideGenLib.workflow.words import NO_CT, NO_OTHER_CT, say, sentence

ERRORS = (ValueError, RuntimeError, MemoryError)


class ComparePanel(Panel):
    """It follows the workspace; what it shows goes again when another CT or another segmentation is chosen."""

    def __init__(self, server: Any, workspace: Workspace, views: Views) -> None:
        super().__init__(server, workspace)
        self.views = views
        self._pair: tuple[Any, Any] = (None, None)
        self.state.update(
            {
                "compare_cts": [],
                "compare_others": [],
                "compare_shown": "",
                "compare_with": "",
                "compare_blend": 0,
                "compare_difference": False,
                "compare_changes": False,
                "compare_hindrance": say(NO_CT),
            }
        )
        self.state.change("compare_shown")(self._on_shown)
        self.state.change("compare_with")(self._on_with)
        self.state.change("compare_blend")(self._on_blend)
        self.state.change("compare_difference")(self._on_difference)
        self.state.change("compare_changes")(self._on_changes)
        workspace.chosen.connect(self.refresh)
        workspace.edited.connect(self._on_edited)

    def refresh(self) -> None:
        """List the CTs of the chosen run; the views show the chosen one again."""
        chosen, other = self.workspace.ct, self.workspace.compared
        listed = [{"title": node.GetName(), "value": node.GetID()} for node in self._cts()]
        two = other is not None and other is not chosen
        remove_outlines(self.workspace.scene)
        with self.state:
            if (chosen, other) != self._pair:
                self._pair = (chosen, other)
                self.state.compare_blend = 0
                self.views.set_blend(0.0)
            self.state.update(
                {
                    "compare_cts": listed,
                    "compare_others": [
                        {"title": say("nothing"), "value": ""},
                        *(item for item in listed if item["value"] != _id(chosen)),
                    ],
                    "compare_shown": _id(chosen),
                    "compare_with": _id(other) if two else "",
                    "compare_difference": False,
                    "compare_changes": False,
                    "compare_hindrance": say(NO_CT) if chosen is None else "" if two else say(NO_OTHER_CT),
                }
            )

    # ------------------------------------------------------------ what the user asks for

    def _on_shown(self, compare_shown: str, **_: Any) -> None:
        node = self._node(compare_shown)
        if node is None or node is self.workspace.ct:
            return
        compared = self.workspace.compared
        self.workspace.choose(ct=node, compared=None if compared is node else compared)

    def _on_with(self, compare_with: str, **_: Any) -> None:
        if (compare_with or "") != _id(self.workspace.compared):
            self.workspace.choose(compared=self._node(compare_with))

    def _on_blend(self, compare_blend: float, **_: Any) -> None:
        self.views.set_blend(min(1.0, max(0.0, float(compare_blend) / 100)))

    def _on_difference(self, compare_difference: bool, **_: Any) -> None:
        self._try("compare_difference", self._show_difference if compare_difference else self._hide_difference)

    def _on_changes(self, compare_changes: bool, **_: Any) -> None:
        self._try(
            "compare_changes",
            self._outline_changes if compare_changes else partial(remove_outlines, self.workspace.scene),
        )

    def _on_edited(self) -> None:
        """What was outlined is no longer what changed."""
        if self.state.compare_changes and self.workspace.compared is None:
            remove_outlines(self.workspace.scene)
            with self.state:
                self.state.compare_changes = False

    def _try(self, switch: str, action: Callable[[], None]) -> None:
        try:
            action()
        except ERRORS as error:
            self._failed(switch, error)

    def _failed(self, switch: str, error: Exception) -> None:
        with self.state:
            self.state[switch] = False
        self.workspace.tell(sentence(say("The CTs could not be compared: {error}", error=error)), "warning")

    # ------------------------------------------------------------ difference and changes

    def _show_difference(self) -> None:
        ct, compared = self.workspace.ct, self.workspace.compared
        if ct is None or compared is None:
            raise SceneError("choose two CTs first")
        known = self._known_difference(compared, ct)
        if known is None:
            create_task(self._compute_difference(compared, ct))
        else:
            self.views.show_difference(known)

    async def _compute_difference(self, before: Any, after: Any) -> None:
        """In a thread: of two large CTs it takes seconds."""
        pair = self._pair
        scene = self.workspace.scene
        try:
            image = await asyncio.to_thread(difference, read_ct(before), read_ct(after))
            if pair != self._pair or not self.state.compare_difference:
                return
            node = add_difference(scene, before, after, image)
            file_into(scene, folder_of(scene, after), [node])
            self.views.show_difference(node)
        except ERRORS as error:
            self._failed("compare_difference", error)

    def _hide_difference(self) -> None:
        self.views.show_difference(None)

    def _known_difference(self, before: Any, after: Any) -> Any:
        for node in nodes_of(self.workspace.scene, "vtkMRMLScalarVolumeNode"):
            if node.GetNodeReferenceID(BEFORE) == before.GetID() and node.GetNodeReferenceID(AFTER) == after.GetID():
                return node
        return None

    def _outline_changes(self) -> None:
        if outline(self.workspace.scene, self.workspace.ct, *self._anatomies()) is None:
            raise SceneError("the anatomy did not change")

    def _anatomies(self) -> tuple[Any, Any]:
        """Those of the two CTs, or where one is chosen its own and the segmentation as it is now."""
        ct, compared = self.workspace.ct, self.workspace.compared
        if ct is None or compared is None:
            edits = edits_later(self.workspace.segmentation, ct)()
            return edits.before, edits.after
        known = [shown_anatomy(node) for node in (compared, ct)]
        if any(anatomy is None for anatomy in known):
            raise SceneError("the anatomy that a CT was made of is not in the scene")
        return known[0], known[1]

    # ------------------------------------------------------------ nodes

    def _cts(self) -> list[Any]:
        segmentation, chosen = self.workspace.segmentation, [self.workspace.ct, self.workspace.compared]
        found = [ct for run in self.workspace.runs if run.segmentation is segmentation for ct in run.cts]
        return found + [node for node in chosen if node is not None and node not in found]

    def _node(self, identifier: str) -> Any:
        """The CT of an ID that the page sends, which may be one of a scene that was cleared since."""
        return next((node for node in self._cts() if node.GetID() == identifier), None)

    # ------------------------------------------------------------ widgets

    def build(self) -> None:
        """Two choices, the blending, and two switches."""
        with html.Div(v_if=("compare_cts.length",), classes="mt-3"):
            with html.Div(style="display: flex; gap: 8px"):
                self._choice("compare-shown", "compare_shown", "compare_cts", "CT shown", False)
                self._choice("compare-with", "compare_with", "compare_others", "Compare with", True)
            with html.Div(
                style="display: flex; align-items: center; gap: 8px",
                classes="mt-2",
                title=("compare_hindrance || '0 shows the CT, 100 the one that it is compared with.'",),
            ):
                html.Span("Blend", classes="text-body-2")
                with html.Div(id="compare-blend", style="flex: 1"):
                    v3.VSlider(
                        v_model=("compare_blend",),
                        min=0,
                        max=100,
                        step=5,
                        hide_details=True,
                        density="compact",
                        disabled=("compare_hindrance !== '' || compare_difference",),
                        aria_label="Share of the CT that is compared with",
                    )
                html.Span("{{ compare_blend }} %", classes="text-body-2", style="min-width: 44px; text-align: right")
            self._switch(
                "compare-difference",
                "compare_difference",
                "Show difference",
                "compare_hindrance || 'A volume of the HU differences between the two CTs; grey: no change'",
                disabled="compare_hindrance !== ''",
            )
            self._switch(
                "compare-changes",
                "compare_changes",
                "Show changed region",
                "'Outlines where the anatomies of the two CTs differ, or without a second CT what was edited since'",
                disabled="compare_shown === ''",
            )

    def _choice(self, identifier: str, key: str, items: str, label: str, other: bool) -> None:
        v3.VSelect(
            id=identifier,
            v_model=(key,),
            items=(items,),
            label=label,
            disabled=(f"{items}.length < 2" if other else "false",),
            style="flex: 1; min-width: 0",
        )

    def _switch(self, identifier: str, key: str, label: str, title: str, disabled: str) -> None:
        with html.Div(title=(title,)):
            v3.VSwitch(
                id=identifier,
                v_model=(key,),
                label=label,
                density="compact",
                color="primary",
                hide_details=True,
                disabled=(disabled,),
            )


def _id(node: Any) -> str:
    return "" if node is None else str(node.GetID())
