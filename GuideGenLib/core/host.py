"""What the machine around a process may lack, a name of the user and UTF-8; and the process itself."""

import ctypes
import gc
import getpass
import os
from functools import cache

NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")
"""Where Python looks for the name of the user, before it asks the system."""


def name_user() -> None:
    """Give the user a name where the system knows none: a container may run as a number, and MONAI and PyTorch ask for
    the name while they are imported."""
    if any(os.environ.get(name) for name in NAMES):
        return
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):
        os.environ["USER"] = "nobody"


def collect_rarely() -> None:
    """Look for circles of dead objects in this process every 100,000 new objects, not every 700: the half million that
    are made while libraries are imported were looked through again and again, for a sixth of the time until a run."""
    gc.set_threshold(100_000, 20, 20)


def give_back() -> None:
    """Return to the system what this process has freed, where its C library keeps it (glibc): between large steps that
    is a tenth of the memory of a run. Does nothing elsewhere."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> "ctypes._NamedFuncPointer | None":
    """glibc's malloc_trim, None in other systems."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or Windows, which has no library of the process
        return None


def readable(text: str) -> str:
    """A text without the bytes that Python could not read where its encoding is not UTF-8: read as UTF-8, or as U+FFFD
    where they are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        try:
            return os.fsencode(text).decode("utf-8", "replace")
        except UnicodeEncodeError:
            return text.encode("utf-8", "replace").decode("utf-8")
    return text
