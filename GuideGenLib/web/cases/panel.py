"""The case list on the page: find, open and keep cases of a folder, tag, copy, rename, delete and undo."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from trame_server.utils.asynchronous import create_task
from undo_stack import Signal

from GuideGenLib.cases.catalogue import CaseCatalogue, beside, matching
from GuideGenLib.cases.entry import Entry
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.scenes import put_into, read_saved, take_out
from GuideGenLib.cases.thumbnail import thumbnail
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.scene.files import read_case
from GuideGenLib.scene.nodes import present
from GuideGenLib.web.cases.widgets import build_list
from GuideGenLib.web.files.opening import Opener, Upload, has_work
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.changes import corrections_after
from GuideGenLib.workflow.runs import CORRECTIONS
from GuideGenLib.workflow.words import say, sentence, told

LEFT_OUT = "Its CT shows another anatomy and was left out: make it again."
WORK_FIRST = (
    "The scene has work in it: keep it as a case or save it, then begin a new scene (Files), and open this one."
)


class CasesPanel(Panel):
    """`opened(record, corrections)`: of a case that came into the scene, as Opener.scene_loaded.

    A case that was opened here and not changed gives its place to the next one, so that a list can be gone through
    without filling the scene.
    """

    opened = Signal(dict, str)

    def __init__(self, server: Any, workspace: Workspace, folder: Path, opener: Opener) -> None:
        super().__init__(server, workspace)
        self.catalogue, self.opener = CaseCatalogue(folder), opener
        self._shown: tuple[Any, Any] = (None, None)
        self._changed = False
        self._bad: dict[tuple[str, float], str] = {}
        self.state.update(
            {
                "cases_search": "", "cases_rows": [], "cases_count": 0, "cases_chosen": "", "cases_open": "",
                "cases_tags": "", "cases_name": "", "cases_trash": 0, "cases_busy": "", "cases_picked": [],
                "cases_can_keep": False,
            }
        )  # fmt: skip
        self.state.change("cases_search")(lambda **_: self.refresh())
        workspace.edited.connect(self._on_edited)
        workspace.chosen.connect(self._on_chosen)
        self.refresh()
        workspace.spoken.connect(self.refresh)

    # ------------------------------------------------------------ the list

    def refresh(self) -> None:
        """Show the folder as it is now."""
        try:
            entries = self.catalogue.entries()
        except CaseError as error:
            self.workspace.tell(sentence(error), "error")
            return
        names = {entry.name for entry in entries}
        shown = matching(entries, str(self.state.cases_search or ""))
        with self.state:
            self.state.cases_rows = [self._row(entry) for entry in shown]
            self.state.cases_count = len(entries)
            self.state.cases_trash = len(self.catalogue.trash.held())
            self.state.cases_picked = [name for name in self.state.cases_picked if name in names]
            if self.state.cases_chosen not in names:
                self._choose("")

    def choose(self, name: str) -> None:
        """The case that the buttons are about."""
        with self.state:
            self._choose(name)

    def open(self, name: str = "") -> None:
        """Bring a case into the scene: that of a name, or the chosen one."""
        self._begin(lambda: self._open(name or self.state.cases_chosen))

    def step(self, by: int) -> None:
        """Open the case before (-1) or after (1) the open one, among those that the search shows."""
        shown = matching(self.catalogue.entries(), str(self.state.cases_search or ""))
        entry = beside(shown, self.state.cases_open or self.state.cases_chosen, by)
        if entry is None:
            self.workspace.tell(
                say("This is the last case of the list." if by > 0 else "This is the first case."), "info"
            )
        else:
            self._begin(lambda: self._open(entry.name))

    def keep(self) -> None:
        """Keep the chosen anatomy and its CT as a new case, named by what is seen in it."""
        self._begin(self._keep)

    # ------------------------------------------------------------ changes

    def tag(self) -> None:
        """Give the chosen case the tags that are typed, between commas."""
        typed = str(self.state.cases_tags or "").split(",")
        self._change(lambda name: self.catalogue.tag(name, typed), say("Tags kept."))

    def rename(self, by_findings: bool = False) -> None:
        """Give the chosen case the name that is typed, or the one that tells what is seen in it."""
        new = "" if by_findings else str(self.state.cases_name or "").strip()
        self._change(lambda name: self.catalogue.rename(name, new), "")

    def duplicate(self) -> None:
        """Copy the chosen case."""
        self._change(self.catalogue.duplicate, say("Copied."))

    def delete(self) -> None:
        """Move the chosen case to the trash."""
        self._change(self.catalogue.delete, say("Deleted. Undo takes it back."))

    def undo_delete(self) -> None:
        """Take the last deleted case back."""
        self._change(lambda _: self.catalogue.undo_delete(), say("Taken back."))

    # ------------------------------------------------------------ pictures

    def add_routes(self, application: Any) -> None:
        """The thumbnails (aiohttp.web.Application)."""
        application.router.add_get("/cases/thumbnail", self._thumbnail, allow_head=False)

    async def _thumbnail(self, request: Any) -> Any:
        """The picture of the case that `name` names, of which this also finds out whether it is whole."""
        from aiohttp import web

        try:
            entry = self.catalogue.entry(request.query.get("name", ""))
            if entry.is_scene or entry.problem:
                raise CaseError("this case has no picture")
            return web.Response(body=await asyncio.to_thread(thumbnail, entry.path), content_type="image/png")
        except CaseError as error:
            if "entry" in locals() and not entry.problem and not entry.is_scene:
                self._bad[entry.name, entry.changed] = str(error)
                self.refresh()
            return web.Response(status=404, text=sentence(error))

    # ------------------------------------------------------------ inside

    def build(self) -> None:
        """List and buttons."""
        build_list(self)

    def _row(self, entry: Entry) -> dict[str, Any]:
        problem = entry.problem or self._bad.get((entry.name, entry.changed), "")
        old = say("CT out of date.") if entry.out_of_date else ""
        described = entry.text or ("" if old else say("A scene of Slicer" if entry.is_scene else "No description"))
        return {
            "name": entry.name,
            "text": " ".join(words for words in (old, described) if words),
            "tags": list(entry.tags),
            "problem": told(problem),
            "picture": "" if entry.is_scene or problem else f"{entry.changed:.3f}",
            "ct": entry.has_ct,
            "scene": entry.is_scene,
        }

    def _choose(self, name: str) -> None:
        row = next((row for row in self.state.cases_rows if row["name"] == name), None)
        tags = ", ".join(row["tags"]) if row is not None else ""
        self.state.update({"cases_chosen": name, "cases_tags": tags, "cases_name": name})

    def _change(self, change: Callable[[str], Entry | None], done: str) -> None:
        name = self.state.cases_chosen
        try:
            entry = change(name)
        except GuideGenError as error:
            self.workspace.tell(sentence(error), "warning")
            self.refresh()
            return
        with self.state:
            if entry is not None and self.state.cases_open == name != entry.name and not self._is_there(name):
                self.state.cases_open = entry.name
            self.refresh()
            self._choose(entry.name if entry is not None else "")
        renamed = say("It is called {name} now.", name=entry.name if entry else "")
        self.workspace.tell(done or renamed, "success")

    def _is_there(self, name: str) -> bool:
        try:
            return bool(self.catalogue.entry(name))
        except CaseError:
            return False

    def _begin(self, work: Callable[[], Awaitable[str]]) -> None:
        """One thing at a time, beside the event loop."""
        if self.state.cases_busy or self.workspace.busy:
            self.workspace.tell(say("Something goes on already: wait for its end."), "warning")
            return
        create_task(self._do(work))

    async def _do(self, work: Callable[[], Awaitable[str]]) -> None:
        with self.state:
            self.state.cases_busy = say("Reading…")
        try:
            end, kind = await work(), "success"
        except (GuideGenError, OSError) as error:
            end, kind = sentence(error), "error"
        with self.state:
            self.state.cases_busy = ""
        self.workspace.tell(end, kind)
        self.refresh()

    async def _open(self, name: str) -> str:
        entry = self.catalogue.entry(name)
        if entry.is_scene:
            await self._open_scene(entry)
        else:
            case = await asyncio.to_thread(read_saved, entry)
            before, changed = self._shown, self._changed
            segmentation, ct = put_into(self.workspace.scene, case, entry.name)
            record = case.provenance or {}
            corrections = corrections_after(record)
            segmentation.SetAttribute(CORRECTIONS, corrections)
            self.workspace.choose(segmentation=segmentation, ct=ct, compared=None)
            if not changed:
                take_out(self.workspace.scene, present(before[0]), present(before[1]))
                self.workspace.choose()
            self._shown, self._changed = (segmentation, ct), False
            self.opened.emit(record, corrections)
        with self.state:
            self.state.cases_open = entry.name
            self._choose(entry.name)
        return say("Opened {name}.", name=entry.name) + (f" {say(LEFT_OUT)}" if entry.out_of_date else "")

    async def _open_scene(self, entry: Entry) -> None:
        """As an uploaded one is opened: checked in a process of its own, from a copy."""
        mine = [node for node in self._shown if present(node) is not None]
        if has_work(self.workspace.scene) and (self._changed or not mine):
            raise CaseError(WORK_FIRST)
        with tempfile.TemporaryDirectory(prefix="case-", dir=self.workspace.folder) as folder:
            copy = Path(folder) / "case.mrb"
            await asyncio.to_thread(shutil.copyfile, entry.path, copy)
            await self.opener.open(Upload(copy, entry.path.name, replace=True), lambda: False)
        self._shown, self._changed = (None, None), False

    async def _keep(self) -> str:
        if self.workspace.segmentation is None:
            raise CaseError("there is no anatomy yet", "generate one, or open a case")
        case = read_case(self.workspace.segmentation, self.workspace.ct)
        entry = await asyncio.to_thread(self.catalogue.keep, case)
        with self.state:
            self.state.cases_search = ""
            self.refresh()
            self._choose(entry.name)
        return say("Kept as {name}.", name=entry.name)

    def _on_edited(self) -> None:
        self._changed = True

    def _on_chosen(self) -> None:
        """A new CT, or another anatomy, is work that nobody takes away."""
        chosen = self.workspace.segmentation, self.workspace.ct
        if present(self._shown[0]) is not None and chosen != self._shown:
            self._changed = True
        with self.state:
            self.state.cases_can_keep = self.workspace.segmentation is not None
            if present(self._shown[0]) is None and self.workspace.segmentation is None:
                self.state.cases_open = ""
