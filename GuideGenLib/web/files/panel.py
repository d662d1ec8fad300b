"""Files of the page: anatomies, CTs and scenes opened, scenes and cases saved, and a new scene."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from trame.widgets import client, html
from trame.widgets import vuetify3 as v3

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.files import read_case
from GuideGenLib.web.files.asking import MULTIPLE_CHOICES
from GuideGenLib.web.files.asking_dialog import STATE as ASKED_STATE
from GuideGenLib.web.files.asking_dialog import build_question
from GuideGenLib.web.files.downloads import send, write_dicom, write_montage, write_nifti, write_scene
from GuideGenLib.web.files.limits import ENDINGS
from GuideGenLib.web.files.opening import AskError, GoneError, Opener, Upload, has_work
from GuideGenLib.web.files.page import SCRIPT, STATE
from GuideGenLib.web.files.uploads import UploadError, private_path, receive, shown_name
from GuideGenLib.web.files.volume_check import CHOSEN, KINDS
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.scripts import once
from GuideGenLib.web.words import options
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.words import say, sentence, told

KIND_TITLES = {
    "auto": "Find out",
    "anatomy": "Anatomy",
    "totalsegmentator": "Anatomy (TotalSegmentator)",
    "maisi": "Anatomy (MAISI)",
    "amos": "Anatomy (AMOS)",
    "btcv": "Anatomy (BTCV)",
    "guidegen21": "Anatomy (GuideGen's 21 classes)",
    "ct": "CT",
}
DOWNLOADS = (
    ("scene", "case.mrb", "Scene (.mrb)", "mdi-package-down", "The whole scene in one file, for 3D Slicer"),
    (
        "nifti",
        "case.zip",
        "NIfTI (.zip)",
        "mdi-folder-zip-outline",
        "anatomy.nii.gz, ct.nii.gz, labels.csv, provenance",
    ),
    (
        "dicom",
        "study.zip",
        "DICOM (.zip)",
        "mdi-hospital-box-outline",
        "CT series, segmentation with codes and report, marked as synthetic",
    ),
    ("png", "views.png", "Picture (.png)", "mdi-image-outline", "The four views as they are, marked as synthetic"),
)
"""Name, address under files/, title, icon, what it is."""
NEEDED = {
    "nifti": ("files_anatomy", "There is no anatomy yet"),
    "dicom": ("files_ct", "There is no CT of the anatomy yet"),
}
"""What must be chosen for a download, as a state, and what is said while it is not; of others any work."""
ENDS = (
    "({broken: `The connection broke while ${files_name} was sent.`, cancelled: 'Cancelled; the scene is as it was.', "
    "unopened: `${files_name} was not opened; the scene is as it was.`})"
)
"""How an upload may end without an answer of the server, as an expression of the page."""

PICTURED = ("axial", "sagittal", "coronal", "threed")
FLUSH_S = 0.05


class FilesPanel(Panel):
    """`scene_loaded` tells of a scene that came in. views: has `png(name) -> bytes` for the names of PICTURED."""

    def __init__(self, server: Any, workspace: Workspace, max_upload_mb: int, views: Any = None) -> None:
        super().__init__(server, workspace)
        self.views = views
        self.opener = Opener(workspace)
        self.scene_loaded = self.opener.scene_loaded
        self._limit = max_upload_mb * 2**20
        self._opening = False
        self.state.update(
            {
                **STATE,
                **ASKED_STATE,
                "files_has_work": False,
                "files_anatomy": False,
                "files_ct": False,
                "files_preparing": "",
            }
        )
        self.state.client_only(*STATE, *ASKED_STATE)
        workspace.chosen.connect(self.refresh)

    def refresh(self) -> None:
        """What can be saved now."""
        with self.state:
            self.state.files_has_work = has_work(self.workspace.scene)
            self.state.files_anatomy = self.workspace.segmentation is not None
            self.state.files_ct = self.state.files_anatomy and self.workspace.ct is not None

    def new(self) -> None:
        """Clear the scene for a new case."""
        try:
            self.opener.clear()
        except SceneError as error:
            self.workspace.tell(sentence(error), "warning")
        self.refresh()

    # ------------------------------------------------------------ routes

    def add_routes(self, application: Any) -> None:
        """HTTP routes of uploads and downloads (aiohttp.web.Application)."""
        application.router.add_post("/files/upload", self._upload)
        for _, address, *_ in DOWNLOADS:
            application.router.add_get(f"/files/{address}", self._download, allow_head=False)

    async def _upload(self, request: Any) -> Any:
        """200 with notes for the user, 300 with a question, or another status with what is wrong."""
        from aiohttp import ClientError, web

        name = shown_name(request.query.get("name", ""))
        try:
            if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
                raise UploadError(403, "The request comes from a page of another site.")
            if self._opening:
                raise UploadError(409, "Another file is being read: wait for its end.")
            self._opening = True
            try:
                notes = await self._open(request, name)
            finally:
                self._opening = False
        except AskError as error:
            return web.json_response(error.question, status=MULTIPLE_CHOICES)
        except (UploadError, SceneError) as error:
            text = sentence(error)
            self.workspace.tell(text, "error")
            return web.Response(status=getattr(error, "status", 400), text=text)
        except (GoneError, ConnectionError, ClientError):
            return web.Response(status=400, text=say("Cancelled."))
        finally:
            self.refresh()
        text = say("Opened {name}.", name=name) + (f"\n{told(notes)}" if notes else "")
        self.workspace.tell(text, "warning" if notes else "success")
        return web.Response(text=text)

    async def _open(self, request: Any, name: str) -> str:
        kind = request.query.get("kind", KINDS[0])
        if kind not in (*KINDS, *CHOSEN):
            raise UploadError(400, f"There is no kind of file {kind[:20]!r}: choose {', '.join(KINDS)}.")
        with tempfile.TemporaryDirectory(prefix="upload-", dir=self.workspace.folder) as folder:
            path = private_path(Path(folder), name)
            await receive(request, path, self._limit)
            upload = Upload(path, name, kind, replace=request.query.get("replace") == "1")
            return await self.opener.open(upload, lambda: request.transport is None or request.transport.is_closing())

    async def _download(self, request: Any) -> Any:
        """A file made for this request and removed after it."""
        from aiohttp import web

        address = request.path.rsplit("/", 1)[-1]
        name, make, kind = {
            "case.mrb": ("scene", self._make_scene, "application/zip"),
            "case.zip": ("nifti", self._make_nifti, "application/zip"),
            "study.zip": ("dicom", self._make_dicom, "application/zip"),
            "views.png": ("png", self._make_picture, "image/png"),
        }[address]
        with tempfile.TemporaryDirectory(prefix="download-", dir=self.workspace.folder) as folder:
            try:
                path = await self._prepared(name, make, Path(folder))
            except (GuideGenError, OSError) as error:
                text = sentence(error)
                self.workspace.tell(text, "error")
                return web.Response(status=400, text=text)
            return await send(request, path, kind)

    async def _prepared(self, name: str, make: Callable[[Path], Awaitable[Path]], folder: Path) -> Path:
        with self.state:
            self.state.files_preparing = name
        await asyncio.sleep(FLUSH_S)  # the page hears of it before the scene is read, which holds up all else
        try:
            return await make(folder)
        finally:
            with self.state:
                self.state.files_preparing = ""

    async def _make_scene(self, folder: Path) -> Path:
        if not has_work(self.workspace.scene):
            raise SceneError("there is nothing in the scene to save: generate an anatomy, or open one")
        path = await write_scene(self.workspace.scene, folder)
        self.workspace.saved.emit()
        return path

    async def _make_nifti(self, folder: Path) -> Path:
        return await write_nifti(read_case(self.workspace.segmentation, self.workspace.ct), folder)

    async def _make_dicom(self, folder: Path) -> Path:
        return await write_dicom(read_case(self.workspace.segmentation, self.workspace.ct), folder)

    async def _make_picture(self, folder: Path) -> Path:
        pictures = []
        for name in PICTURED:
            pictures.append(self.views.png(name))
            await asyncio.sleep(0)  # another request may come in between
        return await asyncio.to_thread(write_montage, pictures, folder)

    # ------------------------------------------------------------ widgets

    def build(self) -> None:
        """Open, save, new."""
        client.Script(once(SCRIPT))
        self._build_open()
        self._build_progress()
        html.Div("Save", classes="text-subtitle-2 mt-3 mb-1")
        for name, address, title, icon, meaning in DOWNLOADS:
            self._build_download(name, address, title, icon, meaning)
        self._build_new()
        build_question()
        self._build_question(
            "replace",
            "Replace the scene?",
            "“{{ files_name }}” takes the place of everything in this scene. What was not saved is lost.",
            "window.guidegenFiles.answer(true)",
            "window.guidegenFiles.answer(false)",
        )
        self._build_question(
            "new",
            "Begin a new scene?",
            "Anatomies and CTs of this scene go. What was not saved is lost.",
            f"files_question = ''; trigger('{self.server.trigger_name(self.new)}')",
            "files_question = ''",
        )

    def _build_open(self) -> None:
        html.Input(
            id="files-input",
            type="file",
            multiple=True,
            accept=",".join((*ENDINGS, ".gz")),
            change="window.guidegenFiles.add($event.target.files); $event.target.value = ''",
            style="display: none",
        )
        v3.VSelect(
            id="files-kind",
            v_model=("files_kind",),
            items=(options({kind: KIND_TITLES[kind] for kind in KINDS}),),
            label="A NIfTI or NRRD file is",
            classes="mb-2",
        )
        v3.VBtn(
            "Open a file",
            id="files-upload",
            click="window.document.getElementById('files-input').click()",
            block=True,
            color="primary",
            prepend_icon="mdi-upload",
            disabled=("files_phase !== ''",),
            title=(
                "files_phase ? 'A file is being opened' : "
                "'Scene (.mrb), anatomy or CT (.nii.gz, .nrrd, .seg.nrrd, DICOM in a .zip)'",
            ),
        )
        html.Div("… or drop it anywhere on the page.", classes="text-caption text-medium-emphasis")

    def _build_progress(self) -> None:
        with html.Div(v_if=("files_phase !== ''",), classes="d-flex align-center ga-2 mt-1"):
            with html.Div(style="flex: 1; min-width: 0"):
                html.Div(
                    "{{ files_phase === 'sending' ? `Sending ${files_name}: ${files_sent} %`"
                    " : `Reading ${files_name}…` }}",
                    id="files-state",
                    role="status",
                    classes="text-body-2 text-truncate",
                )
                v3.VProgressLinear(
                    id="files-progress",
                    model_value=("files_sent",),
                    indeterminate=("files_phase === 'reading'",),
                    height=6,
                    rounded=True,
                    color="primary",
                )
            v3.VBtn(
                "Cancel",
                id="files-cancel",
                click="window.guidegenFiles.cancel()",
                size="small",
                variant="tonal",
            )
        html.Div(
            f"{{{{ {ENDS}[files_result] || files_result }}}}",
            id="files-result",
            v_if=("files_result !== '' && files_phase === ''",),
            role="status",
            classes=("files_failed ? 'text-body-2 mt-1 text-error' : 'text-body-2 mt-1'",),
            style="white-space: pre-line; overflow-wrap: anywhere",
        )

    def _build_download(self, name: str, address: str, title: str, icon: str, meaning: str) -> None:
        there, nothing = NEEDED.get(name, ("files_has_work", "There is nothing in the scene yet"))
        v3.VBtn(
            f"{{{{ files_preparing === '{name}' ? 'Preparing…' : '{title}' }}}}",
            id=f"files-download-{name}",
            click=f"window.guidegenFiles.save('files/{address}')",
            block=True,
            variant="tonal",
            prepend_icon=icon,
            disabled=(f"!{there} || files_preparing !== ''",),
            title=(f"{there} ? '{meaning}' : '{nothing}'",),
            classes="mb-1",
        )

    def _build_new(self) -> None:
        v3.VBtn(
            "New scene",
            id="files-new",
            click="files_question = 'new'",
            block=True,
            variant="text",
            prepend_icon="mdi-file-plus-outline",
            disabled=("!files_has_work || run_busy",),
            title=("files_has_work ? 'Clears the scene for a new case' : 'The scene is empty'",),
            classes="mt-2",
        )

    def _build_question(self, name: str, title: str, text: str, yes: str, no: str) -> None:
        with (
            v3.VDialog(model_value=(f"files_question === '{name}'",), max_width=420, persistent=True),
            v3.VCard(title=title, id=f"files-{name}-question"),
        ):
            v3.VCardText(text, style="overflow-wrap: anywhere")
            with v3.VCardActions():
                v3.VSpacer()
                v3.VBtn("Cancel", id=f"files-{name}-cancel", click=no)
                v3.VBtn(
                    "New scene" if name == "new" else "Replace",
                    id=f"files-{name}-confirm",
                    click=yes,
                    color="warning",
                    variant="flat",
                )
