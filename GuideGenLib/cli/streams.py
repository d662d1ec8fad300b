"""Output and messages wherever they go: streams that are closed, full or in another encoding, readers that leave."""

import codecs
import io
import os
import sys
from typing import Any

from GuideGenLib.core.errors import GuideGenError

ERRORS = "guidegen.plain"
PLAIN = {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "×": "x", "µ": "u", "μ": "u"}
"""What an encoding may lack, in ASCII."""
FIRST_BYTE = 0xDC00
"""Python has a byte of a path that is no text as this and the byte."""


class OutputError(GuideGenError):
    """What a command prints cannot be written; the message says why."""

    kind = "disk"


def prepare_streams() -> None:
    """Standard input and output that are open, and that take every character and whatever happens to their readers."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    codecs.register_error(ERRORS, plain)
    sys.stdout, sys.stderr = _stream(1, sys.stdout), _stream(2, sys.stderr)


def plain(error: UnicodeError) -> tuple[str, int]:
    """Characters that an encoding lacks: an ASCII look-alike, else their code; bytes of a path as `\\xff`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_plain(one) for one in error.object[error.start : error.end]), error.end


def _plain(character: str) -> str:
    byte = ord(character) - FIRST_BYTE
    if 0x80 <= byte <= 0xFF:
        return f"\\x{byte:02x}"
    return PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")


class _Output(io.FileIO):
    """A reader may leave, as `head` does: what comes then goes nowhere, and the work goes on."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            self._go_nowhere()
            return super().write(data)
        except OSError as error:
            self._go_nowhere()
            raise OutputError(
                f"what is printed cannot be written ({error.strerror})", "free some space, or send it elsewhere"
            ) from error

    def _go_nowhere(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def _stream(number: int, before: Any) -> io.TextIOWrapper:
    encoding = getattr(before, "encoding", None) or "utf-8"
    raw = _Output(number, "w", closefd=False)
    lines = number == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=ERRORS, line_buffering=lines)
