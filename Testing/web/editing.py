"""Segments, editor and lesions over a real scene with real slice views, a mouse, and no browser."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.scene.runs.results import file_anatomy, file_ct
from GuideGenLib.scene.segments.segmentation import read_segmentation
from GuideGenLib.web.editor.panel import EditorPanel
from GuideGenLib.web.panels.lesion import LesionPanel
from GuideGenLib.web.panels.segments import SegmentsPanel
from GuideGenLib.web.workspace import Workspace
from Testing.web.views_stage import own_loop

SIZE = 400
V = values()
_names = itertools.count()


class FakeViews:
    """What the panels ask of the views."""

    def __init__(self) -> None:
        self.jumps: list[tuple[float, ...]] = []
        self.point: tuple[float, float, float] | None = None

    def jump_to(self, ras: tuple[float, float, float]) -> None:
        self.jumps.append(ras)


@cache
def slicer_app() -> Any:
    """One a process, with an axial and a coronal view that draw nothing by themselves."""
    from trame_slicer.core import SlicerApp
    from trame_slicer.views import DirectViewFactory, ViewLayoutDefinition
    from trame_slicer.views.render_scheduler import NoScheduleRendering

    app = SlicerApp()
    app.view_manager.register_factory(DirectViewFactory(do_render_offscreen=True))
    for definition in (ViewLayoutDefinition.axial_view(), ViewLayoutDefinition.coronal_view()):
        view = app.view_manager.create_view(definition)
        view.set_scheduled_render(NoScheduleRendering())
    return app


class Bench:
    """The panels, and a mouse."""

    def __init__(self, folder: Path) -> None:
        from trame.app import get_server

        self.app = slicer_app()
        self.scene = self.app.scene
        self.axial, self.coronal = self.app.view_manager.get_slice_views()
        self.views = FakeViews()
        server = get_server(f"editing-{next(_names)}", client_type="vue3")
        self.state = server.state
        self.state.ready()
        self.workspace = Workspace(self.app, folder)
        self.told: list[tuple[str, str]] = []
        self.edits = 0
        self.workspace.told.connect(self._on_told)
        self.workspace.edited.connect(self._on_edited)
        self.segments = SegmentsPanel(server, self.workspace, self.views)  # type: ignore[arg-type]
        self.editor = EditorPanel(server, self.workspace, self.segments)
        self.lesion = LesionPanel(server, self.workspace, self.segments, self.views)  # type: ignore[arg-type]

    def _on_told(self, text: str, kind: str) -> None:
        self.told.append((kind, text))

    def _on_edited(self) -> None:
        self.edits += 1

    def close(self) -> None:
        """The next test's panels share trame_slicer's editor with these."""
        self.editor.editor.segmentation_modified.disconnect(self.editor.history.record)
        self.scene.Clear(False)

    def take(self, node: Any, ct: Any = None) -> Any:
        """Choose a segmentation node and show it, or its CT, as the page does."""
        from GuideGenLib.scene.backdrop import backdrop_of

        self.workspace.choose(segmentation=node, ct=ct)
        shown = ct if ct is not None else backdrop_of(self.scene, node)
        for view in (self.axial, self.coronal):
            view.set_background_volume_id(shown.GetID())
            view.update_size(SIZE, SIZE)
            view.interactor().InvokeEvent("WindowResizeEvent")
            view.reset_view()
        return node

    def file(self, anatomy: sitk.Image, ct: sitk.Image | None = None) -> Any:
        """An anatomy (and CT) as a run makes it, chosen; returns the segmentation node."""
        run = file_anatomy(self.scene, anatomy, {}, "test")
        node = None if ct is None else file_ct(self.scene, ct, anatomy, {}, "test", run.segmentation)
        return self.take(run.segmentation, node)

    def choose(self, key: str, tool: str = "none", **state: Any) -> None:
        """A segment, a tool and its settings, as the page sets them."""
        self.segments.choose(key)
        for name, value in state.items():
            self.state[f"editor_{name}"] = value
        self.state.flush()
        self.editor.use(tool)
        assert self.state.editor_effect == tool, self.told

    def add_finding(self) -> None:
        """Press the button of the finding, and wait until it is drawn or refused."""
        with own_loop():
            drawing = self.lesion.add()
            if drawing is not None:
                asyncio.get_event_loop().run_until_complete(drawing)

    def stroke(self, *points: tuple[float, float, float], view: Any = None) -> None:
        """Press the left button at the first point (RAS, mm), move over the others, release at the last."""
        view = view or self.axial
        interactor = view.interactor()
        view.get_view_node().JumpSliceByOffsetting(*points[0])
        for index, point in enumerate(points):
            x, y = self.pixel(view, point)
            interactor.SetEventInformation(x, y, 0, 0, "\0", 0, None)
            interactor.MouseMoveEvent()
            if index == 0:
                interactor.LeftButtonPressEvent()
        interactor.LeftButtonReleaseEvent()

    @staticmethod
    def pixel(view: Any, ras: tuple[float, float, float]) -> tuple[int, int]:
        """Where a point is in a view."""
        import vtk

        matrix = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(view.get_view_node().GetXYToRAS(), matrix)
        x, y = matrix.MultiplyPoint((*ras, 1.0))[:2]
        assert 0 <= x < SIZE and 0 <= y < SIZE, "the point is not in the view"
        return round(x), round(y)

    @property
    def anatomy(self) -> sitk.Image:
        """The label volume of the chosen segmentation."""
        return read_segmentation(self.workspace.segmentation).anatomy

    @property
    def labels(self) -> np.ndarray:
        """Its voxels [z, y, x]."""
        return sitk.GetArrayFromImage(self.anatomy)


@contextmanager
def opened(folder: Path) -> Iterator[Bench]:
    """A bench over an empty scene."""
    slicer_app().scene.Clear(False)
    bench = Bench(folder)
    try:
        yield bench
    finally:
        bench.close()


def ras_of_voxel(image: sitk.Image, index: tuple[int, int, int]) -> tuple[float, float, float]:
    """RAS (mm) of the voxel [z, y, x] of an image."""
    x, y, z = image.TransformContinuousIndexToPhysicalPoint([float(i) for i in index[::-1]])
    return -x, -y, z
