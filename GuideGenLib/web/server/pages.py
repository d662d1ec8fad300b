"""The pages that the front answers with itself. They work without JavaScript and ask for nothing else."""

from html import escape

from aiohttp import web

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 40rem; margin: 18vh auto 2rem; padding: 0 1.5rem; }
h1 { font-size: 1.4rem; font-weight: 600; }
a.button { display: inline-block; padding: .5rem 1.2rem; border-radius: .3rem; background: #1565c0; color: #fff;
  text-decoration: none; }
pre { overflow-x: auto; padding: .8rem; border: 1px solid #8886; font-size: .8rem; }
.bar { height: 4px; overflow: hidden; background: #8883; border-radius: 2px; }
.bar::before { content: ""; display: block; width: 30%; height: 100%; background: #1565c0;
  animation: slide 1.6s ease-in-out infinite alternate; }
@keyframes slide { from { margin-left: 0 } to { margin-left: 70% } }
"""
AGAIN_S = 10
"""A browser that finds no place asks again so often."""


def starting() -> web.Response:
    """The session's process starts; the page asks again at once and is answered when it has."""
    text = "<p>It loads the libraries of 3D Slicer. This takes some seconds.</p><div class='bar'></div>"
    return _page(202, "GuideGen is starting", text, refresh=0)


def arrive() -> web.Response:
    """Go to the page as if from our own one: a browser that comes from another site does not send our cookies."""
    return _page(200, "GuideGen", '<p><a class="button" href="/">Open GuideGen</a></p>', refresh=0)


def failed(reason: str, log: str) -> web.Response:
    """The session's process could not start."""
    return _page(500, "GuideGen could not start", _what_happened(reason, log, "Try again"))


def ended(reason: str, log: str) -> web.Response:
    """The session's process died."""
    lost = "<p>Work that was saved by itself is offered when you go on.</p>"
    return _page(500, "The session ended unexpectedly", lost + _what_happened(reason, log, "Start a new session"))


def full(most: int) -> web.Response:
    """No session is free."""
    places = "The one session of this server is" if most == 1 else f"All {most} sessions of this server are"
    text = f"""<p>{places} in use. This page asks again by itself; a session becomes free some
    seconds after its page is closed.</p><p>Whoever started the server can allow more with <code>--max-sessions</code>;
    each one needs memory for its own models.</p>"""
    return _page(503, "GuideGen is in use", text, refresh=AGAIN_S)


def no_token() -> web.Response:
    """The server is open to other machines and the browser has not shown the token."""
    text = """<p>Open the whole address that <code>guidegen web</code> printed when it started, with all that follows
    <code>?token=</code>. Each start makes a new one.</p>
    <p>Has this browser opened it before, and did you come by a link? Then <a href="/">go on</a>.</p>"""
    return _page(403, "This address needs its token", text)


def refused(why: str) -> web.Response:
    """A request that no page of ours makes."""
    return _page(403, "Refused", f"<p>{escape(why)}</p>")


def _what_happened(reason: str, log: str, button: str) -> str:
    details = f"<details><summary>Last lines of the log</summary><pre>{escape(log)}</pre></details>" if log else ""
    return f'<p>Because {escape(reason)}.</p><p><a class="button" href="/">{button}</a></p>{details}'


def _page(status: int, title: str, body: str, refresh: int | None = None) -> web.Response:
    again = "" if refresh is None else f'<meta http-equiv="refresh" content="{refresh}; url=/">'
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{again}
<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>
<body><h1>{escape(title)}</h1>{body}</body></html>
"""
    return web.Response(status=status, text=text, content_type="text/html")
