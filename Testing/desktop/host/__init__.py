"""A stand-in of Slicer's desktop for tests: PythonQt's rules over PySide6, widgets and application over slicer-core."""

from .dialogs import DIALOGS
from .rules import UNCAUGHT
from .slicer_module import PIP, install, load_module

__all__ = ["DIALOGS", "PIP", "UNCAUGHT", "install", "load_module"]
