"""What a user sees of the views in a browser."""

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np

PATIENCE_S = 30.0


def until(condition: Callable[[], bool]) -> None:
    """Ask again until it is so, at most PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"


def view(page: Any, name: str) -> Any:
    """The cell of a view."""
    return page.locator(".layout-grid-item").filter(has=page.locator(f"#views-{name}-reset"))


def pixels(page: Any, name: str) -> np.ndarray:
    """What the browser shows of a view below its bar, [row, column, 3]."""
    from PIL import Image

    return np.asarray(Image.open(BytesIO(view(page, name).screenshot())).convert("RGB")).astype(int)[30:]


def brightness(page: Any, name: str) -> float:
    """Mean over a view."""
    return float(pixels(page, name).mean())


def stand(page: Any, name: str) -> str:
    """Where a slice stands, as its bar tells."""
    return str(view(page, name).locator(f"#views-{name}-slice + span").text_content())


def middle(page: Any, name: str) -> tuple[float, float]:
    """Of a view, in pixels of the page."""
    box = view(page, name).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
