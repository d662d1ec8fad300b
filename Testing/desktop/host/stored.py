"""How a stand-in declares properties that it only has to remember."""

from typing import Any

from PySide6 import QtCore


def stored(name: str, kind: Any, default: Any, changed: str = "") -> Any:
    """A Qt property kept in the object; `changed` names a method that is called after each new value."""
    field = f"_{name}"

    def read(self: Any) -> Any:
        return self.__dict__.get(field, default)

    def write(self: Any, value: Any) -> None:
        self.__dict__[field] = value
        if changed:
            getattr(self, changed)()

    return QtCore.Property(kind, read, write)


def slot_of(name: str) -> Any:
    """The slot setName(value) of the property `name`."""

    def set_value(self: Any, value: Any) -> None:
        setattr(self, name, value)

    return set_value
