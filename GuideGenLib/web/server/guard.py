"""Who may ask the front: its own pages, on this machine or with the token. And the headers of every answer."""

import hmac
import re
import secrets
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from GuideGenLib.core.addresses import is_loopback, name_in
from GuideGenLib.web.server import pages
from GuideGenLib.web.speaking import Speaker

OTHER_NAME = "Open the address that `guidegen web` printed; by this name the server is not known."
TOKEN_COOKIE = "guidegen_token"
HOST = re.compile(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
ASSETS = ("text/javascript", "application/javascript", "text/css", "font/", "image/", "application/wasm")
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Vue compiles the page's templates in the browser
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "connect-src 'self' data: blob: ws://{host} wss://{host}",
        "object-src 'none'",
        "base-uri 'self'",  # the page names its own address
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class Guard:
    """open_to_others: the server listens to other machines, so a token is asked for; `token` is None otherwise. free:
    what all addresses begin with that ask for a token of their own; language: as the front has it."""

    def __init__(self, open_to_others: bool, free: str | None = None, language: str | None = None) -> None:
        self._free, self._language = free, language
        self.token = secrets.token_urlsafe() if open_to_others else None

    def middleware(self) -> Middleware:
        """For the application of the front."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            answer = self._refusal(request) or self._admission(request)
            return await handler(request) if answer is None else answer

        return check

    def _refusal(self, request: web.Request) -> web.Response | None:
        """The answer to who comes by a foreign name or from a foreign page."""
        host, say = request.headers.get(hdrs.HOST, ""), Speaker.to(request, self._language)
        if not HOST.fullmatch(host) or not request.raw_path.startswith("/"):
            return pages.refused(say, say("The request names no server."))
        if self.token is None and not is_loopback(name_in(host)):  # another site's name may lead here: DNS rebinding
            return pages.refused(say, say(OTHER_NAME))
        if _changes(request) and urlsplit(request.headers.get(hdrs.ORIGIN, "")).netloc != host:
            return pages.refused(say, say("The request comes from a page of another site."))
        foreign = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
        if foreign and request.headers.get("Sec-Fetch-Mode") != "navigate":
            return pages.refused(say, say("The request comes from a page of another site."))
        return None

    def _admission(self, request: web.Request) -> web.Response | None:
        """The answer to who shows the token, or should; None to who has shown it."""
        if self.token is None or (self._free is not None and request.path.startswith(self._free)):
            return None
        shown, say = request.query.get("token"), Speaker.to(request, self._language)
        if shown is not None and request.method in SAFE:
            if not self._right(shown):
                return pages.no_token(say)
            answer = pages.arrive(say)  # the token leaves the address bar
            answer.set_cookie(TOKEN_COOKIE, self.token, httponly=True, samesite="Strict")
            return answer
        return None if self._right(request.cookies.get(TOKEN_COOKIE, "")) else pages.no_token(say)

    def _right(self, shown: str) -> bool:
        assert self.token is not None
        return hmac.compare_digest(shown.encode("utf-8", "replace"), self.token.encode())


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: nothing from outside, nothing to outside, nothing of a patient kept by the browser."""
    host = request.headers.get(hdrs.HOST, "")
    headers = response.headers
    headers["Content-Security-Policy"] = POLICY.format(host=host if HOST.fullmatch(host) else "localhost")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    # With `no-referrer` browsers send `Origin: null` with a beacon, so that our own could not be told from others.
    headers["Referrer-Policy"] = "same-origin"
    asset = response.status == 304 or response.content_type.startswith(ASSETS)
    headers[hdrs.CACHE_CONTROL] = "no-cache" if asset else "no-store"
    headers.pop(hdrs.SERVER, None)


def _changes(request: web.Request) -> bool:
    """Whether it is more than reading, so that browsers tell which page it comes from."""
    return request.method not in SAFE or hdrs.UPGRADE in request.headers
