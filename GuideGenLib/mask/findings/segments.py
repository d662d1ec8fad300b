"""Segments of lung, liver and pancreas as directions in their lobe: "apical" is the upper part of the upper lobe."""

import numpy as np

DIRECTIONS = {"up": (0, 1), "down": (0, -1), "back": (1, 1), "front": (1, -1), "left": (2, 1), "right": (2, -1)}
"""Axis (z, y, x) and sign in the canonical frame; "medial" and "lateral" depend on the side."""
LUNG = {
    "1": "up", "2": "up back", "3": "front", "4": "lateral", "5": "medial", "6": "up back", "7": "down medial",
    "8": "down front", "9": "down lateral", "10": "down back", "apical": "up", "apicoposterior": "up back",
    "posterior": "back", "anterior": "front", "lingula": "down front", "superior": "up", "inferior": "down",
    "lateral": "lateral", "medial": "medial", "base": "down", "basal": "down", "anterior_basal": "down front",
    "hilum": "medial", "anteromedial_basal": "down front", "posterior_basal": "down back",
    "lateral_basal": "down lateral", "medial_basal": "down medial",
}  # fmt: skip
LINGULA = {"4": "down front up", "5": "down front down"}
"""Segments 4 and 5 of the left lung are the upper and lower half of the lingula."""
LIVER = {
    "II": "left up", "III": "left down", "IV": "right", "IVa": "right up", "IVb": "right down", "V": "front down",
    "VI": "back down", "VII": "back up", "VIII": "front up",
}  # fmt: skip
OTHERS = {"uncinate": "down", "neck": "left", "rectosigmoid": "down"}
KEPT = 0.45
"""Part of the lobe that one direction keeps."""


def narrowed(voxels: np.ndarray, organ: str, side: str | None, segment: str | None) -> np.ndarray:
    """Those of the voxels [n, 3] of a lobe that lie in a segment of it; all of them if the segment is not known."""
    words = {"liver": LIVER, "lung": LUNG | LINGULA if side == "left" else LUNG}.get(organ, OTHERS)
    outward, inward = ("left", "right") if side == "left" else ("right", "left")
    for word in words.get(segment or "", "").split():
        axis, sign = DIRECTIONS[{"lateral": outward, "medial": inward}.get(word, word)]
        along = sign * voxels[:, axis]
        voxels = voxels[along >= np.quantile(along, 1 - KEPT)]
    return voxels
