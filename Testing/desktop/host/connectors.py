"""Which widget shows which type of parameter: the pairs that Slicer's guiConnectors.py has, by exact class."""

import pathlib
from collections.abc import Callable
from typing import Any

import slicer

from .parameter_values import Choice, Field, WithinRange


class Connector:
    """Reads and writes one widget."""

    def __init__(self, widget: Any, signal: str, read: Callable[[], Any], write: Callable[[Any], None]) -> None:
        self.read, self.write = read, write
        self._signal = getattr(widget, signal) if signal else None
        self._callback: Callable[[], Any] | None = None

    def connect(self, callback: Callable[[], Any]) -> None:
        """Call when the user changes the widget."""
        self._callback = lambda: callback()
        if self._signal is not None:
            self._signal.connect(self._callback)

    def disconnect(self) -> None:
        """Undo connect."""
        if self._signal is not None and self._callback is not None:
            self._signal.disconnect(self._callback)


def make_connector(widget: Any, field: Field) -> Connector:
    """Raise RuntimeError, as Slicer does, for a pair that has no connector."""
    import ctk
    import qt

    kind, cls = field.kind, type(widget)
    if kind is bool and cls is qt.QCheckBox:
        return _of_property(widget, "checked", "stateChanged")
    if kind is bool and cls is qt.QPushButton:
        widget.checkable = True
        return _of_property(widget, "checked", "toggled")
    if kind is int and cls in (qt.QSlider, qt.QSpinBox):
        limits = field.note(WithinRange)
        if limits is None and cls is qt.QSlider:
            raise RuntimeError("Cannot have a connection to QSlider where the int type is unbounded.")
        widget.setRange(*((limits.minimum, limits.maximum) if limits else (-(2**31), 2**31 - 1)))
        return _of_property(widget, "value", "valueChanged")
    if kind is float and cls in (qt.QDoubleSpinBox, ctk.ctkSliderWidget):  # whole numbers in no version that we serve
        return _number(widget, field, cls is ctk.ctkSliderWidget)
    if field.is_enum and cls is qt.QComboBox:
        items = list(kind)
        return _choice(widget, items, [item.label() if hasattr(item, "label") else item.name for item in items])
    if kind in (int, float, str, bool) and cls is qt.QComboBox:
        if field.note(Choice) is None:
            raise RuntimeError("ComboBoxToStringableConnector requires the Choice annotation to be used.")
        choices = list(field.note(Choice).choices)
        return _choice(widget, choices, [str(choice) for choice in choices])
    if kind is str and cls is qt.QLineEdit:
        return _of_property(widget, "text", "textChanged")
    if kind is str and cls is qt.QLabel:
        return _of_property(widget, "text", "")
    if kind is str and cls is qt.QTextEdit:
        return Connector(widget, "textChanged", widget.toPlainText, widget.setPlainText)
    if kind is pathlib.Path and cls is ctk.ctkPathLineEdit:
        connector = _of_property(widget, "currentPath", "currentPathChanged")
        return Connector(
            widget, "currentPathChanged", lambda: kind(connector.read()), lambda value: connector.write(str(value))
        )
    if field.is_node and cls is slicer.qMRMLNodeComboBox:
        widget.nodeTypes = (kind().GetClassName(),)
        return Connector(widget, "currentNodeChanged", widget.currentNode, widget.setCurrentNode)
    raise RuntimeError(f"Unable to create GUI connector from datatype '{field.annotation}' to widget type '{cls}'.")


def _of_property(widget: Any, name: str, signal: str) -> Connector:
    def write(value: Any) -> None:
        if value != getattr(widget, name):  # a line edit's cursor stays where it is
            setattr(widget, name, value)

    return Connector(widget, signal, lambda: getattr(widget, name), write)


def _number(widget: Any, field: Field, is_slider: bool) -> Connector:
    limits = field.note(WithinRange)
    if limits is None and is_slider:
        raise RuntimeError("Cannot have a connection to ctkSliderWidget where the float types is unbounded.")
    widget.minimum = limits.minimum if limits else float("-inf")
    widget.maximum = limits.maximum if limits else float("inf")
    return _of_property(widget, "value", "valueChanged")


def _choice(widget: Any, values: list[Any], labels: list[str]) -> Connector:
    widget.clear()
    for label in labels:
        widget.addItem(label)

    def write(value: Any) -> None:
        widget.currentIndex = values.index(value)

    return Connector(widget, "currentIndexChanged", lambda: values[widget.currentIndex], write)
