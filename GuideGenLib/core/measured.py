"""What was measured of this machine, kept in the user's cache folder: runs start sooner and do not differ by chance."""

import json
import platform
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.files import cache_folder, write_json

FILE = "measured.json"
Figures = tuple[float, ...]


def once(what: str, measure: Callable[[], Sequence[float]]) -> Figures:
    """The figures of `what` as they were measured before on this machine with this version of torch, else measured now
    and kept; where nothing can be kept they are measured each time."""
    known = last(what)
    return known if known else keep(what, measure())


def last(what: str) -> Figures:
    """The figures that were kept of `what`, none where there are none."""
    return _kept().get(_named(what), ())


def keep(what: str, figures: Sequence[float]) -> Figures:
    """Keep the figures of `what` in the place of older ones."""
    found = tuple(float(f"{one:.4g}") for one in figures)
    path = _path()
    if path is not None:
        with suppress(VolumeError):
            write_json({**_kept(), _named(what): found}, path)
    return found


def _path() -> Path | None:
    folder = cache_folder("measured")
    return None if folder is None else folder / FILE


def _named(what: str) -> str:
    """With what figures belong to."""
    return f"{platform.node()} {platform.machine()} torch {metadata.version('torch')} {what}"


def _kept() -> dict[str, Figures]:
    """All that is kept, nothing of a file that is harmed."""
    path = _path()
    try:
        told = {} if path is None else json.loads(path.read_text(encoding="utf-8"))
        return {str(what): tuple(float(one) for one in figures) for what, figures in told.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
