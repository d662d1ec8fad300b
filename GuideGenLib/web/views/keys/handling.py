"""Keys pressed anywhere in the page act on the view under the mouse, or on the one that has the focus; the wheel acts
as the keys of the slices do.

trame_rca would send three messages for its first tick, each after the answer to the one before.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from trame.widgets import client

from GuideGenLib.web.scripts import once
from GuideGenLib.web.views.keys.table import KEYS, SLICES

TRIGGER = "views_key"
MOST_TIMES = 50
"""Of a wheel that was turned on while the page waited for an answer."""

SCRIPT = """
(() => {
  const keys = KEYS, moves = new Set(MOVES);
  let hovered = '';
  const view = (element) => {
    const bar = element?.closest?.('.layout-grid-item')?.querySelector('[id^=views-][id$=-bar]');
    return bar ? bar.id.slice(6, -4) : '';
  };
  document.addEventListener('mouseover', (event) => { hovered = view(event.target); }, true);
  window.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target, typing = 'textarea, select, [contenteditable], [role=listbox], [role=menu], [role=dialog]';
    if (at.closest?.(typing) || (at.tagName === 'INPUT' && !at.closest('.v-slider'))) return;
    const letter = event.key.length === 1, shift = event.shiftKey && !letter ? 'Shift+' : '';
    const name = shift + (letter ? event.key.toLowerCase() : event.key);
    const action = keys[name];
    if (!action) return;
    if (name === ' ' && at.closest?.('button, summary, a, [role=button]')) return;
    const where = view(document.activeElement) || hovered;
    const own = '[role=grid], [role=tree], [role=radiogroup], [role=tablist], #segments-list';
    if (moves.has(name) && (!where || at.closest?.(own) || (at.closest?.('.v-slider') && !event.shiftKey))) return;
    event.preventDefault();
    if (shift) event.stopPropagation();
    window.trame.trigger('TRIGGER', [action, where]);
  }, true);
  let ticks = 0, turned = '', waiting = false;
  const scroll = async () => {
    waiting = true;
    try {
      while (ticks) {
        const sent = ticks;
        ticks = 0;
        await window.trame.trigger('TRIGGER', [sent > 0 ? 'previous' : 'next', turned, Math.abs(sent)]);
      }
    } finally { waiting = false; }
  };
  window.addEventListener('wheel', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !event.deltaY) return;
    const where = event.target.closest?.('[id^=views-][id$=-bar]') ? '' : view(event.target);
    if (!where || where === 'threed') return;
    event.preventDefault();
    event.stopPropagation();
    if (where !== turned) ticks = 0;
    turned = where;
    ticks += Math.sign(event.deltaY);
    if (!waiting) scroll();
  }, { capture: true, passive: false });
})();
"""
"""Fields keep their keys, and sliders their arrows: that of a view moves its slice by them anyway. With Shift they are
ours there, too: so the script hears them first."""


class Keys:
    """act(action, view): told of each key of `table.KEYS`; view: its name, "" where none is under the mouse."""

    def __init__(self, server: Any, act: Callable[[str, str], None]) -> None:
        self._act = act
        server.trigger(TRIGGER)(self._on_key)

    def _on_key(self, action: str, view: str = "", times: int = 1) -> None:
        if action in {key.action for key in KEYS}:
            for _ in range(min(int(times), MOST_TIMES)):
                self._act(action, view)

    def build(self) -> None:
        """Write the script into the open layout."""
        actions = {key.key: key.action for key in KEYS}
        moves = [key.key for key in SLICES]
        script = SCRIPT.replace("KEYS", json.dumps(actions)).replace("MOVES", json.dumps(moves))
        client.Script(once(script.replace("TRIGGER", TRIGGER)))
