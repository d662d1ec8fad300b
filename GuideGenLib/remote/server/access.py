"""Who may ask: the bearer of a token, the owner of a certificate, or, where only this machine can ask, anybody."""

import hashlib
import hmac
import os
import ssl
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from GuideGenLib.core.addresses import is_loopback, name_in
from GuideGenLib.core.errors import FileWarning, GuideGenError

TOKENS_VARIABLE = "GUIDEGEN_TOKEN"
SHORTEST_TOKEN = 20
MAKE_ONE = "make one, for example by: python -c 'import secrets; print(secrets.token_urlsafe())'"


class AccessError(GuideGenError):
    """The server's tokens or certificates cannot be used; the message says which and why."""


class Access:
    """tokens: users by their tokens; mutual: users are told by their certificates instead; neither: all are one user,
    for a server that this machine alone can reach."""

    def __init__(self, tokens: Mapping[str, str] | None = None, *, mutual: bool = False) -> None:
        self._digests = [(_digest(token), user) for token, user in (tokens or {}).items()]
        self._mutual = mutual

    @property
    def open(self) -> bool:
        """Whether anybody is let in."""
        return not self._digests and not self._mutual

    def user(self, authorization: str, certificate: Mapping[str, Any] | None, host: str) -> str | None:
        """Who asks, None for a stranger. authorization, host: headers; certificate: as `ssl` has it, already checked.
        All tokens are compared, in a time that tells nothing of them."""
        if self._mutual:
            return _owner(certificate) if certificate else None
        if self.open:  # another site's name may lead here: DNS rebinding
            return "" if is_loopback(name_in(host)) else None
        scheme, _, token = authorization.partition(" ")
        shown, found = _digest(token.strip()), None
        for digest, user in self._digests:
            if hmac.compare_digest(digest, shown):
                found = user
        return found if scheme.lower() == "bearer" else None


def read_tokens(path: Path | None) -> dict[str, str]:
    """Users by their tokens: a line each in a file, `name token`; without a file that of the environment, of one user.
    Raises AccessError."""
    if path is None:
        token = os.environ.get(TOKENS_VARIABLE, "").strip()
        return {_checked(token, f"${TOKENS_VARIABLE}"): "user"} if token else {}
    try:
        text = path.read_text(encoding="utf-8")
        others = os.name == "posix" and path.stat().st_mode & 0o077
    except (OSError, ValueError) as error:
        raise AccessError(f"the file of tokens {path} cannot be read ({error})", "name another") from error
    if others:  # as secrets in containers are, where nobody else is
        warnings.warn(FileWarning(f"others can read the tokens in {path}: chmod 600 {path}"), stacklevel=2)
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2:
            raise AccessError(f"line {number} of {path} is no name and token", "write one user a line: name token")
        token = _checked(words[1], f"line {number} of {path}")
        if token in found:
            raise AccessError(f"{found[token]} and {words[0]} in {path} have the same token", MAKE_ONE)
        found[token] = words[0]
    if not found:
        raise AccessError(f"{path} holds no token", "write one user a line: name token")
    return found


def tls(certificate: Path, key: Path | None, clients_ca: Path | None) -> ssl.SSLContext:
    """The server's certificate; with clients_ca, the authority of those who may ask. Who has none is still answered
    whether the server is well. Raises AccessError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
        if clients_ca is not None:
            context.load_verify_locations(clients_ca)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        names = ", ".join(str(path) for path in (certificate, key, clients_ca) if path is not None)
        raise AccessError(f"{names} cannot be used ({error})", "name PEM files that belong together") from error
    return context


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _checked(token: str, where: str) -> str:
    if len(token) < SHORTEST_TOKEN or not token.isascii():
        raise AccessError(f"the token of {where} is short or not plain", MAKE_ONE)
    return token


def _owner(certificate: Mapping[str, Any]) -> str:
    """The common name in a certificate, or its number where it has none."""
    names = dict(pair for group in certificate.get("subject", ()) for pair in group)
    return str(names.get("commonName") or certificate.get("serialNumber", ""))
