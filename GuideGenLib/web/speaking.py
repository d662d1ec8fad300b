"""The language that a browser is spoken to: what its user chose on the page, else what the server's owner chose, else
what the browser asks for, if there are words of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from GuideGenLib.core.languages import languages, preferred, translation

COOKIE = "guidegen_language"
"""Where the browser keeps its user's choice; the page writes it."""


@dataclass(frozen=True)
class Speaker:
    """Translates English; code: of the language."""

    code: str

    def __call__(self, english: str) -> str:
        return translation(self.code)(english)

    @classmethod
    def to(cls, request: Any, owners: str | None) -> Speaker:
        """Who sent a request (aiohttp.web.Request); owners: the code that the server's owner chose, None for none."""
        kept = request.cookies.get(COOKIE)
        if kept in languages():
            return cls(kept)
        return cls(owners or preferred(request.headers.get("Accept-Language", "")))
