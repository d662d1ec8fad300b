"""How the scan was taken, as far as a text says it: nothing of it is the patient's."""

import math
from dataclasses import dataclass, fields

from GuideGenLib.description.errors import DescriptionError

KERNELS = ("soft", "standard", "sharp")
"""Reconstruction kernels from smooth to those for lung and bone; standard is the one for soft tissue."""
DOSES = ("low", "standard", "high")
METALS = ("none", "hip_left", "hip_right", "both_hips", "spine")
"""Where metal is implanted: a hip prosthesis, or screws in the vertebrae of the lumbar spine."""
SLICES_MM = (0.5, 10.0)
FIELDS_OF_VIEW_MM = (100.0, 700.0)


@dataclass(frozen=True)
class Acquisition:
    """None: the text does not say. slice_mm: thickness; kernel, dose, metal: of KERNELS, DOSES, METALS; oral_contrast:
    whether it fills the bowel; table: whether the couch is seen; motion: whether the patient breathed;
    field_of_view_mm: width of the image. Raises DescriptionError for a value that cannot be."""

    slice_mm: float | None = None
    kernel: str | None = None
    dose: str | None = None
    oral_contrast: bool | None = None
    table: bool | None = None
    motion: bool | None = None
    metal: str | None = None
    field_of_view_mm: float | None = None

    def __post_init__(self) -> None:
        for name, what, (low, high) in (
            ("slice_mm", "slice thickness", SLICES_MM), ("field_of_view_mm", "field of view", FIELDS_OF_VIEW_MM),
        ):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                raise DescriptionError(f"A {what} of {value:g} mm is not possible", f"give {low:g} to {high:g} mm.")
        for name, known in (("kernel", KERNELS), ("dose", DOSES), ("metal", METALS)):
            value = getattr(self, name)
            if value is not None and value not in known:
                raise DescriptionError(f"{name} is {value!r}", f"give one of {', '.join(known)}, or None.")
        for name in ("oral_contrast", "table", "motion"):
            if getattr(self, name) not in (None, False, True):
                raise DescriptionError(f"{name} is {getattr(self, name)!r}", "give True, False or None.")


HOME = "acquisition."
"""How the paths of its fields begin in a description."""
PATHS = tuple(HOME + one.name for one in fields(Acquisition))
