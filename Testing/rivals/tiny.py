"""The rivals with a few weights."""

from typing import Any

from GuideGenLib.rivals import generatect, medsyn, pinaya
from GuideGenLib.rivals.frame import Rival
from GuideGenLib.rivals.systems import RIVALS

CANVAS = (32, 16, 16)
"""A torso frame in place of 192 x 128 x 144, for those that make all of it."""
SIZES: dict[str, dict[str, Any]] = {
    "maisi": {"codec": (8, 8, 8), "channels": (8, 16), "condition": (8, 8, 8), "groups": 4},
    "zhuang": {"channels": (8, 16), "spade": 4, "groups": 4},
    "medddpm": {"channels": (8, 16), "groups": 4},
    "medsyn": {"coarse": (8, 16), "fine": (8, 16), "groups": 4},
    "pinaya": {"codec": (8, 8, 8, 8), "channels": (8, 16), "groups": 4},
    "generatect": {
        "codec": (8, 8, 8), "tokens": 16, "embedding": 8, "width": 16, "depth": 1, "heads": 2, "slices": (8, 32),
        "groups": 4,
    },
}  # fmt: skip


def tiny_rival(name: str, monkeypatch: Any) -> Rival:
    """One of them, on a small torso frame."""
    for module in (generatect, medsyn, pinaya):
        monkeypatch.setattr(module, "CANVAS", CANVAS)
    monkeypatch.setattr(generatect, "GRID", (CANVAS[0] // 8, CANVAS[1] // 16, CANVAS[2] // 16))
    return RIVALS[name](SIZES[name])
