"""Stand-ins of slicer.app and what hangs on it: real scene and logics, no views (Base/QTCore, Base/QTGUI)."""

import tempfile
from pathlib import Path
from typing import Any, ClassVar
from zipfile import ZipFile

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .rules import ruled

_LOGICS = {
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "VolumeRendering": "vtkSlicerVolumeRenderingLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Data": "vtkSlicerDataModuleLogic",
}


def make_scene() -> tuple[Any, Any, dict[str, Any]]:
    """Scene, application logic and the module logics by name; logics come before nodes, which they register."""
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerApplicationLogic()
    logic.SetMRMLScene(scene)
    logic.GetColorLogic().SetMRMLScene(scene)
    logic.GetColorLogic().AddDefaultColorNodes()
    logics = {}
    for name, class_name in _LOGICS.items():
        logics[name] = getattr(slicer, class_name)()
        logics[name].SetMRMLScene(scene)
        logics[name].SetMRMLApplicationLogic(logic)
        logic.SetModuleLogic(name, logics[name])
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
    return scene, logic, logics


class HierarchyLogic:
    """What the plugins of the subject hierarchy do (qSlicerSubjectHierarchyPluginLogic): a node that is shown gets an
    item of its own at the root, and the item goes with the node."""

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        scene.AddObserver(scene.NodeAddedEvent, self._added)
        scene.AddObserver(scene.NodeAboutToBeRemovedEvent, self._removed)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _added(self, _scene: Any, _event: Any, node: Any) -> None:
        shown = isinstance(node, slicer.vtkMRMLDisplayableNode | slicer.vtkMRMLTextNode)
        if shown and not node.GetHideFromEditors() and not self._scene.IsImporting():
            hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self._scene)
            if not hierarchy.GetItemByDataNode(node):
                hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _removed(self, _scene: Any, _event: Any, node: Any) -> None:
        if isinstance(node, slicer.vtkMRMLSubjectHierarchyNode) or self._scene.IsClosing():
            return
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self._scene)
        item = hierarchy.GetItemByDataNode(node)
        if item:
            hierarchy.RemoveItem(item, False, False)


class qMRMLSliceWidget(QtWidgets.QWidget):
    """One slice view without pixels."""

    def __init__(self, logic: Any) -> None:
        QtWidgets.QWidget.__init__(self)
        self._logic = logic

    def sliceLogic(self) -> Any:
        """The real logic."""
        return self._logic

    def mrmlSliceNode(self) -> Any:
        """The real slice node."""
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        """The real composite node."""
        return self._logic.GetSliceCompositeNode()


class qSlicerLayoutManager(QtCore.QObject):
    """Three slice views; no 3D view."""

    layoutChanged = QtCore.Signal(int)
    threeDViewCount = QtCore.Property(int, lambda self: 0)

    def __init__(self, scene: Any, application_logic: Any) -> None:
        QtCore.QObject.__init__(self)
        self._scene = scene
        self._layout = 3
        self._logics = vtk.vtkCollection()
        self._slices = {}
        for name in ("Red", "Green", "Yellow"):
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLScene(scene)
            logic.SetMRMLApplicationLogic(application_logic)
            logic.AddSliceNode(name)
            self._logics.AddItem(logic)
            self._slices[name] = ruled(qMRMLSliceWidget)(logic)
        application_logic.SetSliceLogics(self._logics)

    def sliceViewNames(self) -> tuple[str, ...]:
        """Red, Green, Yellow."""
        return tuple(self._slices)

    def sliceWidget(self, name: str) -> Any:
        """None for a name that it does not have."""
        return self._slices.get(name)

    def mrmlSliceLogics(self) -> Any:
        """A vtkCollection."""
        return self._logics

    def mrmlScene(self) -> Any:
        """The scene."""
        return self._scene

    def resetSliceViews(self) -> None:
        """No pixels, nothing to do."""

    def resetThreeDViews(self) -> None:
        """No pixels, nothing to do."""

    def _set_layout(self, layout: int) -> None:
        self._layout = layout
        self.layoutChanged.emit(layout)

    layout = QtCore.Property(int, lambda self: self._layout, _set_layout)
    setLayout = _set_layout


class qSlicerModuleManager(QtCore.QObject):
    """Knows the modules that the host has; moduleAboutToBeUnloaded calls a scripted widget's cleanup."""

    moduleLoaded = QtCore.Signal(str)
    moduleAboutToBeUnloaded = QtCore.Signal(str)

    def modulesNames(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(module.name for module in vars(slicer.modules).values())

    def module(self, name: str) -> Any:
        """None for a module that the host does not have."""
        return getattr(slicer.modules, name.lower(), None)


class qSlicerIOManager(QtCore.QObject):
    """Saves and loads whole scenes."""

    newFileLoaded = QtCore.Signal(object)

    def __init__(self, scene: Any) -> None:
        QtCore.QObject.__init__(self)
        self._scene = scene

    def saveScene(self, path: str, _image: Any = None, _messages: Any = None) -> bool:
        """As .mrb."""
        self._scene.SetURL(path)
        self._scene.SetRootDirectory(str(Path(path).parent))
        return bool(self._scene.WriteToMRB(path))

    def loadScene(self, path: str, clear: bool = True, _messages: Any = None) -> bool:
        """An .mrb or .mrml; `clear` closes the present scene first."""
        if clear:
            self._scene.Clear(False)
        with tempfile.TemporaryDirectory() as folder:
            mrml = Path(path)
            if mrml.suffix == ".mrb":
                with ZipFile(path) as archive:
                    archive.extractall(folder)
                mrml = next(Path(folder).rglob("*.mrml"))
            self._scene.SetURL(str(mrml))
            return bool(self._scene.Import(None))


class qSlicerApplication(QtWidgets.QApplication):
    """The application object."""

    startupCompleted = QtCore.Signal()
    mrmlSceneChanged = QtCore.Signal(object)
    renderPaused = QtCore.Signal(bool)
    _signatures: ClassVar[dict[str, str]] = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}

    majorVersion = QtCore.Property(int, lambda self: 5)
    minorVersion = QtCore.Property(int, lambda self: 12)
    isInstalled = QtCore.Property(bool, lambda self: False)
    slicerHome = QtCore.Property(str, lambda self: self._folder)
    temporaryPath = QtCore.Property(str, lambda self: self._folder)
    defaultScenePath = QtCore.Property(str, lambda self: self._folder)
    documentationBaseUrl = QtCore.Property(str, lambda self: "https://slicer.readthedocs.io/")

    def __init__(self) -> None:
        QtWidgets.QApplication.__init__(self, ["Slicer"])
        self.setApplicationName("Slicer")
        self.setOrganizationName("Slicer")
        QtWidgets.QApplication.setQuitOnLastWindowClosed(False)
        self._held = tempfile.TemporaryDirectory(prefix="host-")
        self._folder = self._held.name
        QtCore.QSettings.setDefaultFormat(QtCore.QSettings.Format.IniFormat)
        QtCore.QSettings.setPath(
            QtCore.QSettings.Format.IniFormat, QtCore.QSettings.Scope.UserScope, f"{self._folder}/settings"
        )
        self._scene, self._logic, self._logics = make_scene()
        self._hierarchy = HierarchyLogic(self._scene)
        self._layout = ruled(qSlicerLayoutManager)(self._scene, self._logic)
        self._modules = ruled(qSlicerModuleManager)()
        self._io = ruled(qSlicerIOManager)(self._scene)

    def mrmlScene(self) -> Any:
        """The real scene."""
        return self._scene

    def applicationLogic(self) -> Any:
        """The real application logic."""
        return self._logic

    def layoutManager(self) -> Any:
        """Slice views by name."""
        return self._layout

    def moduleManager(self) -> Any:
        """Modules by name."""
        return self._modules

    def moduleLogic(self, name: str) -> Any:
        """None for a module that the host does not have."""
        return self._logics.get(name)

    def ioManager(self) -> Any:
        """Scenes in and out."""
        return self._io

    coreIOManager = ioManager

    def settings(self) -> Any:
        """In the host's own folder."""
        return ruled(QtCore.QSettings)()

    userSettings = settings

    def testingEnabled(self) -> bool:
        """False: messages are shown, that is, recorded."""
        return False

    def translate(self, context: str, text: str) -> str:  # type: ignore[override]
        """English."""
        return text

    def moduleDocumentationUrl(self, name: str) -> str:
        """Where Slicer would look."""
        return f"https://slicer.readthedocs.io/modules/{name.lower()}.html"

    def pauseRender(self) -> None:
        """Nothing is rendered."""

    def resumeRender(self) -> None:
        """Nothing is rendered."""

    def setRenderPaused(self, pause: bool) -> None:
        """Nothing is rendered."""
