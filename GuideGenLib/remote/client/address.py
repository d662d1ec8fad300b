"""Where a server is, and by what it knows its user: a token, or a certificate."""

import os
import ssl
import stat
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from GuideGenLib.core.errors import FileWarning, GuideGenError

TOKEN_VARIABLE = "GUIDEGEN_TOKEN"
CERTIFICATE_VARIABLE = "GUIDEGEN_CLIENT_CERTIFICATE"
"""Names a PEM file with the user's certificate and its key. Another authority than those of the system is named by
SSL_CERT_FILE, as OpenSSL has it."""
EXAMPLE = "for example http://gpu-machine:8090"
DEFAULT_PORT = 8090


class RemoteError(GuideGenError):
    """A server cannot be used; the message says why and what to do."""

    kind = "server"


@dataclass(frozen=True)
class Address:
    """secure: https; prefix: of paths, where the server is behind another; token: empty for none. No message shows the
    token."""

    host: str
    port: int = DEFAULT_PORT
    secure: bool = False
    prefix: str = ""
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str, token: str = "") -> "Address":
        """The address of a URL. Raises RemoteError for what is none."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError as error:
            raise RemoteError(f"{url!r} is no address of a server ({error})", f"give one, {EXAMPLE}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise RemoteError(f"{url!r} is no address of a server", f"give one, {EXAMPLE}")
        if parts.username or parts.password:
            raise RemoteError(
                "a name or password in a server's address is not used", f"give a token instead: {EXAMPLE}"
            )
        if not token.isascii() or any(c.isspace() for c in token):
            raise RemoteError("a token has characters that no token has", "copy it again")
        return cls(parts.hostname, port or DEFAULT_PORT, parts.scheme == "https", parts.path.rstrip("/"), token)

    @property
    def url(self) -> str:
        """As a user gives it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{self.prefix}"

    def tls(self) -> ssl.SSLContext:
        """What checks the server's certificate, and shows the user's. Raises RemoteError for one that cannot be
        read."""
        context = ssl.create_default_context()
        own = os.environ.get(CERTIFICATE_VARIABLE)
        if own:
            try:
                context.load_cert_chain(own)
            except (OSError, ssl.SSLError) as error:
                raise RemoteError(
                    f"the certificate {own} cannot be used ({error})",
                    f"name a PEM file with the certificate and its key by ${CERTIFICATE_VARIABLE}",
                ) from error
        return context


def read_token(path: Path | None) -> str:
    """The token in a file, else that of the environment, else none. Warns of a file that others read, too. Raises
    RemoteError for one that cannot be read."""
    if path is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    try:
        others = os.name == "posix" and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise RemoteError(f"the token's file {path} cannot be read ({error})", "name another") from error
    if others:
        warnings.warn(FileWarning(f"others can read the token in {path}: chmod 600 {path}"), stacklevel=2)
    return token
