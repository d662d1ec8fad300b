"""What the browser keeps of a user's views for the next time: it stays on that machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trame.widgets import client

TRIGGER = "views_kept"
SCRIPT = """
(() => {
  const name = 'guidegen-layout';
  const wait = setInterval(() => {
    if (!window.trame?.state?.get('views_layout')) return;
    clearInterval(wait);
    let kept = null;
    try { kept = localStorage.getItem(name); } catch { return; }
    if (kept) window.trame.trigger('TRIGGER', [kept]);
    let first = true;
    window.trame.state.watch(['views_layout'], (layout) => {
      if (!first) localStorage.setItem(name, layout);
      first = false;
    });
  }, 100);
})();
"""


class KeptLayout:
    """take(name): told the layout of the last time, if there was one."""

    def __init__(self, server: Any, take: Callable[[str], None]) -> None:
        server.trigger(TRIGGER)(take)

    def build(self) -> None:
        """Write the script into the open layout."""
        client.Script(SCRIPT.replace("TRIGGER", TRIGGER))
