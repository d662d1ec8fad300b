"""The autosaved work of sessions, a private folder for each browser, found again by the browser's cookie alone."""

import hashlib
import shutil
import time
from collections.abc import Collection
from pathlib import Path


class Kept:
    """folder: for all of them, of this user alone, None where there is none; keep_s: how long they stay, 0 keeps none.

    A folder is named by a hash of its session's id, so that who reads the names learns no cookie.
    """

    def __init__(self, folder: Path | None, keep_s: float) -> None:
        self._folder, self._keep_s = folder if keep_s > 0 else None, keep_s

    def place(self, id: str) -> Path | None:
        """Where the session of that id saves; made where there is none. None where nothing is kept."""
        place = self._of(id)
        if place is not None:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    def known(self, id: str | None) -> bool:
        """Whether work of a session of that id is here."""
        place = self._of(id) if id else None
        return place is not None and place.is_dir() and any(place.iterdir())

    def tidy(self, in_use: Collection[str]) -> None:
        """Delete what was kept too long; that of sessions that go on, by their ids, stays."""
        if self._folder is None or not self._folder.is_dir():
            return
        spared = {self._of(id) for id in in_use}
        for place in self._folder.iterdir():
            times = [path.stat().st_mtime for path in (place, *place.glob("*"))]
            if place not in spared and max(times) < time.time() - self._keep_s:
                shutil.rmtree(place, ignore_errors=True)

    def _of(self, id: str) -> Path | None:
        return None if self._folder is None else self._folder / hashlib.sha256(id.encode()).hexdigest()[:32]
