"""How long the front waits for what; tests shorten them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """Seconds."""

    start_s: float = 60.0
    """A session's process has this long until it tells its port."""
    poll_s: float = 20.0
    """A browser that waits for the start is answered after this time at the latest."""
    unopened_s: float = 60.0
    """A page that was sent has this long to open its websocket."""
    reload_s: float = 20.0
    """A reload, or the way back to the page, comes within this time; nobody else gets the session's place meanwhile."""
    grace_s: float = 600.0
    """A session is kept so long when its last page was closed or left, or its connection broke."""
    end_s: float = 3.0
    """A process whose stdin was closed has this long to end by itself."""
    heartbeat_s: float = 20.0
    """Between two pings on a websocket."""
    remembered_s: float = 600.0
    """What a dead session's log said is kept so long for its user."""
    keep_s: float = 24 * 3600.0
    """Autosaved work is kept so long; 0 keeps none."""
    tidy_s: float = 60.0
    """Between two looks at what was kept too long."""
    tick_s: float = 0.5
    """Between two looks at who is over time."""
