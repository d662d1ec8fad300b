"""The engine's client with a server in the place of a worker process."""

import hashlib
from pathlib import Path
from typing import Any

from GuideGenLib.bundle import BundleError
from GuideGenLib.bundle.reading import CONFIG
from GuideGenLib.engine import Client
from GuideGenLib.engine.client import Serves
from GuideGenLib.remote.client.address import Address, RemoteError
from GuideGenLib.remote.client.connection import Connection, LostError
from GuideGenLib.remote.client.worker import Model, RemoteWorker


class RemoteClient(Client):
    """As `engine.Client`, whose requests a server serves. bundle: a folder whose bundle.json is that of the model that
    the server must have (None: whatever it has, but the same for all requests). Raises BundleError."""

    first_stage = "wait"

    def __init__(self, address: Address, *, bundle: Path | None = None) -> None:
        self._model = Model(None if bundle is None else identity_of(bundle))
        self._address = address
        super().__init__(bundle=bundle)

    def _start_worker(self) -> Serves:
        return RemoteWorker(self._address, self._model)


def identity_of(bundle: Path) -> str:
    """What stands for a bundle: its bundle.json's sha256; its weights need not be here. Raises BundleError."""
    try:
        return hashlib.sha256((bundle / CONFIG).read_bytes()).hexdigest()
    except OSError as error:
        raise BundleError(
            f"{bundle} has no {CONFIG}", "name the folder of a model, or none: the server has its own"
        ) from error


def greet(address: Address, bundle: Path | None = None) -> dict[str, Any]:
    """What a server is, when it can be used with that bundle (None: any): version, bundle, lease_s, most_bytes. Raises
    RemoteError, BundleError."""
    connection = Connection(address, None if bundle is None else identity_of(bundle))
    try:
        return connection.hello()
    except LostError as error:
        raise RemoteError(
            f"no server answers at {address.url} ({error})",
            "check the address, and whether `guidegen serve` runs there",
        ) from error
    finally:
        connection.close()
