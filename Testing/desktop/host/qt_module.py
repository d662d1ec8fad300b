"""The module `qt` as PythonQt fills it: QtCore, QtGui, QtWidgets and the form loader in one flat namespace."""

from types import ModuleType
from typing import Any
from xml.etree import ElementTree

from PySide6 import QtCore, QtGui, QtTest, QtUiTools, QtWidgets

from . import rules
from .dialogs import DIALOGS
from .rules import ruled

STAND_INS: dict[str, Any] = {}
"""Widget classes that a form may name beside Qt's own: the ctk and qMRML ones, already ruled."""

_FOREIGN = ("Signal", "Slot", "Property", "ClassInfo", "QEnum", "QFlag")  # PySide6's own names


def make_qt() -> ModuleType:
    """A new module; its classes are made when first asked for."""
    module = ModuleType("qt", __doc__)
    own = {"QUiLoader": QUiLoader, "QFileDialog": _QFileDialog, "QMessageBox": _QMessageBox}

    def find(name: str) -> Any:
        if name in own:
            value: Any = own[name]
        elif name in _FOREIGN or name.startswith("_"):
            raise AttributeError(f"PythonQt's module qt has no {name!r}")
        else:
            value = next((vars(m)[name] for m in (QtCore, QtGui, QtWidgets, QtTest) if hasattr(m, name)), None)
            if value is None:
                raise AttributeError(f"Qt has no {name!r}")
        if isinstance(value, type) and issubclass(value, QtCore.QObject) and name != "QUiLoader":
            value = ruled(value)
        setattr(module, name, value)
        return value

    module.__getattr__ = find  # type: ignore[method-assign]
    return module


class _QFileDialog(QtWidgets.QFileDialog):
    """Its questions are answered from DIALOGS.paths: nothing may block a test."""

    @staticmethod
    def getOpenFileName(*_: Any) -> str:
        """PythonQt returns the path alone."""
        return DIALOGS.next_path()

    getSaveFileName = getExistingDirectory = getOpenFileName


class _QMessageBox(QtWidgets.QMessageBox):
    """Answers with DIALOGS.answers."""

    def exec_(self) -> Any:
        """The button that the script chose."""
        accepted = DIALOGS.ask(self.text())
        return QtWidgets.QMessageBox.StandardButton.Ok if accepted else QtWidgets.QMessageBox.StandardButton.Cancel

    exec = exec_

    @staticmethod
    def question(parent: Any, title: str, text: str, *_: Any) -> Any:
        """Yes or No, as the script says."""
        yes, no = QtWidgets.QMessageBox.StandardButton.Yes, QtWidgets.QMessageBox.StandardButton.No
        return yes if DIALOGS.ask(text) else no


_QFileDialog.__name__, _QMessageBox.__name__ = "QFileDialog", "QMessageBox"


class QUiLoader(QtUiTools.QUiLoader):
    """Loads a form with ruled widgets; a class, property, signal or slot that the form misspells raises."""

    def load(self, device: QtCore.QIODevice, parent: Any = None) -> Any:
        """The form's widget. Connections are made from the XML: Qt does not know MRML's argument types."""
        root = ElementTree.fromstring(bytes(device.readAll().data()))
        connections = root.find("connections")
        if connections is not None:
            root.remove(connections)
        self._check_classes(root)
        flags = _take_flags(root)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(root))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        rules.loading = True
        try:
            widget = super().load(buffer, parent)
        finally:
            rules.loading = False
        if widget is None:
            raise RuntimeError(self.errorString())
        ruled: list[Any] = [widget, *widget.findChildren(QtWidgets.QWidget)]
        everything = {w.name: w for w in ruled}
        for element in root.iter("widget"):
            _check_properties(element, everything[element.get("name", "")])
        for name, prop, value in flags:
            setattr(everything[name], prop, value)
        for connection in connections if connections is not None else ():
            _connect(everything, *(connection.findtext(tag, "") for tag in ("sender", "signal", "receiver", "slot")))
        return widget

    def createWidget(self, class_name: str, parent: Any = None, name: str = "") -> Any:
        """Qt calls this for each widget of the form."""
        cls = STAND_INS.get(class_name) or getattr(QtWidgets, class_name, None)
        widget = super().createWidget(class_name, parent, name) if cls is None else ruled_or_same(cls)(parent)
        widget.setObjectName(name)
        return widget

    @staticmethod
    def _check_classes(root: ElementTree.Element) -> None:
        """Before loading: an exception in createWidget would take the process down."""
        for element in root.iter("widget"):
            name = element.get("class", "")
            if name not in STAND_INS and not hasattr(QtWidgets, name) and name != "Line":
                raise ValueError(f"the form names the class {name}, which Slicer's Qt does not have")


def ruled_or_same(cls: Any) -> Any:
    """Stand-ins are ruled already."""
    return cls if "_raw" in cls.__dict__ else ruled(cls)


def _check_properties(element: ElementTree.Element, widget: Any) -> None:
    meta = QtCore.QObject.metaObject(widget)
    for prop in element.findall("property"):
        name = prop.get("name", "")
        if prop.get("stdset") != "0" and meta.indexOfProperty(name) < 0:
            raise ValueError(f"the form sets {name} of {widget.name}: {widget.className()} has no such property")


def _take_flags(root: ElementTree.Element) -> list[tuple[str, str, int]]:
    """Flags and enums of stand-ins, which Qt's loader cannot read, taken out of the form: (widget, property, value)."""
    taken = []
    for element in root.iter("widget"):
        stand_in = STAND_INS.get(element.get("class", ""))
        for prop in element.findall("property") if stand_in is not None else ():
            flags = prop.findtext("set") or prop.findtext("enum") or ""
            names = [flag.rpartition("::")[2] for flag in flags.split("|")]
            if flags and all(isinstance(getattr(stand_in, name, None), int) for name in names):
                taken.append((element.get("name", ""), prop.get("name", ""), sum(getattr(stand_in, n) for n in names)))
                element.remove(prop)
    return taken


def _connect(everything: dict[str, Any], sender: str, signal: str, receiver: str, slot: str) -> None:
    name = slot.partition("(")[0]
    target = everything[receiver]
    method = getattr(target, name)
    everything[sender].connect(signal, lambda value=None: method() if slot.endswith("()") else method(value))
