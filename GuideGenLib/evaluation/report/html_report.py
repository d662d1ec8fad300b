"""The report of an evaluation: one HTML file that needs nothing else and asks nobody for anything.

Pictures are inlined, there are no scripts, and a content security policy refuses every request; the colours follow the
reader's light or dark setting.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from GuideGenLib.evaluation.report.cells import HEADER, cells
from GuideGenLib.evaluation.report.record import Evaluation
from GuideGenLib.evaluation.report.section import Figure, Section, Table

MARK = "Synthetic data: the generated volumes behind these figures show no patient. Not for diagnosis."
PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root { --ink: #1b1f24; --paper: #ffffff; --soft: #57606a; --line: #d0d7de; --stripe: #f6f8fa;
  --good: #1a6e36; --bad: #b3261e; --mark: #fff3cd; --mark-ink: #5c4500; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --paper: #14171a; --soft: #9aa4ae; --line: #3a424a; --stripe: #1c2024;
    --good: #6fcf8b; --bad: #ff8a80; --mark: #3d3200; --mark-ink: #ffe08a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 72rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 .5rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .75rem; border-bottom: 1px solid var(--line); }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
a { color: inherit; }
.mark { padding: .6rem .9rem; border-radius: .4rem; background: var(--mark); color: var(--mark-ink); font-weight: 600; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
tbody th { font-weight: normal; }
tbody tr:nth-child(even) { background: var(--stripe); }
td { white-space: nowrap; }
td.words, .about td { text-align: left; white-space: normal; }
.section th { padding-top: 1rem; font-weight: 600; background: var(--paper); }
.note, figcaption, .about { color: var(--soft); font-size: .875rem; }
.note { display: block; max-width: 34rem; }
.met { color: var(--good); } .missed { color: var(--bad); font-weight: 600; }
figure { margin: 1rem 0; }
img { max-width: 100%; height: auto; border-radius: .3rem; background: #ffffff; }
li { margin: .25rem 0; max-width: 60rem; overflow-wrap: anywhere; }
.about td { overflow-wrap: anywhere; }
@media print { body { max-width: none; } h2 { break-after: avoid; } }
</style>
</head>
<body>
<header>
<h1>$title</h1>
<p class="mark" role="note">$mark</p>
$about
<nav aria-label="Sections"><p>$links</p></nav>
</header>
<main>
<h2 id="figures">All figures</h2>
$figures
$sections
</main>
<footer class="about"><p>$mark</p></footer>
</body>
</html>
""")


def page(evaluation: Evaluation, folder: Path) -> str:
    """The report as HTML. folder: what the pictures' paths are relative to; a picture that is gone raises OSError."""
    about = evaluation.about
    bundle = about.get("bundle", {}).get("name", "a bundle")
    seconds = {f"seconds for {key}": f"{value:.0f}" for key, value in evaluation.seconds.items()}
    links = [("figures", "All figures"), *((section.key, section.title) for section in evaluation.sections)]
    return PAGE.substitute(
        title=escape(f"Evaluation of {bundle}"),
        mark=escape(MARK),
        about=_about({**_flat(about), **seconds}),
        links=" · ".join(f'<a href="#{escape(key)}">{escape(title)}</a>' for key, title in links),
        figures=_figures(evaluation.sections),
        sections="\n".join(_section(section, folder) for section in evaluation.sections),
    )


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Nested settings as one level of `outer inner: value`."""
    found: dict[str, str] = {}
    for key, value in values.items():
        name = f"{before} {key}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            found |= _flat(value, name)
        else:
            found[name] = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return found


def _about(facts: Mapping[str, str]) -> str:
    rows = "".join(f'<tr><th scope="row">{escape(k)}</th><td>{escape(v)}</td></tr>' for k, v in facts.items())
    return f'<div class="wide"><table class="about"><tbody>{rows}</tbody></table></div>'


def _figures(sections: Sequence[Section]) -> str:
    """One table of the figures of all sections, each under its section's title."""
    rows = []
    for section in sections:
        if section.figures:
            title = f'<a href="#{escape(section.key)}">{escape(section.title)}</a>'
            rows.append(f'<tr class="section"><th scope="colgroup" colspan="{len(HEADER)}">{title}</th></tr>')
            rows += [_figure(figure) for figure in section.figures]
    return _table(HEADER, rows) if rows else "<p>No figure was measured.</p>"


def _figure(figure: Figure) -> str:
    name, *values, met = cells(figure)
    note = f'<span class="note">{escape(figure.note)}</span>' if figure.note else ""
    style = {None: "", True: ' class="met"', False: ' class="missed"'}[figure.met]
    others = "".join(f"<td>{escape(value)}</td>" for value in values)
    return f'<tr><th scope="row">{escape(name)}{note}</th>{others}<td{style}>{escape(met.lower())}</td></tr>'


def _section(section: Section, folder: Path) -> str:
    parts = [f'<section id="{escape(section.key)}">', f"<h2>{escape(section.title)}</h2>"]
    parts += [_named_table(table) for table in section.tables]
    parts += [_picture(caption, folder / path) for caption, path in section.pictures]
    if section.remarks:
        parts.append("<ul>" + "".join(f"<li>{escape(remark)}</li>" for remark in section.remarks) + "</ul>")
    return "\n".join([*parts, "</section>"])


def _named_table(table: Table) -> str:
    rows = []
    for first, *others in table.rows:
        values = "".join(f"<td{_side(value)}>{escape(value)}</td>" for value in others)
        rows.append(f'<tr><th scope="row">{escape(first)}</th>{values}</tr>')
    return f"<h3>{escape(table.title)}</h3>\n" + _table(table.header, rows)


def _side(value: str) -> str:
    """Words stand to the left, numbers to the right."""
    return ' class="words"' if value[:1].isalpha() else ""


def _table(header: Sequence[str], rows: Iterable[str]) -> str:
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "\n".join(rows)
    return f'<div class="wide"><table><thead><tr>{names}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _picture(caption: str, path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    text = escape(caption)
    image = f'<img src="data:image/png;base64,{data}" alt="{text}">'
    return f"<figure>{image}<figcaption>{text}</figcaption></figure>"
