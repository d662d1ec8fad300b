"""The learner's page: one file of HTML, and a script that draws the CT on canvases. It asks nobody but this server.

The whole scan is in the browser, so that slices and windows answer at once and a class needs no process a learner. The
sides are those of radiology: the patient's left is on the right of the picture.
"""

import json

from aiohttp import web

from GuideGenLib.web.cases.learner_script import SCRIPT, SPOKEN
from GuideGenLib.web.speaking import Speaker
from GuideGenLib.web.words import translated

STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; --edge: #8886; --accent: #0b6bcb; }
@media (prefers-color-scheme: dark) { :root { --accent: #7db8f7; } }
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column; }
header { display: flex; gap: 1rem; align-items: baseline; padding: .5rem 1rem; border-bottom: 1px solid var(--edge); }
h1 { font-size: 1.1rem; margin: 0; } header span { opacity: .8; }
main { flex: 1; min-height: 0; display: flex; }
#views { flex: 1; min-width: 0; display: grid; gap: 2px; background: #222; grid-template: 1fr 1fr / 3fr 2fr; }
#views.one { grid-template: 1fr / 1fr; } #views.one .view:not(.large) { display: none; }
.view { position: relative; background: #000; min-width: 0; min-height: 0; overflow: hidden; }
.view:first-child { grid-row: span 2; } #views.one .view { grid-row: auto; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; cursor: crosshair; touch-action: none; }
canvas:focus-visible { outline: 2px solid #7db8f7; outline-offset: -2px; }
.view p { position: absolute; margin: 0; padding: 2px 6px; color: #eee; font-size: 12px; pointer-events: none;
  text-shadow: 0 0 3px #000, 0 0 3px #000; }
.name { top: 0; left: 0; } .where { top: 0; right: 0; } .mark { bottom: 0; left: 0; color: #ffb347 !important;
  font-weight: 700; }
.side { top: 50%; } .side.l { left: 0; } .side.r { right: 0; }
aside { width: 320px; padding: 1rem; overflow-y: auto; border-left: 1px solid var(--edge); }
#question { font-size: 1.05rem; font-weight: 600; min-height: 3em; }
button { font: inherit; padding: .45rem .8rem; border: 1px solid var(--edge); border-radius: 5px; cursor: pointer; }
button[disabled] { opacity: .5; cursor: default; }
button.main { background: #0b6bcb; border-color: #0b6bcb; color: #fff; font-weight: 600; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; margin: .6rem 0; }
#result { border-left: 4px solid var(--accent); padding-left: .8rem; } #result strong { font-size: 1.2rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .8rem; margin: .5rem 0; } dd { margin: 0; }
.hint { font-size: 13px; opacity: .8; } [hidden] { display: none !important; }
@media (max-width: 760px) { main { flex-direction: column; } aside { width: auto; border: 0; max-height: 45vh; } }
"""

VIEW = """<div class="view" id="{name}-box">
<canvas id="{name}" tabindex="0" role="img" aria-label="{title}"></canvas>
<p class="name">{title}</p><p class="where" id="{name}-where"></p><p class="mark">SYNTHETIC</p>
<p class="side l">{left}</p><p class="side r">{right}</p></div>"""
VIEWS = "".join(
    VIEW.format(name=name, title=name.capitalize(), left=sides[0], right=sides[1])
    for name, sides in (("axial", "RL"), ("coronal", "RL"), ("sagittal", "AP"))
)
HINTS = (
    "Wheel or arrow keys: slices. Ctrl + wheel: zoom. Drag with the right button: window. Click: point. Drag with the "
    "left button: measure or draw an outline, where a question asks for it. F: this view alone."
)
SYNTHETIC = "Every scan is synthetic: it shows no real patient and is not for diagnosis."
HTML = f"""<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lesson</title><link rel="icon" href="data:,"><style></style></head><body>
<header><h1 id="title">Lesson</h1><span id="learner"></span><span id="progress"></span></header>
<main><div id="views">{VIEWS}</div>
<aside aria-label="Question">
<p class="hint" id="count"></p><p id="question" role="status">Loading…</p>
<div class="row" role="group" aria-label="Window">
<button data-window="400,40">Soft tissue</button><button data-window="1500,-600">Lung</button>
<button data-window="150,30">Liver</button><button data-window="1800,400">Bone</button></div>
<div class="row"><button class="main" id="submit" disabled>Submit answer</button>
<button id="nothing">Nothing to find</button></div>
<p id="problem" role="alert" hidden></p>
<section id="result" aria-live="polite" hidden></section>
<div class="row"><button id="back">Previous</button><button id="next">Next question</button></div>
<p class="hint">{HINTS}</p><p class="hint">{SYNTHETIC}</p>
</aside></main><script></script></body></html>
"""
UNKNOWN = """<!doctype html><html><head><meta charset="utf-8"><title>Unknown link</title><link rel="icon" href="data:,">
</head><body style="max-width: 36rem; margin: 15vh auto; font: 16px/1.5 system-ui"><p>This link is not known here. \
Copy it again as a whole, or ask your teacher for a new one.</p></body></html>"""


def page(say: Speaker) -> web.Response:
    """The same for all learners and lessons, in the language of who asked."""
    told = json.dumps({english: say(english) for english in SPOKEN}, ensure_ascii=False)
    text = translated(HTML, say).replace("<html>", f'<html lang="{say.code}">')
    text = text.replace("<style></style>", f"<style>{STYLE}</style>")
    script = SCRIPT.replace("TOLD", told.replace("</", "<\\/"))
    return web.Response(text=text.replace("<script></script>", f"<script>{script}</script>"), content_type="text/html")


def unknown_page(say: Speaker) -> web.Response:
    """For a link that nobody has, and for addresses that there are not."""
    text = translated(UNKNOWN, say).replace("<html>", f'<html lang="{say.code}">')
    return web.Response(status=404, text=text, content_type="text/html")
