"""What a request needs before the models: a text that is read, and the files that a user names for its volumes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from GuideGenLib.engine.protocol import (
    ChangeRequest,
    CompleteRequest,
    CTRequest,
    DescribeDone,
    RegenerateRequest,
    Request,
)

if TYPE_CHECKING:
    import SimpleITK as sitk


def describe(text: str) -> DescribeDone:
    """What a text says. Raises DescriptionError."""
    from GuideGenLib.description import parse
    from GuideGenLib.description.report import to_json

    return DescribeDone(to_json(parse(text)))


def readers(request: Request) -> "dict[str, Callable[[Path], sitk.Image]]":
    """The volume fields of a request with the function that reads a user's file of that kind."""
    from GuideGenLib.anatomy.label_maps.opening import open_anatomy
    from GuideGenLib.anatomy.label_maps.reading import read_label_map
    from GuideGenLib.core.volumes import read_ct

    def read_anatomy(path: Path) -> "sitk.Image":
        return open_anatomy(path).anatomy

    if isinstance(request, CompleteRequest):  # what its file leaves out is drawn
        return {"anatomy": lambda path: read_label_map(path).image}
    if isinstance(request, CTRequest):
        return {"anatomy": read_anatomy}
    if isinstance(request, RegenerateRequest):
        return {"ct": read_ct, "anatomy": read_anatomy, "edited": read_anatomy}
    if isinstance(request, ChangeRequest):
        return {"anatomy": read_anatomy, "edited": read_anatomy, "old_ct": read_ct}
    return {}
