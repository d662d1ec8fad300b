"""Questions to a server, one a call: each opens the connection again where it was lost."""

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from GuideGenLib import __version__
from GuideGenLib.remote.api import PIECE, POLL_S, PREFIX
from GuideGenLib.remote.client.address import Address, RemoteError

CONNECT_S = 10.0
"""Until a server that does not answer is given up, beyond what a question may wait there."""


class LostError(Exception):
    """The connection was lost or there is none; the same question may be asked again."""


class RefusedError(RemoteError):
    """The server refuses, and would again. status: of HTTP."""

    def __init__(self, status: int, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.status = status


class Connection:
    """To be used from one thread; `close` may be called from another. bundle: the sha256 that the server's model must
    have, None takes any. Calls raise LostError, RefusedError, RemoteError."""

    def __init__(self, address: Address, bundle: str | None = None) -> None:
        self._address, self.bundle = address, bundle
        self._http: http.client.HTTPConnection | None = None

    def hello(self) -> dict[str, Any]:
        """What the server is: version, bundle (name, sha256), lease_s, most_bytes."""
        return self._json("GET", f"/hello?{self._fit}")

    def announce(self, run: str, size: int) -> None:
        """Ask for a place for a request of so many bytes."""
        self._json("POST", f"/runs/{run}?{self._fit}&bytes={size}")

    def send(self, run: str, pieces: Iterable[bytes]) -> None:
        """The request itself."""
        self._json("PUT", f"/runs/{run}/request", pieces)

    def state(self, run: str, after: int) -> dict[str, Any]:
        """The state of a run: number, state, and what belongs to it."""
        return self._json("GET", f"/runs/{run}?after={after}")

    def result(self, run: str, into: bytearray) -> None:
        """Fetch the result; `into` has what came so far, also when the connection is lost in the midst."""
        response = self._ask("GET", f"/runs/{run}/result?after={len(into)}")
        with self._losses():
            whole = len(into) + int(response.headers["Content-Length"])
            while piece := response.read(PIECE):
                into += piece
            if len(into) < whole:  # http.client tells the end of a connection as that of the answer
                raise ConnectionError("the answer was cut short")

    def forget(self, run: str) -> None:
        """Stop a run and delete what the server has of it."""
        self._json("DELETE", f"/runs/{run}")

    def close(self) -> None:
        """End the connection, also while another thread waits for an answer."""
        made, self._http = self._http, None
        if made is not None and made.sock is not None:
            with contextlib.suppress(OSError):
                made.sock.shutdown(socket.SHUT_RDWR)
        if made is not None:
            made.close()

    # ------------------------------------------------------------ inside

    @property
    def _fit(self) -> str:
        return urlencode({"version": __version__, "bundle": self.bundle or ""}, quote_via=quote)

    def _json(self, method: str, path: str, body: Iterable[bytes] | None = None) -> dict[str, Any]:
        response = self._ask(method, path, body)
        with self._losses():
            content = response.read()
        return _object(content) or {}

    def _ask(self, method: str, path: str, body: Iterable[bytes] | None = None) -> http.client.HTTPResponse:
        """The answer, when it is none of refusal; a refusal while the body still went is heard, too."""
        headers = {"Authorization": f"Bearer {self._address.token}"} if self._address.token else {}
        made = self._http = self._http or self._connect()
        with self._losses():
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                made.request(
                    method, self._address.prefix + PREFIX + path, body=body, headers=headers,
                    encode_chunked=body is not None,
                )  # fmt: skip
            if made.sock is None:
                raise ConnectionError("the connection was closed")
            response = made.getresponse()
        if response.status < 300:
            return response
        with self._losses():
            content = response.read(1 << 16)
        if response.will_close:
            self.close()
        if response.status in (502, 503, 504):
            raise LostError(f"status {response.status}")
        told = _object(content)
        if told is None or "message" not in told:
            raise RemoteError(f"{self._address.url} is no server of GuideGen", "check the address")
        raise RefusedError(response.status, str(told["message"]), str(told.get("remedy", "")))

    def _connect(self) -> http.client.HTTPConnection:
        where = self._address.host, self._address.port
        timeout = CONNECT_S + POLL_S
        if self._address.secure:
            return http.client.HTTPSConnection(*where, timeout=timeout, context=self._address.tls())
        return http.client.HTTPConnection(*where, timeout=timeout)

    @contextlib.contextmanager
    def _losses(self) -> Any:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise RemoteError(
                f"the certificate of {self._address.url} is not trusted ({error.verify_message})",
                "name the authority that made it by $SSL_CERT_FILE, or check the address",
            ) from error
        except (OSError, http.client.HTTPException, ValueError, TypeError) as error:
            self.close()
            raise LostError(str(error) or type(error).__name__) from error
        except BaseException:  # whoever sends does not want to any more: half a question stays on the way
            self.close()
            raise


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
