"""Random use of the page's session, seeded: tools, keys, mouse, undo, findings, saved scenes; no browser, no model.

After each action the labels must be what the log of actions says: as before after all that only looks, one step back or
on after undo and redo, nothing but the painted label where a brush went; and no CT may ever change.
"""

import asyncio
import gc
import hashlib
import logging
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.runs.results import file_anatomy, file_ct
from GuideGenLib.scene.segments.reading import read_segmentation
from GuideGenLib.web.editor.history import STEPS
from GuideGenLib.web.files.downloads import write_scene
from GuideGenLib.web.files.opening import Upload
from GuideGenLib.web.views.keys.table import KEYS
from GuideGenLib.web.views.tools import LAYOUTS
from Testing.web import views_stage
from Testing.web.views_stage import RECORD, toy_anatomy, toy_ct

SIZE = (360, 300)
TURN_S = 0.01
LOOKS = ("views_surfaces", "views_crosshair", "views_labels", "views_smooth", "views_lines", "views_linked")
SELDOM = ("save_and_open",)
"""It starts a process that checks the file: seconds."""


class Monkey:
    """Within `views_stage.own_loop`. `log`: what was done; `problems`: what was wrong, empty if nothing."""

    def __init__(self, folder: Path, seed: int) -> None:
        from trame.app import get_server

        from GuideGenLib.web.app import WebApp

        self.folder, self.random = folder, random.Random(seed)
        server = get_server(f"monkey-{folder.name}-{seed}", client_type="vue3")
        self.app = WebApp(server, folder, None, "cpu", 64)
        self.state = server.state
        self.state.ready()
        self.log: list[str] = []
        self.problems: list[str] = []
        views_stage._loop.set_exception_handler(lambda _, told: self.problems.append(f"{self._now()}: {told}"))
        handler = logging.Handler(logging.ERROR)
        handler.emit = lambda record: self.problems.append(f"{self._now()}: {record.getMessage()}")  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)
        self._handler = handler
        self._begin()

    def close(self) -> None:
        """Let go of the scene and the log."""
        logging.getLogger().removeHandler(self._handler)
        views_stage._loop.set_exception_handler(None)
        self.app.views.surfaces.clear()
        self.app.workspace.choose(segmentation=None, ct=None, compared=None)
        self.app.workspace.scene.Clear(False)
        self._turn()

    def act(self) -> None:
        """One random action, and the look at what it did."""
        names = [name for name in ACTIONS if name not in SELDOM or self.random.random() < 0.02]
        name = self.random.choice(names)
        self.log.append(name)
        before, recorded = self.labels(), self._recorded()
        try:
            expected = ACTIONS[name](self)
        except Exception as error:
            self.problems.append(f"{self._now()}: {type(error).__name__}: {error}")
            return
        self._turn()
        self._check(before, recorded, expected)

    def renew(self) -> None:
        """A new scene with the same case, as by the button of the page: what was done until now is over."""
        self.log.append("new scene")
        self.app.files.opener.clear()
        self._turn()
        self._begin()

    # ------------------------------------------------------------ what is there

    def _begin(self) -> None:
        anatomy = toy_anatomy(tumor=True)
        workspace = self.app.workspace
        run = file_anatomy(workspace.scene, anatomy, RECORD, "monkey")
        old, new = (file_ct(workspace.scene, toy_ct(anatomy, hu), anatomy, RECORD, "monkey", run.segmentation)
                    for hu in (60, 110))  # fmt: skip
        workspace.choose(segmentation=run.segmentation, ct=new, compared=old)
        for view in self.app.views.views.values():
            view.update_size(*SIZE)
        self._turn()
        self._scans = self._hashes()
        self._forget()

    def _forget(self) -> None:
        """The history begins anew."""
        self._steps, self._at = [self.labels()], 0

    def labels(self) -> np.ndarray:
        """Of the chosen anatomy, empty where nothing is left of it."""
        try:
            image = read_segmentation(self.app.workspace.segmentation).anatomy
        except SceneError:
            return np.zeros((0, 0, 0), np.uint8)
        return sitk.GetArrayFromImage(image)

    def _hashes(self) -> list[str]:
        workspace = self.app.workspace
        cts = [ct for run in workspace.runs for ct in run.cts]
        return [hashlib.sha256(sitk.GetArrayFromImage(read_ct(ct)).tobytes()).hexdigest() for ct in cts]

    def _now(self) -> str:
        return f"action {len(self.log)}, {self.log[-1] if self.log else 'begin'}"

    def _turn(self, seconds: float = TURN_S) -> None:
        """Let the event loop go on, and the state be handled as from a browser."""
        self.state.flush()
        views_stage._loop.run_until_complete(asyncio.sleep(seconds))

    def _recorded(self) -> tuple[int, int]:
        """The last step of undo, and how many are done."""
        history = self.app.editor.history
        return (id(history._steps[-1]) if history._steps else 0, history._done)

    def _check(self, before: np.ndarray, recorded: tuple[int, int], expected: Any) -> None:
        after = self.labels()
        if self._hashes() != self._scans:
            self.problems.append(f"{self._now()}: a CT has changed")
            self._scans = self._hashes()
        if isinstance(expected, int):  # a step of the history: back or on
            at = self._at + expected
            if not same(after, self._steps[at]):
                self.problems.append(f"{self._now()}: not the labels of step {at}")
            self._at = at
            return
        changed, step = not same(before, after), self._recorded() != recorded
        if changed:
            if not step:
                self.problems.append(f"{self._now()}: labels changed, and undo knows nothing of it")
            if expected is None:
                self.problems.append(f"{self._now()}: labels changed by a look")
            elif callable(expected) and before.shape == after.shape and not expected(before, after):
                self.problems.append(f"{self._now()}: other labels than those that were painted")
        if changed or step:
            self._steps = [*self._steps[: self._at + 1], after][-STEPS - 1 :]
            self._at = len(self._steps) - 1

    # ------------------------------------------------------------ actions

    def _mouse(self, view: Any, press: str, points: int) -> None:
        interactor = view.interactor()
        x, y = self.random.randrange(60, SIZE[0] - 60), self.random.randrange(60, SIZE[1] - 60)
        for index in range(points):
            interactor.SetEventInformation(x, y, 0, 0, "\0", 0, None)
            interactor.MouseMoveEvent()
            if index == 0:
                interactor.InvokeEvent(f"{press}PressEvent")
            x, y = x + self.random.randrange(-15, 16), y + self.random.randrange(-15, 16)
        interactor.InvokeEvent(f"{press}ReleaseEvent")

    def _segment(self) -> str:
        rows = self.state.segments_rows
        chosen = str(self.random.choice(rows)["id"]) if rows else ""
        self.app.segments.choose(chosen)
        return chosen

    def paint(self) -> Any:
        chosen = self._segment()
        key = next((row["key"] for row in self.state.segments_rows if row["id"] == chosen), "")
        self.state.update({"editor_brush": self.random.uniform(4, 30), "editor_sphere": self.random.random() < 0.5})
        self.state.flush()
        return self._stroke("paint", {values().get(key, 0)})

    def erase(self) -> Any:
        self._segment()
        return self._stroke("erase", {0, values()["body"]})

    def draw(self) -> Any:
        chosen = self._segment()
        key = next((row["key"] for row in self.state.segments_rows if row["id"] == chosen), "")
        return self._stroke("draw", {values().get(key, 0)}, points=12)

    def _stroke(self, tool: str, painted: set[int], points: int = 5) -> Callable[[np.ndarray, np.ndarray], bool]:
        self.app.editor.use(tool)
        self._mouse(self.random.choice(self.app.views.slices), "LeftButton", points)
        self._turn()
        self.app.editor.use("none")
        allowed = painted | {values()["body"]}  # air that was enclosed becomes body, too
        return lambda before, after: set(np.unique(after[before != after]).tolist()) <= allowed

    def undo(self) -> int:
        can = self.app.editor.history.can_undo
        self.app.editor.undo()
        return -1 if can and self._at > 0 else 0

    def redo(self) -> int:
        can = self.app.editor.history.can_redo
        self.app.editor.redo()
        return 1 if can and self._at + 1 < len(self._steps) else 0

    def smooth_segment(self) -> str:
        if self._segment():
            self.app.editor.apply_smoothing()
        return "edit"

    def islands(self) -> str:
        if self._segment():
            self.app.editor.apply_islands()
        return "edit"

    def logical(self) -> str:
        chosen = self._segment()
        others = [row["id"] for row in self.state.segments_rows if row["id"] != chosen]
        if chosen and others:
            operation = self.random.choice(("add", "subtract", "intersect"))
            self.state.update({"editor_logical": operation, "editor_other": self.random.choice(others)})
            self.state.flush()
            self.app.editor.apply_logical()
        return "edit"

    def finding(self) -> str:
        if self._segment():
            self.app.segments.jump()
            drawing = self.app.lesion.add()
            if drawing is not None:
                views_stage._loop.run_until_complete(drawing)
        return "edit"

    def add_segment(self) -> None:
        self.state.segments_label = self.random.choice(("pancreas", "kidney_left", "stomach"))
        self.app.segments.add()

    def key(self) -> None:
        action = self.random.choice(KEYS).action
        self.log[-1] = f"key {action}"
        self.app.views.actions.act(action, self.random.choice(list(self.app.views.views)))

    def press(self) -> None:
        view = self.random.choice(list(self.app.views.views.values()))
        self._mouse(view, self.random.choice(("LeftButton", "RightButton", "MiddleButton")), 4)

    def wheel(self) -> None:
        view = self.random.choice(self.app.views.slices)
        view.interactor().SetEventInformation(180, 150, 0, 0, "\0", 0, None)
        for _ in range(self.random.randrange(1, 6)):
            view.interactor().InvokeEvent(self.random.choice(("MouseWheelForwardEvent", "MouseWheelBackwardEvent")))

    def look(self) -> None:
        name = self.random.choice(LOOKS)
        self.log[-1] = f"look {name}"
        self.state[name] = not self.state[name]
        self._turn(0.05)

    def layout(self) -> None:
        self.app.views.set_layout(self.random.choice(list(LAYOUTS)))

    def eye(self) -> None:
        if self.state.segments_rows:
            self.app.segments.show_one(self.random.choice(self.state.segments_rows)["id"])

    def jump(self) -> None:
        if self._segment():
            self.app.segments.jump()

    def picture(self) -> None:
        assert self.app.views.png(self.random.choice(list(self.app.views.views)))

    def save_and_open(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            path = views_stage._loop.run_until_complete(write_scene(self.app.workspace.scene, folder))
            upload = Upload(path, "monkey.mrb", "auto", replace=True)
            before = self.labels()
            views_stage._loop.run_until_complete(self.app.files.opener.open(upload, lambda: False))
            if not same(before, self.labels()):
                self.problems.append(f"{self._now()}: the saved scene has other labels")
        except GuideGenError as error:
            self.problems.append(f"{self._now()}: {error}")
        finally:
            shutil.rmtree(folder)
        self._scans = self._hashes()
        self._forget()


ACTIONS: dict[str, Callable[[Monkey], Any]] = {
    name: getattr(Monkey, name)
    for name in (
        "paint", "erase", "draw", "undo", "redo", "smooth_segment", "islands", "logical", "finding", "add_segment",
        "key", "press", "wheel", "look", "layout", "eye", "jump", "picture", "save_and_open",
    )
}  # fmt: skip
"""Each tells what it may do to the labels: None nothing, a number so many steps of the history, "edit" anything, or a
function of before and after that says whether that is right."""


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two label volumes are the same."""
    return one.shape == other.shape and bool((one == other).all())


def resident_mb() -> float:
    """Memory of this process now, after what can be given back was."""
    import ctypes

    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
