"""How slicer.parameterNodeWrapper keeps typed values in a vtkMRMLScriptedModuleNode: same texts, same checks."""

import enum
import pathlib
import typing
from collections.abc import Iterator, MutableSequence
from typing import Any

import slicer


class Default:
    """The value of a field that was never set."""

    def __init__(self, value: Any = None, *, generator: Any = None) -> None:
        self._value, self._generator = value, generator

    @property
    def value(self) -> Any:
        """A new one from the generator, if there is one."""
        return self._generator() if self._generator else self._value


class WithinRange:
    """minimum <= value <= maximum."""

    def __init__(self, minimum: float, maximum: float) -> None:
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value: Any) -> None:
        """Raise ValueError when it is not."""
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


class Minimum(WithinRange):
    """value >= minimum."""

    def __init__(self, minimum: float) -> None:
        super().__init__(minimum, float("inf"))


class Maximum(WithinRange):
    """value <= maximum."""

    def __init__(self, maximum: float) -> None:
        super().__init__(float("-inf"), maximum)


class Choice:
    """One of a list."""

    def __init__(self, choices: list[Any]) -> None:
        self.choices = choices

    def validate(self, value: Any) -> None:
        """Raise ValueError when it is not."""
        if value not in self.choices:
            raise ValueError(f"Value is {value}, but must be in one of the following: {self.choices}")


class Field:
    """One typed field: `kind` without annotations, `checks`, and its default."""

    def __init__(self, name: str, annotation: Any, given: Any) -> None:
        self.name, self.annotation = name, annotation
        self.kind, *notes = typing.get_args(typing.Annotated[annotation, None])[:-1]
        self.checks = [note for note in notes if hasattr(note, "validate")]
        defaults = [note for note in notes if isinstance(note, Default)]
        unknown = [note for note in notes if note not in self.checks + defaults]
        if unknown:
            raise TypeError(f"{name}: the host does not know {unknown}")
        self.default = Default(given) if given is not None else defaults[0] if defaults else Default(self._empty())

    def note(self, kind: type) -> Any:
        """The annotation of this class or None."""
        return next((check for check in self.checks if type(check) is kind), None)

    @property
    def is_node(self) -> bool:
        """A reference to a node."""
        return isinstance(self.kind, type) and issubclass(self.kind, slicer.vtkMRMLNode)

    @property
    def is_enum(self) -> bool:
        """One of a Python enum."""
        return isinstance(self.kind, type) and issubclass(self.kind, enum.Enum)

    def _empty(self) -> Any:
        if self.is_node:
            return None
        if self.is_enum:
            return next(iter(self.kind))
        if self.kind in (int, float, str, bool, pathlib.Path, list[str]):
            return typing.get_origin(self.kind)() if typing.get_origin(self.kind) else self.kind()
        raise TypeError(f"{self.name}: the host keeps no values of type {self.kind}")

    def check(self, value: Any) -> None:
        """Raise TypeError or ValueError as Slicer's validators do."""
        kind = (int, float) if self.kind is float else typing.get_origin(self.kind) or self.kind
        if kind is list:
            if any(not isinstance(item, str) for item in value):
                raise TypeError(f"{self.name}: every item must be a str: {value}")
            return
        if not (value is None and self.is_node) and not isinstance(value, kind):
            raise TypeError(f"Value must be of type {kind}, is type {type(value)} value {value!r}")
        for validator in self.checks:
            validator.validate(value)

    def is_in(self, node: Any) -> bool:
        """Whether the node has a value."""
        return bool(node.HasParameter(f"{self.name}.len" if self.kind == list[str] else self.name))

    def write(self, node: Any, value: Any) -> None:
        """Check it and keep it."""
        self.check(value)
        with slicer.util.NodeModify(node):
            if self.is_node:
                node.SetParameter(self.name, "")
                node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
            elif self.kind == list[str]:
                for index in range(len(value), int(node.GetParameter(f"{self.name}.len") or 0)):
                    node.UnsetParameter(f"{self.name}.{index}")
                for index, item in enumerate(value):
                    node.SetParameter(f"{self.name}.{index}", item)
                node.SetParameter(f"{self.name}.len", str(len(value)))
            else:
                node.SetParameter(self.name, value.name if self.is_enum else str(value))

    def read(self, node: Any) -> Any:
        """The kept value."""
        if self.is_node:
            return node.GetNodeReference(self.name)
        if self.kind == list[str]:
            count = int(node.GetParameter(f"{self.name}.len") or 0)
            return ObservedList(self, node, [node.GetParameter(f"{self.name}.{i}") for i in range(count)])
        text = node.GetParameter(self.name)
        if self.is_enum:
            return self.kind[text]
        return text == "True" if self.kind is bool else self.kind(text)


class ObservedList(MutableSequence):  # type: ignore[type-arg]
    """Writes itself into the node at each change; as in Slicer no list: json and + refuse it."""

    def __init__(self, field: Field, node: Any, items: list[str]) -> None:
        self._field, self._node, self._items = field, node, items

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __eq__(self, other: object) -> bool:
        return self._items == (other._items if isinstance(other, ObservedList) else other)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._items[index] = value
        self._field.write(self._node, self._items)

    def __delitem__(self, index: Any) -> None:
        del self._items[index]
        self._field.write(self._node, self._items)

    def insert(self, index: int, value: str) -> None:
        """As list.insert."""
        self._items.insert(index, value)
        self._field.write(self._node, self._items)
