"""How soon the views of a page answer: from the event in the browser to the picture that it shows because of it."""

import statistics
from typing import Any

WANTED_MS = {
    "wheel": 60,
    "wheel, held": 60,
    "window key": 60,
    "window drag": 60,
    "jump": 150,
    "stroke": 150,
    "finding": 500,
}
"""At the 95th percentile, on two idle cores."""

TIMES = 40
IDLE_MS = 700
"""Between two events: a view at rest has sent its last frame by then."""

WATCH = """() => {
  window.asked = 0; window.shown = {};
  for (const kind of ['wheel', 'keydown', 'mousedown', 'mouseup', 'dblclick', 'click'])
    window.addEventListener(kind, () => { window.asked = performance.now(); window.shown = {}; }, true);
  window.addEventListener('mousemove', (event) => {
    if (event.buttons) { window.asked = performance.now(); window.shown = {}; }
  }, true);
  const look = (image) => new MutationObserver(() => {
    const asked = window.asked;
    image.decode().catch(() => {}).then(() => requestAnimationFrame(() => {
      const name = image.closest('.layout-grid-item')?.querySelector('[id^=views-][id$=-bar]')?.id.slice(6, -4);
      if (name && asked === window.asked && !(name in window.shown)) window.shown[name] = performance.now() - asked;
    }));
  }).observe(image, { attributes: true, attributeFilter: ['src'] });
  document.querySelectorAll('img.image-display-area').forEach(look);
}"""
"""The first frame of each view after the last event; a frame that was on its way before counts as none."""


def measure_views(page: Any) -> dict[str, list[float]]:
    """Milliseconds by what was done, at a page with an anatomy and a CT in its four views."""
    page.evaluate(WATCH)
    box = page.locator(".layout-grid-item").filter(has=page.locator("#views-axial-bar")).bounding_box()
    x, y = box["x"] + 0.55 * box["width"], box["y"] + 0.6 * box["height"]
    page.mouse.move(x, y)
    page.wait_for_timeout(IDLE_MS)
    found: dict[str, list[float]] = {}
    found["wheel"] = [shown(page, lambda n=n: page.mouse.wheel(0, 100 if n % 20 < 10 else -100)) for n in range(TIMES)]
    found["wheel, held"] = held(page)
    found["window key"] = [shown(page, lambda n=n: page.keyboard.press("lamb"[n % 4])) for n in range(TIMES)]
    page.keyboard.press("w")
    page.wait_for_timeout(IDLE_MS)
    page.mouse.down()
    found["window drag"] = [shown(page, lambda n=n: page.mouse.move(x + 3 * (n % 20 + 1), y)) for n in range(TIMES)]
    page.mouse.up()
    page.keyboard.press("w")
    rows = page.locator("[id^=segments-row-]:visible").all()[:8]
    if rows:
        three = ("axial", "coronal", "sagittal")
        found["jump"] = [shown(page, rows[n % len(rows)].dblclick, three) for n in range(TIMES // 2)]
    found["stroke"] = strokes(page, x, y)
    found["finding"] = findings(page)
    return found


def strokes(page: Any, x: float, y: float) -> list[float]:
    """From the release of the button, which paints, to the picture with the stroke; the brush was at rest before."""
    choose(page, "liver")
    page.click("#editor-paint")
    took = []
    for n in range(TIMES // 2):
        page.mouse.move(x - 4 * n, y)
        page.mouse.down()
        for step in range(1, 6):
            page.mouse.move(x - 4 * n + 4 * step, y + 2 * step)
        page.wait_for_timeout(IDLE_MS)
        took.append(shown(page, page.mouse.up))
    page.click("#editor-none")
    return took


def findings(page: Any) -> list[float]:
    """From Add to the picture with the tumor."""
    took = []
    for _ in range(TIMES // 8):
        choose(page, "liver")
        page.locator("#segments-row-liver").dblclick()
        page.wait_for_timeout(IDLE_MS)
        took.append(shown(page, page.locator("#lesion-add").click))
    return took


def choose(page: Any, name: str) -> None:
    """Search for a segment and choose it."""
    page.fill("#segments-search", name)
    page.locator(f"#segments-row-{name}").click()
    page.wait_for_timeout(IDLE_MS)


def shown(page: Any, act: Any, views: tuple[str, ...] = ("axial",)) -> float:
    """Milliseconds from what is done until all these views show it."""
    act()
    page.wait_for_function("names => names.every((name) => name in window.shown)", arg=list(views), polling=20)
    took = max(page.evaluate("window.shown")[name] for name in views)
    page.wait_for_timeout(IDLE_MS)
    return float(took)


def held(page: Any) -> list[float]:
    """The wheel is turned on and on, 15 ticks a second: from the last tick to its picture."""
    took = []
    for _ in range(TIMES // 4):
        for _ in range(14):
            page.mouse.wheel(0, 100)
            page.wait_for_timeout(60)
        took.append(shown(page, lambda: page.mouse.wheel(0, 100)))
        for _ in range(15):
            page.mouse.wheel(0, -100)
        page.wait_for_timeout(IDLE_MS)
    return took


def tell_views(found: dict[str, list[float]]) -> None:
    """One line for each: median, 95th percentile, and what is wanted."""
    for what, times in found.items():
        last = statistics.quantiles(times, n=20)[-1]
        print(f"{what:<14} median {statistics.median(times):5.0f} ms, 95 % within {last:5.0f} ms, "
              f"wanted {WANTED_MS[what]} ms, {len(times)} times")  # fmt: skip
