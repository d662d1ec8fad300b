"""Which segments of an anatomy are kept. It needs no torch: a client of a server asks it, too."""

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.table import find, values
from GuideGenLib.core.errors import GuideGenError


class KeepError(GuideGenError):
    """Segments cannot be kept as asked; the message says which, and what to do."""


def keys_to_keep(anatomy: sitk.Image, keep: Sequence[str] | None) -> tuple[str, ...]:
    """The label keys that are kept of an anatomy, in the order of the table; None: all that it holds but unnamed body.

    Raises KeepError for a key that the table or the anatomy does not have, and where nothing is left.
    """
    there = set(np.unique(sitk.GetArrayViewFromImage(anatomy)).tolist())
    if keep is None:
        found = [key for key, value in values().items() if value in there and key not in ("background", "body")]
        if not found:
            raise KeepError("the anatomy holds no segment that could be kept", "give one that names organs or bones")
        return tuple(found)
    if not keep:
        raise KeepError("no segment is chosen to be kept", "choose at least one, for instance the liver")
    for key in keep:
        if not values().get(key):
            near = ", ".join(row.key for row in find(key.replace("_", " "))[:3]) or "liver, liver_tumor, hip_left"
            raise KeepError(f"no segment is called {key!r:.40}", f"use keys of labels.csv, for example {near}")
        if values()[key] not in there:
            held = ", ".join(k for k, v in values().items() if v in there and v)
            raise KeepError(f"the anatomy holds no {key}", f"keep what it holds: {held or 'nothing'}")
    return tuple(key for key in values() if key in keep)
