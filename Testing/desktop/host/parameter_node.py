"""Re-making of slicer.parameterNodeWrapper: a class of typed fields over a parameter node, bound to a form."""

import typing
from functools import partial
from types import ModuleType
from typing import Any

import slicer

from . import parameter_values
from .connectors import make_connector
from .parameter_values import Field

PROPERTY = "SlicerParameterName"


def parameterNodeWrapper(cls: Any = None) -> Any:
    """The decorator, with or without brackets."""
    if cls is None:
        return parameterNodeWrapper
    fields = {
        name: Field(name, annotation, getattr(cls, name, None))
        for name, annotation in typing.get_type_hints(cls, include_extras=True).items()
    }
    for name in fields:
        setattr(cls, name, _property(name))
    for name, value in vars(_Wrapper).items():
        if not name.startswith("__") or name == "__init__":
            if name in fields:
                raise ValueError(f"Cannot use reserved name {name!r} in a parameterNodeWrapper")
            setattr(cls, name, value)
    cls.allParameters = fields
    return cls


def _property(name: str) -> property:
    return property(
        lambda self: self.getValue(name),
        lambda self, value: self.setValue(name, value),
    )


class _Wrapper:
    """What the decorator gives to a class."""

    allParameters: dict[str, Field]

    def __init__(self, parameterNode: Any) -> None:
        if not isinstance(parameterNode, slicer.vtkMRMLScriptedModuleNode):
            raise TypeError(f"a parameter node is a vtkMRMLScriptedModuleNode, not {parameterNode!r}")
        self.parameterNode = parameterNode
        self._guis: dict[int, tuple[dict[str, Any], int]] = {}
        self._updating = False
        for field in self.allParameters.values():
            if not field.is_in(parameterNode):
                field.write(parameterNode, field.default.value)

    def _field(self, name: str) -> Field:
        if name not in self.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}; there are {list(self.allParameters)}")
        return self.allParameters[name]

    def getValue(self, name: str) -> Any:
        """The default when the node has none, as after a scene was closed."""
        field = self._field(name)
        if not field.is_in(self.parameterNode):
            field.write(self.parameterNode, field.default.value)
        return field.read(self.parameterNode)

    def setValue(self, name: str, value: Any) -> None:
        """Raise TypeError or ValueError for a value that does not fit."""
        self._field(name).write(self.parameterNode, value)

    def default(self, name: str) -> Any:
        """As declared."""
        return self._field(name).default

    def isCached(self, name: str) -> bool:
        """The host reads the node each time."""
        return self._field(name) is None

    def connectGui(self, gui: Any) -> int:
        """Bind each widget whose property SlicerParameterName names a field; the tag is for disconnectGui."""
        widgets = gui.__dict__.values() if not hasattr(gui, "findChildren") else gui.findChildren(_widget_class())
        named = {widget.property(PROPERTY): widget for widget in widgets if widget.property(PROPERTY)}
        return self.connectParametersToGui(named)

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        """Bind fields to widgets."""
        connectors = {name: make_connector(widget, self._field(name)) for name, widget in mapping.items()}
        for name, connector in connectors.items():
            connector.write(self.getValue(name))
            connector.connect(partial(self._from_gui, name, connector))
        tag = max(self._guis, default=-1) + 1
        observer = self.parameterNode.AddObserver("ModifiedEvent", lambda *_: self._to_gui())
        self._guis[tag] = (connectors, observer)
        return tag

    def disconnectGui(self, tag: int) -> None:
        """Undo connectGui."""
        connectors, observer = self._guis.pop(tag, ({}, None))
        for connector in connectors.values():
            connector.disconnect()
        if observer is not None:
            self.parameterNode.RemoveObserver(observer)

    def _from_gui(self, name: str, connector: Any) -> None:
        if not self._updating:
            self.setValue(name, connector.read())

    def _to_gui(self) -> None:
        if self._updating:
            return
        self._updating = True
        try:
            for connectors, _ in list(self._guis.values()):
                for name, connector in connectors.items():
                    connector.write(self.getValue(name))
        finally:
            self._updating = False

    def StartModify(self) -> Any:
        """For slicer.util.NodeModify."""
        return self.parameterNode.StartModify()

    def EndModify(self, was: Any) -> None:
        """For slicer.util.NodeModify."""
        self.parameterNode.EndModify(was)

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        """Of the node."""
        return int(self.parameterNode.AddObserver(event, callback, priority))

    def RemoveObserver(self, tag: int) -> None:
        """Of the node."""
        self.parameterNode.RemoveObserver(tag)

    def Modified(self) -> None:
        """Of the node."""
        self.parameterNode.Modified()


def _widget_class() -> Any:
    import qt

    return qt.QWidget


def make_module() -> ModuleType:
    """slicer.parameterNodeWrapper."""
    module = ModuleType("slicer.parameterNodeWrapper", __doc__)
    module.parameterNodeWrapper = parameterNodeWrapper  # type: ignore[attr-defined]
    module.SlicerParameterNamePropertyName = PROPERTY  # type: ignore[attr-defined]
    for name in ("Default", "WithinRange", "Minimum", "Maximum", "Choice"):
        setattr(module, name, getattr(parameter_values, name))
    return module
