"""The labels of a data set: ours, those of another vocabulary, or organs with their tumours."""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.maps import to_vocabulary
from GuideGenLib.anatomy.table import by_group, label, labels, values
from GuideGenLib.anatomy.vocabularies import VOCABULARIES
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.export.dicom.grid import on_grid

OURS, PAIRS = "guidegen", "pairs"
OTHERS = ("totalsegmentator", "guidegen21")
KINDS = (OURS, *OTHERS, PAIRS)


class DatasetError(GuideGenError):
    """A data set cannot be written as asked."""


@dataclass(frozen=True)
class Labels:
    """What the values of a data set's label volumes mean: names by value, 0 is background."""

    kind: str
    names: dict[int, str]

    def of(self, anatomy: sitk.Image, ct: sitk.Image) -> sitk.Image:
        """The anatomy, uint8 values of ours, in these labels on the grid of its CT (nearest)."""
        ours = sitk.GetArrayFromImage(on_grid(anatomy, ct)).astype(np.uint8)
        if self.kind == OURS:
            return on_grid_of(ct, ours)
        if self.kind != PAIRS:
            return on_grid_of(ct, to_vocabulary(ours, self.kind))  # type: ignore[arg-type]
        table = np.zeros(256, np.uint8)
        by_name = {name: value for value, name in self.names.items()}
        for organ, tumour in _pairs().items():
            parts = label(tumour).part_of
            for row in labels():
                if row.key in parts or set(row.part_of) & set(parts):  # cysts, stones: what lies in an organ is of it
                    table[row.value] = by_name[organ]
        for tumour in _pairs().values():
            table[values()[tumour]] = by_name[tumour]
        return on_grid_of(ct, table[ours])


def labels_as(kind: str) -> Labels:
    """One of KINDS. pairs: each organ that a tumour may lie in, whole, and its tumour (liver 1, liver_tumor 2, ...).

    Raises DatasetError for another word.
    """
    if kind == OURS:
        return Labels(kind, {row.value: row.key for row in labels()})
    if kind in OTHERS:
        names = {value: name for value, name in VOCABULARIES[kind].items() if name}  # type: ignore[index]
        return Labels(kind, {**names, 0: "background"})
    if kind != PAIRS:
        raise DatasetError(f"no labels are called {kind!r:.40}", f"use one of {', '.join(KINDS)}")
    paired = [name for pair in _pairs().items() for name in pair]
    return Labels(kind, dict(enumerate(["background", *paired])))


def _pairs() -> dict[str, str]:
    """The tumour label of each organ."""
    return {row.key.removesuffix("_tumor"): row.key for row in by_group()["lesions"]}
