"""Scenes and cases as files: each appears whole or not at all, and what cannot be written is told with its remedy."""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from GuideGenLib.anatomy.label_volumes import write_anatomy
from GuideGenLib.anatomy.table import write_labels_csv
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.files import atomic, remedy, staged, utf8_path, write_json, write_text
from GuideGenLib.core.volumes import write_volume
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.runs.dated import OUT_OF_DATE, out_of_date
from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.segments.segmentation import read_anatomy

ANATOMY, LABELS, CT, PROVENANCE = "anatomy.nii.gz", "labels.csv", "ct.nii.gz", "provenance.json"
NOTICE = "CT-OUT-OF-DATE.txt"
"""Beside a CT that does not show its anatomy any more, in words."""

UNKNOWN_NODE = "Failed to CreateNodeByClass: "
"""How Slicer begins its message of a node whose module is not installed."""


def save_mrb(scene: Any, path: Path) -> None:
    """Write the whole scene to a .mrb, Slicer's bundle of one file; an older file stays until the new one is whole.

    Raises SceneError for another ending, a folder that is missing or not writable, a full disk.
    """
    import slicer

    path = Path(path)
    if path.suffix.lower() != ".mrb":
        raise SceneError(f"{path.name} does not end in .mrb", "a .mrml file alone would lose the volumes; name a .mrb")
    messages = slicer.vtkMRMLMessageCollection()
    try:
        with atomic(path.absolute()) as private:
            with _quiet(), utf8_path(private) as name:
                written = scene.WriteToMRB(name, None, messages)
            if not written:
                raise _not_written(path, _first_line(messages))
    except VolumeError as error:
        raise SceneError(error.message, error.remedy) from error


def save_unpacked(scene: Any, folder: Path) -> Path:
    """Write what a .mrb holds into an empty folder, voxels as they are, and return the scene document.

    Zipped, the folder is the same .mrb; it takes a quarter of the time of `save_mrb`, and zipping needs no scene. The
    document says that voxels are to be packed when they are saved again. Raises SceneError.
    """
    import slicer

    packed = [storage for storage in _voxel_storages(scene) if storage.GetUseCompression()]
    messages = slicer.vtkMRMLMessageCollection()
    for storage in packed:
        storage.SetUseCompression(False)
    try:
        with _quiet():
            written = scene.SaveSceneToSlicerDataBundleDirectory(str(folder), None, messages)
    finally:
        for storage in packed:
            storage.SetUseCompression(True)
    documents = list(Path(folder).glob("*.mrml"))
    if not written or not documents:
        raise _not_written(Path(folder), _first_line(messages))
    text = documents[0].read_text(encoding="utf-8")
    documents[0].write_text(text.replace('useCompression="0"', 'useCompression="1"'), encoding="utf-8", newline="\n")
    return documents[0]


def load_mrb(scene: Any, path: Path) -> tuple[str, ...]:
    """Add what a .mrb holds to a scene outside Slicer (`headless.new_scene`); within it, use slicer.util.loadScene.

    Nodes of a module that is not here are left out, as Slicer leaves them out; their classes are returned.

    Raises SceneError for a file that is missing, damaged or no .mrb. What could be read of a damaged one stays in the
    scene: load into a new scene and throw it away then.
    """
    import slicer

    path = Path(path)
    if not path.is_file():
        raise SceneError(f"{path} does not exist", "check the path")
    messages = slicer.vtkMRMLMessageCollection()
    before = scene.GetURL(), scene.GetRootDirectory()
    with tempfile.TemporaryDirectory(prefix="guidegen-") as folder:
        document = _unpack(path, Path(folder))
        try:
            with _quiet():
                scene.SetURL(str(document))
                done = scene.Import(messages)
        finally:
            scene.SetURL(before[0])
            scene.SetRootDirectory(before[1])
    errors = _errors(messages)
    failures = [error for error in errors if not error.startswith(UNKNOWN_NODE)]
    if failures or not (done or errors):  # not done because of an unknown node alone is done without it
        reason = failures[0] if failures else _first_line(messages)
        raise SceneError(f"{path} could not be read as a whole ({reason})", "copy or download it again")
    return tuple(sorted({error.removeprefix(UNKNOWN_NODE) for error in errors}))


@dataclass(frozen=True)
class SavedCase:
    """What goes into files: labels (uint8), HU (int16) or None, the record or None."""

    anatomy: sitk.Image
    ct: sitk.Image | None
    provenance: dict[str, Any] | None

    @property
    def out_of_date(self) -> str:
        """What the CT does not show of the anatomy; "" where it shows all."""
        return str((self.provenance or {}).get(OUT_OF_DATE, ""))

    @property
    def names(self) -> list[str]:
        """The files that `write_case` writes."""
        wanted = {ANATOMY: True, LABELS: True, CT: self.ct is not None, PROVENANCE: self.provenance is not None}
        wanted[NOTICE] = bool(self.out_of_date)
        return [name for name, there in wanted.items() if there]


def read_case(segmentation: Any, ct: Any) -> SavedCase:
    """A segmentation node and its CT node, which may be None; a CT that shows another state of the anatomy says so in
    the record. Raises SceneError when the CT lies elsewhere."""
    anatomy = read_anatomy(segmentation)
    volume = read_ct(ct, anatomy) if ct is not None else None
    record = (provenance_of(ct) if ct is not None else None) or provenance_of(segmentation)
    sentence = out_of_date(segmentation, ct)
    return SavedCase(anatomy, volume, {**record, OUT_OF_DATE: sentence} if record and sentence else record)


def write_case(case: SavedCase, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """The second half of `export_folder`, which needs no scene and so may run in a thread of its own."""
    with _checked(Path(folder).absolute(), case.names, overwrite) as private:
        write_anatomy(case.anatomy, private / ANATOMY)
        write_labels_csv(private / LABELS)
        if case.ct is not None:
            write_volume(case.ct, private / CT)
        if case.provenance is not None:
            write_json(case.provenance, private / PROVENANCE)
        if case.out_of_date:
            write_text(f"{case.out_of_date}. Make the CT again before the two are used together.\n", private / NOTICE)
    return [Path(folder) / name for name in case.names]


def export_folder(segmentation: Any, ct: Any, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write anatomy.nii.gz, labels.csv, ct.nii.gz and provenance.json into a folder, and return their paths.

    `ct` may be None, and a record that the nodes do not have is left out. All files appear or none. Raises SceneError
    when the CT lies elsewhere than the anatomy, for files that are there already (without `overwrite`), a folder that
    cannot be written, a full disk.
    """
    return write_case(read_case(segmentation, ct), folder, overwrite=overwrite)


# ---------------------------------------------------------------- inside


@contextmanager
def _checked(folder: Path, names: Sequence[str], overwrite: bool) -> Iterator[Path]:
    """`staged` with the errors of this module: nothing is overwritten that should not be."""
    if folder.exists() and not folder.is_dir():
        raise SceneError(f"{folder} is a file", "choose a folder")
    there = [name for name in names if (folder / name).exists()]
    if there and not overwrite:
        raise SceneError(f"{folder} has {', '.join(there)} already", "choose another folder, or allow to overwrite")
    private = folder
    try:
        with staged(folder) as private:
            yield private
    except VolumeError as error:
        raise SceneError(str(error).replace(str(private), str(folder))) from error
    except OSError as error:
        raise SceneError(f"cannot write into {folder}", remedy(error)) from error


def _unpack(path: Path, folder: Path) -> Path:
    """Extract a bundle and return its scene document."""
    try:
        with zipfile.ZipFile(path) as bundle:
            bundle.extractall(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise SceneError(f"{path} is no .mrb or is damaged", "copy or download it again") from error
    except OSError as error:
        raise SceneError(f"{path} cannot be unpacked into the temporary folder", remedy(error)) from error
    documents = sorted(folder.glob("*/*.mrml")) + sorted(folder.glob("*.mrml"))
    if not documents:
        raise SceneError(f"{path} holds no scene", "choose a .mrb that Slicer or GuideGen wrote")
    return documents[0]


def _voxel_storages(scene: Any) -> list[Any]:
    """The storage nodes of all volumes and segmentations that are saved, made where there is none yet."""
    found = []
    for kind in ("vtkMRMLVolumeNode", "vtkMRMLSegmentationNode"):
        for node in nodes_of(scene, kind):
            if node.GetSaveWithScene() and (node.GetStorageNode() is not None or node.AddDefaultStorageNode()):
                found.append(node.GetStorageNode())
    return found


def _not_written(path: Path, reason: str) -> SceneError:
    return SceneError(
        f"cannot write {path} ({reason})", "the disk is full or not writable; free some space or choose another folder"
    )


def _errors(messages: Any) -> list[str]:
    """The errors, each without its place in Slicer's source."""
    import vtk

    kind = vtk.vtkCommand.ErrorEvent
    numbers = [n for n in range(messages.GetNumberOfMessages()) if messages.GetNthMessageType(n) == kind]
    texts = [" ".join(messages.GetNthMessageText(number).split()) for number in numbers]
    return [re.sub(r"^.*?\(0x[0-9a-f]+\): ", "", text) for text in texts]


def _first_line(messages: Any) -> str:
    """What Slicer said first, without places in its source and paths of temporary files."""
    lines = [line.strip("- ") for line in messages.GetAllMessagesAsString().splitlines() if line.strip("- ")]
    return re.split("'|ERROR:", lines[0].removeprefix("Error: "))[0].strip(" :") if lines else "no reason was given"


@contextmanager
def _quiet() -> Iterator[None]:
    """Outside Slicer VTK would print each file of a bundle; there the messages collected are enough."""
    import slicer
    import vtk

    if hasattr(slicer, "app"):
        yield
        return
    before, verbosity = vtk.vtkOutputWindow.GetInstance(), vtk.vtkLogger.GetCurrentVerbosityCutoff()
    vtk.vtkOutputWindow.SetInstance(vtk.vtkStringOutputWindow())
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)
    try:
        yield
    finally:
        vtk.vtkLogger.SetStderrVerbosity(verbosity)
        vtk.vtkOutputWindow.SetInstance(before)
