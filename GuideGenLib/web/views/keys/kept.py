"""What the browser keeps of a user's views for the next time: it stays on that machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from trame.widgets import client

from GuideGenLib.web.scripts import once

TRIGGER = "views_kept"
KEPT = {"views_layout": "guidegen-layout", "views_smooth": "guidegen-smooth"}
"""What of the page's state, and its name there."""

SCRIPT = """
(() => {
  const names = NAMES;
  const wait = setInterval(() => {
    if (!window.trame?.state?.get('views_layout')) return;
    clearInterval(wait);
    for (const [key, name] of Object.entries(names)) {
      let kept = null;
      try { kept = localStorage.getItem(name); } catch { return; }
      if (kept) window.trame.trigger('TRIGGER', [key, kept === 'true' || (kept !== 'false' && kept)]);
      let first = true;
      window.trame.state.watch([key], (value) => {
        if (!first) localStorage.setItem(name, value);
        first = false;
      });
    }
  }, 100);
})();
"""


class KeptLooks:
    """take(key, value): told of each of KEPT as it was the last time, if there was one."""

    def __init__(self, server: Any, take: Callable[[str, Any], None]) -> None:
        self._take = take
        server.trigger(TRIGGER)(self._on_kept)

    def _on_kept(self, key: str, value: Any) -> None:
        if key in KEPT:
            self._take(key, value)

    def build(self) -> None:
        """Write the script into the open layout."""
        client.Script(once(SCRIPT.replace("NAMES", json.dumps(KEPT)).replace("TRIGGER", TRIGGER)))
