"""Makes `import slicer`, `qt` and `ctk` mean what they mean in Slicer: the real slicer-core, extended by stand-ins."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import slicer
import slicer.util
from PySide6 import QtCore, QtWidgets

from . import application, parameter_node, scripted_module
from .ctk_widgets import make_ctk
from .dialogs import DIALOGS
from .mrml_widgets import mrml_widgets, qMRMLWidget
from .qt_module import STAND_INS, make_qt
from .rules import UNCAUGHT, ruled
from .segment_editor import qMRMLSegmentEditorWidget
from .stored import stored


@dataclass
class Installed:
    """What pip was asked for; `fails` makes it fail."""

    requests: list[Any] = field(default_factory=list)
    fails: bool = False

    def install(self, requirements: Any, *_: Any, **__: Any) -> None:
        """As slicer.util.pip_install of all versions: one text or a list of arguments."""
        import subprocess

        if type(requirements) not in (str, list) or not all(isinstance(one, str) for one in requirements):
            raise ValueError("pip_install requirement input must be string or list")
        if self.fails:
            raise subprocess.CalledProcessError(1, "pip")
        self.requests.append(requirements)


PIP = Installed()
PANEL = (560, 900)
"""Pixels of the module panel, until a test resizes it."""


class qSlicerScriptedLoadableModule(QtCore.QObject):
    """The module object of a scripted module, which its ScriptedLoadableModule fills."""

    name = QtCore.Property(str, lambda self: self._module_name)
    path = QtCore.Property(str, lambda self: self._module_path)

    def __init__(self, name: str, path: str) -> None:
        QtCore.QObject.__init__(self)
        self._module_name, self._module_path = name, path
        self._widget: Any = None

    def widgetRepresentation(self) -> Any:
        """The widget, once it is opened."""
        return self._widget

    title = stored("title", str, "")
    categories = stored("categories", "QStringList", [])
    dependencies = stored("dependencies", "QStringList", [])
    contributors = stored("contributors", "QStringList", [])
    helpText = stored("helpText", str, "")
    acknowledgementText = stored("acknowledgementText", str, "")
    hidden = QtCore.Property(bool, lambda self: False)


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The widget around a scripted panel."""

    isEntered = QtCore.Property(bool, lambda self: self._entered)

    def __init__(self, parent: Any = None) -> None:
        qMRMLWidget.__init__(self, parent)
        self._entered = False
        self._self: Any = None

    def self(self) -> Any:
        """The Python object."""
        return self._self

    def enter(self) -> None:
        """The user opens the module."""
        self._entered = True
        self._self.enter()

    def exit(self) -> None:
        """The user opens another one."""
        self._entered = False
        self._self.exit()


def install() -> Any:
    """Put everything in place, once a process; returns the extended module slicer."""
    if hasattr(slicer, "app"):
        return slicer
    slicer.app = ruled(application.qSlicerApplication)()
    slicer.mrmlScene = slicer.app.mrmlScene()
    sys.modules["qt"], sys.modules["ctk"] = make_qt(), make_ctk()
    sys.modules["SampleData"] = _sample_data()
    widgets = {**mrml_widgets(), "qMRMLSegmentEditorWidget": ruled(qMRMLSegmentEditorWidget)}
    STAND_INS.update(widgets)
    STAND_INS.update({n: c for n, c in vars(sys.modules["ctk"]).items() if n.startswith("ctk")})
    for name, cls in widgets.items():
        setattr(slicer, name, cls)
    slicer.qSlicerScriptedLoadableModule = ruled(qSlicerScriptedLoadableModule)
    slicer.qSlicerScriptedLoadableModuleWidget = ruled(qSlicerScriptedLoadableModuleWidget)
    slicer.modules = SimpleNamespace()
    for name, logic in slicer.app._logics.items():
        setattr(slicer.modules, name.lower(), _LoadableModule(name, logic))
    slicer.selfTests = {}
    for module in (scripted_module.make_module(), parameter_node.make_module(), _i18n()):
        sys.modules[module.__name__] = module
        setattr(slicer, module.__name__.partition(".")[2], module)
    _extend_util()
    sys.excepthook = _record
    return slicer


def _record(kind: type[BaseException], problem: BaseException, trace: Any) -> None:
    """What leaves an observer of VTK or a method that Qt calls ends up in sys.excepthook."""
    UNCAUGHT.append(problem)
    sys.__excepthook__(kind, problem, trace)


@dataclass
class _LoadableModule:
    """A C++ module of Slicer: its logic."""

    name: str
    _logic: Any

    def logic(self) -> Any:
        """Real."""
        return self._logic


def _i18n() -> ModuleType:
    module = ModuleType("slicer.i18n")
    module.tr = lambda text: _text(text)  # type: ignore[attr-defined]
    module.translate = lambda context, text: _text(text)  # type: ignore[attr-defined]
    return module


def _text(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"only a text can be translated, not {text!r}")
    return text


def _sample_data() -> ModuleType:
    """The module SampleData: `sources` are those that modules registered; a click calls customDownloader(source)."""

    class SampleDataLogic:
        sources: ClassVar[list[SimpleNamespace]] = []

        @staticmethod
        def registerCustomSampleDataSource(
            category: str = "Custom",
            sampleName: Any = None,
            uris: Any = None,
            fileNames: Any = None,
            nodeNames: Any = None,
            customDownloader: Any = None,
            thumbnailFileName: Any = None,
            loadFileTypes: Any = None,
            **others: Any,
        ) -> None:
            if unknown := set(others) - {"loadFileType", "loadFiles", "loadFileProperties", "checksums"}:
                raise TypeError(f"SampleData knows no {unknown}")
            names = fileNames if isinstance(fileNames, list) else [fileNames]
            SampleDataLogic.sources.append(
                SimpleNamespace(sampleName=sampleName, uris=uris, fileNames=names, customDownloader=customDownloader)
            )

    module = ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic  # type: ignore[attr-defined]
    return module


def _extend_util() -> None:
    """slicer.util is slicer-core's own; its windows and installers are recorded instead of opened."""
    util = slicer.util
    util.errorDisplay = lambda text, *a, detailedText="", **k: DIALOGS.error(text, detailedText)
    util.warningDisplay = util.infoDisplay = lambda text, *a, **k: DIALOGS.infos.append(text)
    util.delayDisplay = util.showStatusMessage = lambda text, *a, **k: DIALOGS.infos.append(text)
    for name in ("confirmOkCancelDisplay", "confirmYesNoDisplay", "confirmRetryCloseDisplay", "messageBox"):
        setattr(util, name, lambda text, *a, **k: DIALOGS.ask(text))
    util.pip_install = PIP.install
    util.mainWindow = lambda: None
    util.tryWithErrorDisplay = _try_with_error_display
    util.selectModule = _select_module
    for name in dir(util):  # slicer-core re-exports its util
        if hasattr(slicer, name) and callable(getattr(util, name)) and not name.startswith("_"):
            setattr(slicer, name, getattr(util, name))
    util.settingsValue = _settings_value
    QtWidgets.QApplication.setFont(QtWidgets.QApplication.font())


def _select_module(module: Any) -> None:
    """Leave the module that is open and enter another."""
    holders = [m for m in vars(slicer.modules).values() if hasattr(m, "widgetRepresentation")]
    chosen = slicer.util.getModule(module) if isinstance(module, str) else module
    for holder in holders:
        if holder is not chosen and holder.widgetRepresentation().isEntered:
            holder.widgetRepresentation().exit()
    if chosen in holders and not chosen.widgetRepresentation().isEntered:
        chosen.widgetRepresentation().enter()


@contextlib.contextmanager
def _try_with_error_display(message: str | None = None, show: bool = True, waitCursor: bool = False) -> Iterator[None]:
    """Shows the exception and raises it again, as Slicer's does."""
    import traceback

    try:
        yield
    except Exception as problem:
        if show:
            DIALOGS.error(f"{message}\n\n{problem}" if message else str(problem), traceback.format_exc())
        raise


def _settings_value(key: str, default: Any, converter: Callable[[Any], Any] = lambda v: v, settings: Any = None) -> Any:
    settings = slicer.app.settings() if settings is None else settings
    return converter(settings.value(key)) if settings.contains(key) else default


def load_module(path: Any) -> tuple[Any, Any]:
    """Load a scripted module's file as Slicer does: (its Python module, its opened widget, shown in a scroll area)."""
    import importlib
    from pathlib import Path

    import qt

    folder, name = str(Path(path).parent), Path(path).stem
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = importlib.import_module(name)
    holder = ruled(qSlicerScriptedLoadableModule)(name, str(path))
    setattr(slicer.modules, name.lower(), holder)
    getattr(module, name)(holder)
    parent = slicer.qSlicerScriptedLoadableModuleWidget()
    parent.setLayout(qt.QVBoxLayout())
    parent.setMRMLScene(slicer.mrmlScene)
    widget = getattr(module, f"{name}Widget")(parent)
    parent._self, holder._widget = widget, parent
    widget.setup()
    area = QtWidgets.QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(parent)
    area.resize(*PANEL)
    area.show()
    area.activateWindow()
    parent._area = area  # as long as the panel lives
    parent.enter()
    return module, widget
