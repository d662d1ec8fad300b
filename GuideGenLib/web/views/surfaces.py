"""Surfaces of the segments in the 3D view, made on request and a segment at a time, so that the page stays awake.

They are no representation of the segmentation: that would be made again for all segments with each stroke.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trame_server.utils.asynchronous import create_task

from GuideGenLib.scene.segments.layers import LABELMAP
from GuideGenLib.scene.segments.terminology import label_of
from GuideGenLib.web.views.meshes import LabelGrid, coarse_surface, fingerprint, smooth_surface
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.words import say

BODY_OPACITY = 0.15
IDLE_S = 1.0
"""Surfaces are made again when there was no edit for so long."""

LOOK_S = 0.1
BREATH_S = 0.005
"""Between two segments, for the events that wait."""

FRAME_EVERY = 12


@dataclass
class _Surface:
    fingerprint: int
    actor: Any


@dataclass(frozen=True)
class _Look:
    opacity: float
    body: bool


class Surfaces:
    """`view`: the 3D view; `say(text)` hears how far it is, "" at the end."""

    def __init__(self, workspace: Workspace, view: Any, say: Callable[[str], None]) -> None:
        self._workspace, self._view, self._say = workspace, view, say
        self._on = False
        self._made: dict[str, _Surface] = {}
        self._task: asyncio.Task[None] | None = None
        self._node: Any = None
        self._watched: list[tuple[Any, int]] = []
        self._fit = True
        self._fitted: tuple[float, ...] | None = None
        workspace.edited.connect(self._on_edited)

    @property
    def building(self) -> bool:
        """Whether surfaces are being made or about to be."""
        return self._task is not None and not self._task.done()

    @property
    def actors(self) -> dict[str, Any]:
        """The vtkActor of each segment that has one, by segment id."""
        return {segment_id: made.actor for segment_id, made in self._made.items()}

    def switch(self, on: bool) -> None:
        """Begin to make the surfaces, or stop and take them away."""
        self._on = on
        if on:
            self._start(0.0)
        else:
            self.clear()

    def show_chosen(self, fit: bool) -> None:
        """Another segmentation may be chosen; fit: look at it from the front when its surfaces are there."""
        node = self._workspace.segmentation
        if node is not self._node:
            self.clear()
            self._watch(node)
        self._fit = self._fit or fit
        if self._on and node is not None:
            self._start(0.0)

    def clear(self) -> None:
        """Take all surfaces away and stop making them."""
        if self.building and self._task is not None:
            self._task.cancel()
        self._task = None
        for made in self._made.values():
            self._view.first_renderer().RemoveActor(made.actor)
        self._made.clear()
        self._say("")
        self._view.schedule_render()

    # ------------------------------------------------------------ what the user changes

    def _watch(self, node: Any) -> None:
        import slicer

        for watched, tag in self._watched:
            watched.RemoveObserver(tag)
        self._node, self._watched = node, []
        if node is None:
            return
        segmentation, display = node.GetSegmentation(), node.GetDisplayNode()
        if display is not None:
            self._watched.append((display, display.AddObserver("ModifiedEvent", self._on_look)))
        event = slicer.vtkSegmentation.SegmentModified
        self._watched.append((segmentation, segmentation.AddObserver(event, self._on_look)))

    def _on_edited(self) -> None:
        if self._on:
            self._start(IDLE_S)

    def _on_look(self, *_: Any) -> None:
        if self._on and not self.building:
            self._start(LOOK_S, look_only=True)

    def _start(self, delay: float, look_only: bool = False) -> None:
        if self.building and self._task is not None:
            self._task.cancel()
        self._task = create_task(self._make(delay, look_only))

    # ------------------------------------------------------------ making them

    async def _make(self, delay: float, look_only: bool) -> None:
        await asyncio.sleep(delay)
        node = self._workspace.segmentation
        if node is None or node.GetDisplayNode() is None or not node.GetSegmentation().ContainsRepresentation(LABELMAP):
            return
        wanted = self._wanted(node)
        for segment_id in [known for known in self._made if known not in wanted]:
            self._view.first_renderer().RemoveActor(self._made.pop(segment_id).actor)
        grids: dict[str, LabelGrid] = {}
        todo = [known for known in wanted if not (look_only and known in self._made)]
        changed = False
        try:
            for number, segment_id in enumerate(todo):
                await asyncio.sleep(BREATH_S)
                changed = await self._make_one(node, segment_id, wanted[segment_id], grids) or changed
                if number % FRAME_EVERY == 0:
                    self._say(say("Surfaces: {done} of {all}", done=number + 1, all=len(todo)))
                    if changed:
                        self._frame()
                    changed = False
        finally:
            self._say("")
        for segment_id, look in wanted.items():
            self._dress(node, segment_id, look)
        self._frame()
        self._fit, self._fitted = self._fit and not self._made, None

    def _frame(self) -> None:
        """Look at all that is there, while more comes, unless the user has turned to something meanwhile: a camera that
        fits the first, small surface stands inside of the next."""
        if self._fit and self._made and self._fitted in (None, self._stand()):
            self._view.fit_view_to_content()
            self._fitted = self._stand()
        self._view.first_renderer().ResetCameraClippingRange()
        self._view.schedule_render()

    def _stand(self) -> tuple[float, ...]:
        """Where the camera is, and what it looks at."""
        camera = self._view.first_renderer().GetActiveCamera()
        return (*camera.GetPosition(), *camera.GetFocalPoint())

    def _wanted(self, node: Any) -> dict[str, _Look]:
        """What is to be seen, by segment id; the body first, as the view is fitted to it."""
        display, segmentation = node.GetDisplayNode(), node.GetSegmentation()
        wanted: dict[str, _Look] = {}
        for index in range(segmentation.GetNumberOfSegments()):
            segment_id = segmentation.GetNthSegmentID(index)
            if not (display.GetVisibility() and display.GetSegmentVisibility(segment_id)):
                continue
            row = label_of(segmentation.GetSegment(segment_id), segment_id)
            body = row is not None and row.key == "body"
            if body or display.GetSegmentVisibility3D(segment_id):
                opacity = display.GetOpacity3D() * display.GetSegmentOpacity3D(segment_id)
                wanted[segment_id] = _Look(opacity * (BODY_OPACITY if body else 1.0), body)
        return dict(sorted(wanted.items(), key=lambda item: not item[1].body))

    async def _make_one(self, node: Any, segment_id: str, look: _Look, grids: dict[str, LabelGrid]) -> bool:
        """Whether it had to be made anew; in steps, as that for a whole body takes longer than a click may wait."""
        segment = node.GetSegmentation().GetSegment(segment_id)
        labelmap = segment.GetRepresentation(LABELMAP) if segment is not None else None
        found = None
        if labelmap is not None:
            address = labelmap.GetAddressAsString("")
            if address not in grids:
                grids[address] = LabelGrid(labelmap)
                await asyncio.sleep(BREATH_S)
            # What has no label of its own is "body": its skin is that of all labels together.
            found = grids[address].hull() if look.body else grids[address].mask(segment.GetLabelValue())
        old = self._made.get(segment_id)
        if found is None:
            if old is not None:
                self._view.first_renderer().RemoveActor(self._made.pop(segment_id).actor)
            return old is not None
        mask, first = found
        to_frame, parent = grids[address].to_frame(), node.GetParentTransformNode()
        key = fingerprint(mask, first, to_frame) ^ (parent.GetTransformToWorldMTime() if parent is not None else 0)
        if old is not None and old.fingerprint == key:
            return False
        await asyncio.sleep(BREATH_S if look.body else 0)
        coarse = coarse_surface(mask, first)
        await asyncio.sleep(BREATH_S if look.body else 0)
        self._add(segment_id, key, smooth_surface(coarse, to_frame, parent))
        self._dress(node, segment_id, look)
        return True

    def _add(self, segment_id: str, key: int, surface: Any) -> None:
        import vtk

        if segment_id in self._made:
            made = self._made[segment_id]
            made.fingerprint = key
            made.actor.GetMapper().SetInputData(surface)
            return
        mapper = vtk.vtkPolyDataMapper()
        mapper.SetInputData(surface)
        mapper.ScalarVisibilityOff()
        actor = vtk.vtkActor()
        actor.SetMapper(mapper)
        self._view.first_renderer().AddActor(actor)
        self._made[segment_id] = _Surface(key, actor)

    def _dress(self, node: Any, segment_id: str, look: _Look) -> None:
        segment, made = node.GetSegmentation().GetSegment(segment_id), self._made.get(segment_id)
        if segment is not None and made is not None:
            made.actor.GetProperty().SetColor(*segment.GetColor())
            made.actor.GetProperty().SetOpacity(look.opacity)
