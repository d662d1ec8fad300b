"""The server that makes the volumes, if it is not this computer: its address and the user's token, kept in Slicer's
settings. They are the user's and no scene's: a scene is given to others."""

from typing import Any

import slicer

URL, TOKEN = "GuideGen/Server", "GuideGen/ServerToken"


def url() -> str:
    """What the user typed, empty for this computer."""
    return str(slicer.app.settings().value(URL) or "").strip()


def token() -> str:
    """What the server knows the user by, empty for none."""
    return str(slicer.app.settings().value(TOKEN) or "").strip()


def remember(key: str, text: str) -> None:
    """Keep URL or TOKEN for the next time."""
    slicer.app.settings().setValue(key, text.strip())


def address() -> Any:
    """A remote.client.Address, None for this computer. Raises ValueError for what is no address."""
    from GuideGenLib.remote.client import Address

    return Address.of(url(), token()) if url() else None
