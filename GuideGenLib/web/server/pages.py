"""The pages that the front answers with itself. They work without JavaScript and ask for nothing else.

say: translates into the language of who asked.
"""

from html import escape

from aiohttp import web

from GuideGenLib.web.speaking import Speaker

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
ALL_TAKEN = "All {count} sessions of this server are in use."
WHOLE_ADDRESS = (
    "Open the whole address that <code>guidegen web</code> printed when it started, with all that follows "
    "<code>?token=</code>. Each start makes a new one."
)
CAME_BY_A_LINK = 'Has this browser opened it before, and did you come by a link? Then <a href="/">go on</a>.'
MORE = (
    "Whoever started the server can allow more with <code>--max-sessions</code>; each one needs memory for its own "
    "models."
)
ASKS_AGAIN = "This page asks again by itself; a session becomes free some seconds after its page is closed."
AGAIN_S = 10
"""A browser that finds no place asks again so often."""


def starting(say: Speaker) -> web.Response:
    """The session's process starts; the page asks again at once and is answered when it has."""
    text = f"<p>{say('It loads the libraries of 3D Slicer. This takes some seconds.')}</p><div class='bar'></div>"
    return _page(say, 202, say("GuideGen is starting"), text, refresh=0)


def arrive(say: Speaker) -> web.Response:
    """Go to the page as if from our own one: a browser that comes from another site does not send our cookies."""
    return _page(say, 200, "GuideGen", f'<p><a class="button" href="/">{say("Open GuideGen")}</a></p>', refresh=0)


def failed(say: Speaker, reason: str, log: str) -> web.Response:
    """The session's process could not start."""
    return _page(say, 500, say("GuideGen could not start"), _what_happened(say, reason, log, say("Try again")))


def ended(say: Speaker, reason: str, log: str) -> web.Response:
    """The session's process died."""
    lost = f"<p>{say('Work that was saved by itself is offered when you go on.')}</p>"
    text = lost + _what_happened(say, reason, log, say("Start a new session"))
    return _page(say, 500, say("The session ended unexpectedly"), text)


def full(say: Speaker, most: int) -> web.Response:
    """No session is free."""
    taken = say("The one session of this server is in use.") if most == 1 else say(ALL_TAKEN).format(count=most)
    text = f"<p>{taken} {say(ASKS_AGAIN)}</p><p>{say(MORE)}</p>"
    return _page(say, 503, say("GuideGen is in use"), text, refresh=AGAIN_S)


def no_token(say: Speaker) -> web.Response:
    """The server is open to other machines and the browser has not shown the token."""
    text = f"<p>{say(WHOLE_ADDRESS)}</p><p>{say(CAME_BY_A_LINK)}</p>"
    return _page(say, 403, say("This address needs its token"), text)


def refused(say: Speaker, why: str) -> web.Response:
    """A request that no page of ours makes; why: translated."""
    return _page(say, 403, say("Refused"), f"<p>{escape(why)}</p>")


def _what_happened(say: Speaker, reason: str, log: str, button: str) -> str:
    summary = f"<summary>{say('Last lines of the log')}</summary>"
    details = f"<details>{summary}<pre>{escape(log)}</pre></details>" if log else ""
    because = say("Because {reason}.").format(reason=escape(say(reason)))
    return f'<p>{because}</p><p><a class="button" href="/">{button}</a></p>{details}'


def _page(say: Speaker, status: int, title: str, body: str, refresh: int | None = None) -> web.Response:
    again = "" if refresh is None else f'<meta http-equiv="refresh" content="{refresh}; url=/">'
    text = f"""<!doctype html>
<html lang="{say.code}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{again}
<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>
<body><h1>{escape(title)}</h1>{body}</body></html>
"""
    return web.Response(status=status, text=text, content_type="text/html")
