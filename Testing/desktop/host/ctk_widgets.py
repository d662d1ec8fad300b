"""Stand-ins of CTK's widgets; properties, slots and signals as in CTK's headers (Libs/Widgets)."""

from types import ModuleType
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .rules import ruled
from .stored import slot_of, stored

_HEADER = 24
"""Height of a collapsible button's header, pixels."""


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A header above a frame; a click folds the frame away."""

    contentsCollapsed = QtCore.Signal(bool)

    collapsedHeight = stored("collapsedHeight", int, 10)
    flat = stored("flat", bool, False)
    contentsLineWidth = stored("contentsLineWidth", int, 1)
    contentsMidLineWidth = stored("contentsMidLineWidth", int, 0)

    def __init__(self, text: Any = "", parent: Any = None) -> None:
        if not isinstance(text, str):
            text, parent = "", text
        QtWidgets.QAbstractButton.__init__(self, parent)
        self.setCheckable(True)
        self.setChecked(True)
        self.setText(text)
        self.setContentsMargins(0, _HEADER, 0, 0)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Minimum, QtWidgets.QSizePolicy.Policy.Preferred)
        self.toggled.connect(self._fold)

    def _fold(self, opened: bool) -> None:
        self.setMaximumHeight(16777215 if opened else _HEADER)
        self.contentsCollapsed.emit(not opened)

    def _is_collapsed(self) -> bool:
        return not QtWidgets.QAbstractButton.isChecked(self)

    def _collapse(self, collapsed: bool) -> None:
        QtWidgets.QAbstractButton.setChecked(self, not collapsed)

    collapsed = QtCore.Property(bool, _is_collapsed, _collapse, notify=contentsCollapsed)

    def sizeHint(self) -> QtCore.QSize:
        """Header and contents."""
        layout = QtWidgets.QWidget.layout(self)
        inner = layout.totalSizeHint() if layout is not None else QtCore.QSize(100, 0)
        return QtCore.QSize(inner.width(), _HEADER + 4 if layout is None else inner.height())

    def hitButton(self, position: QtCore.QPoint) -> bool:
        """Only the header folds."""
        return position.y() < _HEADER

    def paintEvent(self, _: QtGui.QPaintEvent) -> None:
        """The header and a frame around the contents."""
        painter = QtGui.QPainter(self)
        painter.fillRect(0, 0, QtWidgets.QWidget.width(self), _HEADER - 2, QtGui.QColor(205, 210, 220))
        mark = "\u25b8" if self._is_collapsed() else "\u25be"
        painter.drawText(6, 16, f"{mark}  {QtWidgets.QAbstractButton.text(self)}")
        painter.setPen(QtGui.QColor(190, 190, 190))
        painter.drawRect(0, 0, QtWidgets.QWidget.width(self) - 1, QtWidgets.QWidget.height(self) - 1)


class ctkSliderWidget(QtWidgets.QWidget):
    """A slider with a spin box."""

    valueChanged = QtCore.Signal(float)
    valueIsChanging = QtCore.Signal(float)
    decimalsChanged = QtCore.Signal(int)

    prefix = stored("prefix", str, "")
    suffix = stored("suffix", str, "", "_show")
    decimals = stored("decimals", int, 2, "_show")
    singleStep = stored("singleStep", float, 1.0, "_show")
    pageStep = stored("pageStep", float, 10.0)
    minimum = stored("minimum", float, 0.0, "_show")
    maximum = stored("maximum", float, 99.0, "_show")
    tickInterval = stored("tickInterval", float, 0.0)
    tracking = stored("tracking", bool, True)
    spinBoxVisible = stored("spinBoxVisible", bool, True)
    popupSlider = stored("popupSlider", bool, False)
    invertedAppearance = stored("invertedAppearance", bool, False)
    invertedControls = stored("invertedControls", bool, False)
    setSpinBoxVisible = slot_of("spinBoxVisible")
    setDecimals = slot_of("decimals")

    def __init__(self, parent: Any = None) -> None:
        QtWidgets.QWidget.__init__(self, parent)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self._spin = QtWidgets.QDoubleSpinBox()
        row = QtWidgets.QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._slider, 1)
        row.addWidget(self._spin)
        QtWidgets.QWidget.setLayout(self, row)
        self._slider.setRange(0, 1000)
        self._show()
        self._slider.valueChanged.connect(self._slid)
        self._spin.valueChanged.connect(self._typed)

    def _show(self) -> None:
        self._spin.setRange(self.minimum, self.maximum)
        self._spin.setDecimals(self.decimals)
        self._spin.setSingleStep(self.singleStep)
        self._spin.setSuffix(self.suffix)

    def _slid(self, position: int) -> None:
        self._spin.setValue(self.minimum + position / 1000 * (self.maximum - self.minimum))

    def _typed(self, value: float) -> None:
        self._slider.blockSignals(True)
        self._slider.setValue(round(1000 * (value - self.minimum) / max(self.maximum - self.minimum, 1e-9)))
        self._slider.blockSignals(False)
        self.valueChanged.emit(value)

    def setValue(self, value: float) -> None:
        """Clamped to the range."""
        self._spin.setValue(value)

    def reset(self) -> None:
        """Back to the minimum."""
        self._spin.setValue(self.minimum)

    value = QtCore.Property(float, lambda self: self._spin.value(), setValue)


class ctkPathLineEdit(QtWidgets.QWidget):
    """A line for a path, with a history and a Browse button."""

    validInputChanged = QtCore.Signal(bool)
    currentPathChanged = QtCore.Signal(str)
    Dirs, Files, Drives, NoSymLinks = 1, 2, 4, 8
    Readable, Writable, Executable = 16, 32, 64
    Modified, Hidden, System = 128, 256, 512
    AllDirs, CaseSensitive, NoDotAndDotDot, NoDot, NoDotDot = 1024, 2048, 4096, 8192, 16384

    label = stored("label", str, "")
    filters = stored("filters", int, 7)
    options = stored("options", int, 0)
    settingKey = stored("settingKey", str, "")
    showBrowseButton = stored("showBrowseButton", bool, True)
    showHistoryButton = stored("showHistoryButton", bool, True)
    sizeAdjustPolicy = stored("sizeAdjustPolicy", int, 1)
    minimumContentsLength = stored("minimumContentsLength", int, 0)
    nameFilters = stored("nameFilters", "QStringList", [])

    def __init__(self, parent: Any = None) -> None:
        QtWidgets.QWidget.__init__(self, parent)
        self._line = QtWidgets.QLineEdit()
        row = QtWidgets.QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._line)
        button = QtWidgets.QToolButton()
        button.setText("...")
        row.addWidget(button)
        QtWidgets.QWidget.setLayout(self, row)
        self._line.textChanged.connect(lambda path: self.currentPathChanged.emit(path))

    def setCurrentPath(self, path: str) -> None:
        """As typed; relative paths stay relative."""
        self._line.setText(path)

    def addCurrentPathToHistory(self) -> None:
        """The stand-in keeps no history."""

    def retrieveHistory(self) -> None:
        """The stand-in keeps no history."""

    def browse(self) -> None:
        """Takes the next scripted path, as a person who browses does."""
        from .dialogs import DIALOGS

        path = DIALOGS.next_path()
        if path:
            self._line.setText(path)

    currentPath = QtCore.Property(str, lambda self: self._line.text(), setCurrentPath)


class ctkSearchBox(QtWidgets.QLineEdit):
    """A line edit with a lens in it."""

    showSearchIcon = stored("showSearchIcon", bool, False)


def make_ctk() -> ModuleType:
    """The module `ctk`, and by name every class in it."""
    module = ModuleType("ctk", __doc__)
    for cls in (ctkCollapsibleButton, ctkSliderWidget, ctkPathLineEdit, ctkSearchBox):
        setattr(module, cls.__name__, ruled(cls))
    return module
