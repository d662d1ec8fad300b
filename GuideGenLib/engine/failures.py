"""What an exception, or the end of the worker process, means to the user."""

import errno
import signal
import traceback

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.engine.protocol import Failed

OUT_OF_MEMORY = "memory ran out: close other programs, or choose a smaller region or a coarser spacing, and try again"
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc", "memoryerror")
NO_MEMORY_STATUS = 0xC0000017  # Windows
LAUNCHER = "exit abnormally"
"""What PythonSlicer, which starts Slicer's Python and waits for it, prints before it ends with status 1 itself."""


def failure(id: str, error: BaseException) -> Failed:
    """The event for a request that an exception ended."""
    kind, message = _meaning(error)
    known = isinstance(error, GuideGenError)
    return Failed(id, kind, message, "" if known else "".join(traceback.format_exception(error)))


def _meaning(error: BaseException) -> tuple[str, str]:
    text = str(error)
    if isinstance(error, GuideGenError):
        return error.kind, text
    if isinstance(error, MemoryError):
        return "memory", text or OUT_OF_MEMORY
    if isinstance(error, RuntimeError) and _speaks_of_memory(text):
        return "memory", OUT_OF_MEMORY
    if isinstance(error, RuntimeError) and ("CUDA" in text or "MPS" in text):
        return "device", "the graphics card failed: choose the device cpu, or update its driver, and try again"
    if isinstance(error, OSError) and error.errno in DISK:
        return "disk", "the disk of the temporary folder is full: free some space and try again"
    if isinstance(error, OSError):
        where = f" {error.filename}" if error.filename else ""
        return "disk", f"a file{where} cannot be used ({error.strerror or text}): check the disk and try again"
    if isinstance(error, ImportError):
        return "internal", f"a part of the installation is missing ({text}): install the dependencies again"
    reason = text.strip().splitlines()[0] if text.strip() else "no reason given"
    return "internal", f"something went wrong ({type(error).__name__}: {reason}): try again, and report it with details"


def ending(id: str, status: int | None, log: str) -> Failed:
    """The event for a request in whose midst the worker process ended with that status."""
    killed = hasattr(signal, "SIGKILL") and status in (-signal.SIGKILL, 128 + signal.SIGKILL)
    if LAUNCHER in log and "fatal" not in log.lower():  # a worker that crashes by itself tells of a fatal error
        killed = True
    if killed:  # the system's way to end what takes the last memory
        return Failed(id, "memory", f"the system ended the worker, most likely because {OUT_OF_MEMORY}", log)
    if (status or 0) & 0xFFFFFFFF == NO_MEMORY_STATUS or _speaks_of_memory(log):
        return Failed(id, "memory", OUT_OF_MEMORY, log)
    if "ModuleNotFoundError" in log or "ImportError" in log:
        message = "the worker could not start, its installation is incomplete: install the dependencies again"
    else:
        message = f"the worker ended unexpectedly ({_status(status)}): try again, a new one starts by itself"
    return Failed(id, "crash", message, log)


def _speaks_of_memory(text: str) -> bool:
    return any(word in text.lower() for word in MEMORY_WORDS)


def _status(status: int | None) -> str:
    if status is not None and status < 0:
        try:
            return signal.Signals(-status).name
        except ValueError:
            pass
    return f"status {status}"
