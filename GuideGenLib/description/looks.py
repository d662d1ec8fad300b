"""How lesions may look, and which looks go together."""

from collections.abc import Iterable

from GuideGenLib.description.errors import DescriptionError

LOOKS = (
    "smooth", "lobulated", "spiculated", "infiltrating", "solid", "part_solid", "ground_glass", "cavitated", "necrotic",
    "cystic", "calcified", "hypervascular", "hypovascular", "washout", "rim_enhancing",
)  # fmt: skip
"""How a lesion looks: margin, inside, and against its organ after contrast."""
LUNG_LOOKS = ("part_solid", "ground_glass")
"""Looks of lesions in the lungs alone."""
OPPOSITES = (
    ("smooth", "lobulated"), ("smooth", "spiculated"), ("smooth", "infiltrating"), ("solid", "part_solid"),
    ("solid", "ground_glass"), ("solid", "cystic"), ("part_solid", "ground_glass"), ("part_solid", "cystic"),
    ("ground_glass", "cavitated"), ("ground_glass", "necrotic"), ("ground_glass", "cystic"),
    ("cavitated", "cystic"), ("hypervascular", "hypovascular"), ("hypervascular", "cystic"),
)  # fmt: skip
"""Looks that no lesion has together."""


def opposite(look: str, others: Iterable[str]) -> str | None:
    """The first of some looks that no lesion has together with this one."""
    return next((other for other in others if (look, other) in OPPOSITES or (other, look) in OPPOSITES), None)


def checked_looks(looks: Iterable[str], organ: str | None) -> tuple[str, ...]:
    """In the order of LOOKS, each once. Raises DescriptionError for others, and for those that do not go together."""
    for look in looks:
        if look not in LOOKS:
            raise DescriptionError(f"There is no look {look!r}", f"give some of {', '.join(LOOKS)}.")
        if (other := opposite(look, looks)) is not None:
            names = f"{look.replace('_', ' ')} and {other.replace('_', ' ')}"
            raise DescriptionError(f"A lesion is said to be {names}", "keep one of the two.")
        if look in LUNG_LOOKS and organ not in (None, "lung"):
            raise DescriptionError(f"A {look.replace('_', ' ')} lesion is in the lung alone, not in the {organ}",
                                   "name another look.")  # fmt: skip
    return tuple(look for look in LOOKS if look in looks)
