"""PythonQt's rules over PySide6: a property is an attribute, a signal connects by its C++ signature, other names raise.

Slicer's Python speaks to Qt through PythonQt. There `label.text` is a string and `label.text()` an error, methods take
no keyword arguments, and a wrapped object takes no new attributes. `ruled(QLabel)` is a subclass that keeps the rules.
"""

import enum
import inspect
import numbers
import weakref
from collections.abc import Callable
from typing import Any

from PySide6 import QtCore
from shiboken6 import isValid

UNCAUGHT: list[BaseException] = []
"""Exceptions that left a slot: PythonQt prints such a one to the console and goes on."""

loading = False
"""True while a form is loaded: PySide6's loader gives the form an attribute for each child, PythonQt's does not."""

_RULED: dict[type, type] = {}
_OBJECT_TYPE: Any = type(QtCore.QObject)


class _PythonQtType(_OBJECT_TYPE):
    """Makes isinstance(x, qt.QWidget) true for each widget, also for one that C++ made."""

    def __instancecheck__(self, instance: Any) -> bool:
        return _OBJECT_TYPE.__instancecheck__(self.__dict__.get("_raw", self), _bare(instance))

    def __subclasscheck__(self, other: type) -> bool:
        return _OBJECT_TYPE.__subclasscheck__(self.__dict__.get("_raw", self), other)


def ruled(raw: Any) -> Any:
    """The class with PythonQt's rules for a PySide6 class (or a stand-in that derives from one)."""
    if raw not in _RULED:
        body = {
            "_raw": raw,
            "__module__": "qt",
            "__doc__": raw.__doc__,
            "__init__": lambda self, *args: raw.__init__(self, *(_bare(a) for a in args)),
            "__getattribute__": lambda self, name: _get_ruled(raw, self, name),
            "__setattr__": lambda self, name, value: _set_ruled(raw, self, name, value),
        }
        _RULED[raw] = _PythonQtType(raw.__name__, (raw,), body)
    return _RULED[raw]


class _Foreign:
    """An object that C++ made, seen through the rules."""

    def __init__(self, made: QtCore.QObject) -> None:
        self.__dict__["_made"] = made

    def __getattr__(self, name: str) -> Any:
        return _get(type(self._made), self._made, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _set(type(self._made), self._made, name, value)

    def __eq__(self, other: object) -> bool:
        return self._made is _bare(other)

    def __hash__(self) -> int:
        return hash(self._made)


def seen(value: Any) -> Any:
    """What Qt hands out, by the rules: `value` itself or, in a list, each one."""
    if isinstance(value, list | tuple):
        return type(value)(seen(item) for item in value)
    if isinstance(value, QtCore.QObject) and type(value).__module__.startswith("PySide6"):
        return _Foreign(value)
    return value


def _bare(argument: Any) -> Any:
    """What Qt takes: its own objects, and its own classes in findChildren(type)."""
    if isinstance(argument, _PythonQtType):
        return argument.__dict__.get("_raw", argument)
    return argument.__dict__["_made"] if type(argument) is _Foreign else argument


def observe(subject: Any, event: Any, widget: Any, method: str) -> int:
    """Call a widget's method at an event of a VTK object as long as the widget lives; the observer's tag."""
    reference = weakref.ref(widget)

    def call(*_: Any) -> None:
        alive = reference()
        if alive is not None and isValid(alive):
            getattr(alive, method)()

    return int(subject.AddObserver(event, call))


class Signal:
    """A signal of one object."""

    def __init__(self, sender: Any, name: str) -> None:
        self._sender, self._name = sender, name

    def connect(self, callback: Callable[..., Any]) -> bool:
        """Call `callback` with as many of the signal's arguments as it takes."""
        return _connect(self._sender, self._name, None, callback)

    def disconnect(self, callback: Callable[..., Any]) -> bool:
        """False when `callback` was not connected."""
        return _disconnect(self._sender, self._name, callback)

    def emit(self, *args: Any) -> None:
        """Send it."""
        _instance(self._sender, self._name).emit(*args)

    __call__ = emit


class _Method:
    """A C++ method: positional arguments only; what it returns keeps the rules."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self.__name__ = getattr(call, "__name__", "method")

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if keywords:
            raise TypeError(f"{self.__name__}(): PythonQt's methods take no keyword arguments ({', '.join(keywords)})")
        return seen(self._call(*(_bare(a) for a in args)))


def _get_ruled(raw: Any, self: Any, name: str) -> Any:
    if name.startswith("_") or _python_made(raw, self, name):
        return raw.__getattribute__(self, name)
    if not isValid(self):
        raise ValueError(f"Trying to access {name!r} of a destroyed {raw.__name__} object")
    return _get(raw, self, name)


def _get(raw: Any, self: Any, name: str) -> Any:
    name = "objectName" if name == "name" else name
    meta = QtCore.QObject.metaObject(self)
    if meta.indexOfProperty(name) >= 0:
        return _read(raw, self, name)
    if name in ("connect", "disconnect"):
        return lambda signature, callback: _by_signature(self, name, signature, callback)
    if name == "className":
        return meta.className
    if name.encode() in [bytes(n.data()) for n in QtCore.QObject.dynamicPropertyNames(self)]:
        return QtCore.QObject.property(self, name)
    found = getattr(raw, name, None)
    if isinstance(found, QtCore.Signal):
        return Signal(self, name)
    if found is None or not callable(found):
        raise AttributeError(f"{raw.__name__} has no attribute {name!r}")
    method = raw.__getattribute__(self, name)
    return method if inspect.isfunction(found) and _overrides(raw, name) else _Method(method)


def _overrides(raw: type, name: str) -> bool:
    """Whether Qt has a method of this name, too: where Qt calls a stand-in's own, it must find a plain method."""
    return any(name in cls.__dict__ for cls in raw.__mro__ if cls.__module__.startswith("PySide6"))


def _set_ruled(raw: Any, self: Any, name: str, value: Any) -> None:
    derived = type(self).__dict__.get("_raw") is not raw  # Python's own subclass takes attributes
    meta = QtCore.QObject.metaObject(self)
    if name.startswith("_") or (derived and meta.indexOfProperty(name) < 0):
        raw.__setattr__(self, name, value)
    else:
        _set(raw, self, name, value)


def _set(raw: Any, self: Any, name: str, value: Any) -> None:
    name = "objectName" if name == "name" else name
    meta = QtCore.QObject.metaObject(self)
    if meta.indexOfProperty(name) >= 0:
        _write(raw, self, meta.property(meta.indexOfProperty(name)), value)
    elif not loading:
        raise AttributeError(f"{raw.__name__} has no property {name!r} to set")


def _python_made(raw: type, self: Any, name: str) -> bool:
    """Whether a Python subclass of the ruled class, or its instance, brings the name."""
    own = QtCore.QObject.__getattribute__(self, "__dict__")
    if name in own:
        return not isinstance(own[name], QtCore.SignalInstance)  # PySide6 keeps those there
    for cls in type(self).__mro__:
        if cls.__dict__.get("_raw") is raw:
            return False
        if name in cls.__dict__:
            return True
    return False


def _read(raw: Any, self: Any, name: str) -> Any:
    declared = getattr(raw, name, None)
    if isinstance(declared, QtCore.Property):
        value = declared.fget(self)
    else:
        capital = name[0].upper() + name[1:]
        for getter in (f"is{capital}", f"has{capital}", name, f"to{capital}"):
            if callable(getattr(raw, getter, None)):
                value = getattr(raw, getter)(self)
                break
        else:
            value = QtCore.QObject.property(self, name)
    return tuple(value) if isinstance(value, list) else seen(value)


def _write(raw: Any, self: Any, prop: QtCore.QMetaProperty, value: Any) -> None:
    name = str(prop.name())  # PySide6 declares bytes and gives text
    if not prop.isWritable():
        raise AttributeError(f"{raw.__name__}.{name} is read only")
    _check_type(raw, prop, value)
    declared = getattr(raw, name, None)
    setter = getattr(raw, f"set{name[0].upper()}{name[1:]}", None)
    if isinstance(declared, QtCore.Property):
        setter = declared.fset
    if setter is None:
        QtCore.QObject.setProperty(self, name, value)
        return
    now = _read(raw, self, name) if isinstance(value, int) else None
    setter(self, type(now)(value) if isinstance(now, enum.Enum) and not isinstance(value, enum.Enum) else value)


def _check_type(raw: type, prop: QtCore.QMetaProperty, value: Any) -> None:
    """Stricter than PythonQt, which makes text of anything: a number or None in a text is a slip."""
    wanted = {"bool": int, "int": int, "double": numbers.Real, "QString": str, "QStringList": list | tuple}
    kind = wanted.get(str(prop.typeName()))
    if kind is not None and not isinstance(value, kind):
        raise TypeError(f"{raw.__name__}.{prop.name()!s} is a {prop.typeName()!s}, not {value!r}")


def _instance(sender: Any, name: str) -> Any:
    base: Any = type(sender).__mro__[-2]
    return base.__getattribute__(sender, name)


def _by_signature(sender: Any, verb: str, signature: str, callback: Callable[..., Any]) -> bool:
    """connect("clicked(bool)", f): the signature must be one that the class has."""
    signature = signature.replace("const ", "").replace("&", "").replace(" ", "")
    name = signature.partition("(")[0]
    remade = getattr(type(sender), "_signatures", {})
    if signature not in remade and QtCore.QObject.metaObject(sender).indexOfSignal(signature) < 0:
        raise ValueError(f"{type(sender).__name__} has no signal {signature}")
    if verb == "disconnect":
        return _disconnect(sender, remade.get(signature, name), callback)
    count = 0 if signature.endswith("()") else signature.count(",") + 1
    return _connect(sender, remade.get(signature, name), count, callback)


def _connect(sender: Any, name: str, count: int | None, callback: Callable[..., Any]) -> bool:
    if not callable(callback):
        raise TypeError(f"connect: {callback!r} cannot be called")
    sent = _parameters(sender, name)
    count = min(_positions(callback), sent if count is None else count)

    def call(*args: Any) -> None:
        try:
            callback(*(seen(a) for a in args))
        except Exception as problem:
            UNCAUGHT.append(problem)

    # PySide6 counts a slot's own parameters to choose between clicked() and clicked(bool).
    slot = (lambda: call(), lambda a: call(a), lambda a, b: call(a, b), lambda a, b, c: call(a, b, c))[min(count, 3)]
    _instance(sender, name).connect(slot)
    sender.__dict__.setdefault("_slots", []).append((name, callback, slot))
    return True


def _parameters(sender: Any, name: str) -> int:
    """The most arguments that a signal of this name sends."""
    meta = QtCore.QObject.metaObject(sender)
    methods = (meta.method(i) for i in range(meta.methodCount()))
    return max(m.parameterCount() for m in methods if bytes(m.name().data()).decode() == name)


def _disconnect(sender: Any, name: str, callback: Callable[..., Any]) -> bool:
    for entry in sender.__dict__.get("_slots", []):
        if entry[0] == name and entry[1] == callback:
            _instance(sender, name).disconnect(entry[2])
            sender.__dict__["_slots"].remove(entry)
            return True
    return False


def _positions(callback: Callable[..., Any]) -> int:
    """How many positional arguments `callback` takes."""
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):
        return 0
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 100
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
