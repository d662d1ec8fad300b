"""Work for a cohort's workers that takes no time: a case of two small files, and ways to die."""

import os
import time
from pathlib import Path
from typing import Any

from PIL import Image

from GuideGenLib.cohort.folder import CohortFolder, write_record
from GuideGenLib.cohort.making import Order
from GuideGenLib.cohort.rows import Row

DESCRIPTION = {"sex": "female", "age": 50, "habitus": None, "region": "pelvis", "phase": None}


class SmallWork:
    """Writes a case of its row; `dies` names files whose presence ends the process once, in the middle of the case."""

    def __init__(self, url: str, dies: str | None = None, seconds: float = 0.0) -> None:
        self.folder, self.dies, self.seconds = CohortFolder(url), dies, seconds

    def __call__(self, row: Row) -> dict[str, Any]:
        record = {
            **row.to_json(), "drawn_with_seed": row.seed, "attempts": 1, "seconds": 0.0, "description": DESCRIPTION,
            "lesions": [], "checks": 1, "broken": [], "signature": [None] * 60, "files": {},
        }  # fmt: skip
        with self.folder.new_case(row.id) as private:
            (private / "anatomy.nii.gz").write_text(f"{row.text} {row.seed}")
            time.sleep(self.seconds)
            if self.dies is not None:
                self._die_once(Path(self.dies) / row.id)
            if row.text == "odd":
                raise KeyError("an odd row")
            if row.text == "deadly":
                os._exit(1)
            write_record(record, private)
        return record

    def _die_once(self, order: Path) -> None:
        if order.exists():
            order.unlink()
            os._exit(1)


class SmallMaker(SmallWork):
    """In the place of `making.Maker`: cases with a preview."""

    def __init__(self, order: Order, url: str) -> None:
        super().__init__(url)

    def __call__(self, row: Row) -> dict[str, Any]:
        record = super().__call__(row)
        assert self.folder.disk is not None
        Image.new("RGB", (80, 50)).save(self.folder.disk / "cases" / row.id / "preview.png")
        return record


class FullDisk(SmallWork):
    """The disk is full."""

    def __call__(self, row: Row) -> dict[str, Any]:
        with self.folder.new_case(row.id):
            raise OSError(28, "No space left on device")
