"""The engine's client of a server. Python's own libraries alone: neither torch nor weights are needed here."""

from GuideGenLib.remote.client.address import Address
from GuideGenLib.remote.client.client import RemoteClient

__all__ = ["Address", "RemoteClient"]
