"""What was deleted from a folder of cases: kept aside for some days, and taken back by undo."""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from GuideGenLib.cases.errors import CaseError
from GuideGenLib.core.files import remedy

TRASH = ".trash"
KEPT_DAYS = 30
STAMP = "%Y%m%dT%H%M%S.%f"
BETWEEN = "~"


@dataclass(frozen=True)
class Deleted:
    """path: in the trash; name: of the file or folder before; at: when it was deleted."""

    path: Path
    name: str
    at: datetime


class Trash:
    """Of one folder of cases, in its `.trash`: each deleted thing whole, under the time at which it went."""

    def __init__(self, folder: Path) -> None:
        self._home, self._folder = folder, folder / TRASH

    def held(self) -> list[Deleted]:
        """All that can be taken back, the newest first. What has another name was not put there by us: it is left."""
        found = []
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            stamp, between, name = path.name.partition(BETWEEN)
            try:
                at = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
            except ValueError:
                continue
            if between and name:
                found.append(Deleted(path, name, at))
        return sorted(found, key=lambda one: one.at, reverse=True)

    def put(self, path: Path) -> Deleted:
        """Move a file or folder here. Raises CaseError where it cannot be moved; it stays as it is then."""
        at = datetime.now(UTC)
        target = self._folder / f"{at.strftime(STAMP)}{BETWEEN}{path.name}"
        try:
            self._folder.mkdir(exist_ok=True)
            path.rename(target)
        except OSError as error:
            raise CaseError(f"{path.name} cannot be deleted", remedy(error)) from error
        return Deleted(target, path.name, at)

    def take_back(self, deleted: Deleted, name: str) -> Path:
        """Move what was deleted back into the folder, under a name that is free there. Raises CaseError."""
        target = self._home / name
        try:
            if os.path.lexists(target):
                raise CaseError(f"{name} is there again", "rename that one first")
            deleted.path.rename(target)
        except OSError as error:
            raise CaseError(f"{deleted.name} cannot be taken back", remedy(error)) from error
        return target

    def empty(self, older_than: timedelta = timedelta(days=KEPT_DAYS)) -> int:
        """Remove for good what has been here so long; returns how many."""
        old = [one for one in self.held() if datetime.now(UTC) - one.at > older_than]
        for one in old:
            shutil.rmtree(one.path, ignore_errors=True) if one.path.is_dir() else one.path.unlink(missing_ok=True)
        return len(old)
