"""An uploaded file put into the session's scene: checked in another process first, so that it comes in whole or not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from undo_stack import Signal

from GuideGenLib.engine.environment import ROOT, worker_environment
from GuideGenLib.scene.ct import add_ct, read_ct, require_same_place
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.files import load_mrb
from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.runs.hierarchy import file_into, hierarchy_of
from GuideGenLib.scene.runs.results import whole_or_nothing
from GuideGenLib.scene.runs.run import SHOWN_REFERENCE, join_ct
from GuideGenLib.scene.segments.segmentation import add_anatomy, read_segmentation
from GuideGenLib.scene.slices import look_along_axes
from GuideGenLib.web.files.asking import spoken
from GuideGenLib.web.files.checking import ct_beside
from GuideGenLib.web.files.segmentation_file import load_segmentation
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.runs import CORRECTIONS
from GuideGenLib.workflow.words import BUSY, say

CHECKED = "checked.nrrd"
GONE_POLL_S = 0.2


class GoneError(Exception):
    """Who sent the file has gone, or has cancelled."""


class AskError(SceneError):
    """The user has to say what the labels of a file are; question: as `asking.question_of` has it."""

    def __init__(self, text: str, question: dict[str, Any]) -> None:
        super().__init__(text)
        self.question = question


@dataclass(frozen=True)
class Upload:
    """path: private; name: the user's word for it; kind: as `volume_check.read_as`; replace: scenes may be."""

    path: Path
    name: str
    kind: str = "auto"
    replace: bool = False

    @property
    def title(self) -> str:
        """The name without its ending."""
        return self.name.split(".")[0].strip() or "Upload"


class Opener:
    """Signals: `scene_loaded(provenance, corrections)`: of the run that a loaded scene goes on with (a dictionary that
    may be empty, and the JSON of the understood panel); `opened()` when something else came into the scene."""

    scene_loaded = Signal(dict, str)
    opened = Signal()

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    async def open(self, upload: Upload, gone: Callable[[], bool]) -> str:
        """Put a file into the scene and return what the user should know, empty if nothing.

        Only the last step, which changes the scene, holds up the event loop. Raises SceneError with what is wrong with
        the file, and GoneError when `gone()` is true before that step; the scene stays as it was then.
        """
        report = await check(upload, gone)
        kind, notes = report["kind"], list(report["notes"])
        checked = upload.path.with_name(CHECKED)
        volume = kind in ("anatomy", "ct", "study")
        image = await asyncio.to_thread(sitk.ReadImage, str(checked)) if volume else None
        ct = await asyncio.to_thread(sitk.ReadImage, str(ct_beside(checked))) if kind == "study" else None
        if gone():
            raise GoneError
        if kind == "scene":
            self._open_scene(upload)
        else:
            with whole_or_nothing(self.workspace.scene):
                notes += self._add(kind, upload, image)
                if ct is not None:
                    notes += self._add("ct", upload, ct)
            self.opened.emit()
        return "\n".join(notes)

    def clear(self) -> None:
        """Make the scene empty, for a new case. Raises SceneError while a run goes on."""
        if self.workspace.busy:
            raise SceneError(say(BUSY))
        self.workspace.choose(segmentation=None, ct=None, compared=None)  # before its nodes go
        self.workspace.scene.Clear(False)
        self.workspace.choose()

    # ------------------------------------------------------------ scene

    def _open_scene(self, upload: Upload) -> None:
        if has_work(self.workspace.scene) and not upload.replace:
            raise SceneError("the scene has work in it: say that it is to be replaced")
        self.clear()
        load_mrb(self.workspace.scene, upload.path)
        look_along_axes(self.workspace.scene)
        segmentation, ct = newest(self.workspace)
        self.workspace.choose(segmentation=segmentation, ct=ct, compared=None)
        run = next((run for run in self.workspace.runs if run.segmentation is segmentation), None)
        corrections = segmentation.GetAttribute(CORRECTIONS) if segmentation is not None else None
        self.scene_loaded.emit(run.provenance if run is not None else {}, corrections or "")

    # ------------------------------------------------------------ volumes

    def _add(self, kind: str, upload: Upload, image: sitk.Image | None) -> list[str]:
        scene, name = self.workspace.scene, self.workspace.scene.GenerateUniqueName(upload.title)
        if image is None:
            node, _ = load_segmentation(scene, upload.path, name)  # its notes were told by the check
            self._add_anatomy(node, read_segmentation(node).anatomy)
        elif kind == "ct":
            return self._add_ct(add_ct(scene, image, name), image)
        else:
            self._add_anatomy(add_anatomy(scene, image, name), image)
        return []

    def _add_ct(self, node: Any, image: sitk.Image) -> list[str]:
        """A CT beside the chosen anatomy, if it shows its place; else alone, with no anatomy laid over it."""
        scene, segmentation = self.workspace.scene, self.workspace.segmentation
        notes = []
        if segmentation is not None:
            try:
                anatomy = read_segmentation(segmentation).anatomy
                require_same_place(image, anatomy, node.GetName())
                join_ct(scene, segmentation, node, anatomy)
            except SceneError as error:
                notes = [
                    say("The CT stands for itself, as it does not go with the chosen anatomy: {error}", error=error)
                ]
        if segmentation is None or notes:
            _file_alone(scene, node)
        self.workspace.choose(segmentation=None if notes else segmentation, ct=node, compared=None)
        return notes

    def _add_anatomy(self, node: Any, anatomy: sitk.Image) -> None:
        """An anatomy, beside the chosen CT if that has none yet and shows its place."""
        scene, ct = self.workspace.scene, self.workspace.ct
        _file_alone(scene, node)
        joined = None
        if ct is not None and ct.GetNodeReference(SHOWN_REFERENCE) is None:
            with contextlib.suppress(SceneError):
                read_ct(ct, anatomy)
                join_ct(scene, node, ct, anatomy)
                joined = ct
        self.workspace.choose(segmentation=node, ct=joined, compared=None)


async def check(upload: Upload, gone: Callable[[], bool]) -> dict[str, Any]:
    """What the process of `checking` says of a file. Raises SceneError, AskError and GoneError."""
    arguments = (str(upload.path), upload.name, upload.kind, str(upload.path.with_name(CHECKED)))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "GuideGenLib.web.files.checking",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env=worker_environment(1),
    )
    talk = asyncio.create_task(process.communicate())
    try:
        while not (await asyncio.wait({talk}, timeout=GONE_POLL_S))[0]:
            if gone():
                raise GoneError
        lines = talk.result()[0].splitlines()
    finally:
        if process.returncode is None:
            process.kill()
        await talk
    if process.returncode or not lines:
        raise SceneError(f"{upload.name} cannot be read: it is damaged, or too large for the memory that is free")
    report: dict[str, Any] = json.loads(lines[-1])
    if "question" in report:
        raise AskError(report["error"], spoken(report["question"]))
    if "error" in report:
        raise SceneError(report["error"])
    return report


def has_work(scene: Any) -> bool:
    """Whether there is anything that a new scene would take away."""
    return any(_nodes(scene, kind) for kind in ("vtkMRMLSegmentationNode", "vtkMRMLScalarVolumeNode"))


def newest(workspace: Workspace) -> tuple[Any, Any]:
    """The segmentation and the CT to go on with: of the last run, else the last segmentation and the CT that shows its
    place, of which it was drawn or else the last; None where there is none."""
    runs = workspace.runs
    if runs:
        return runs[-1].segmentation, runs[-1].ct
    segmentations = _nodes(workspace.scene, "vtkMRMLSegmentationNode")
    segmentation = segmentations[-1] if segmentations else None
    volumes = [node for node in _nodes(workspace.scene, "vtkMRMLScalarVolumeNode") if node.GetImageData() is not None]
    if segmentation is None:
        return None, (volumes[-1] if volumes else None)
    drawn_on = segmentation.GetNodeReference(segmentation.GetReferenceImageGeometryReferenceRole())
    volumes.sort(key=lambda node: node is drawn_on)  # a stable sort: the others stay in their order
    return segmentation, next((node for node in reversed(volumes) if _is_ct_of(node, segmentation)), None)


def _is_ct_of(volume: Any, segmentation: Any) -> bool:
    """Does a volume hold HU, and show a part of where the segments are?"""
    ends = np.zeros((2, 6))
    for node, row in zip((volume, segmentation), ends, strict=True):
        bounds = [0.0] * 6
        node.GetRASBounds(bounds)
        row[:] = bounds
    if (ends[:, ::2].max(axis=0) >= ends[:, 1::2].min(axis=0)).any():
        return False
    try:
        read_ct(volume)
    except SceneError:
        return False
    return True


def _nodes(scene: Any, kind: str) -> list[Any]:
    """Of one kind, that users see and that are saved: neither label volumes nor what the views need for themselves."""
    return [
        node
        for node in nodes_of(scene, kind)
        if node.GetSaveWithScene() and not node.GetHideFromEditors() and not node.IsA("vtkMRMLLabelMapVolumeNode")
    ]


def _file_alone(scene: Any, node: Any) -> None:
    file_into(scene, hierarchy_of(scene).GetSceneItemID(), [node])
