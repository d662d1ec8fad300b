"""The report of an evaluation: one HTML file that needs nothing else and asks nobody for anything.

Pictures are inlined, there are no scripts, and a content security policy refuses every request; the colours follow the
reader's light or dark setting. Every text is escaped.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from GuideGenLib.evaluation.report.cells import HEADER, cells
from GuideGenLib.evaluation.report.record import Evaluation

MARK = "Synthetic data: the generated volumes behind these figures show no patient. Not for diagnosis."
TEMPLATE = Path(__file__).with_name("page.html.jinja")


def page(evaluation: Evaluation, folder: Path) -> str:
    """The report as HTML. folder: what the pictures' paths are relative to; a picture that is gone raises OSError."""
    told = evaluation.about
    seconds = {f"seconds for {key}": f"{value:.0f}" for key, value in evaluation.seconds.items()}
    loader = FileSystemLoader(TEMPLATE.parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.get_template(TEMPLATE.name).render(
        title=f"Evaluation of {told.get('bundle', {}).get('name', 'a bundle')}",
        mark=MARK,
        about={**_flat(told), **seconds},
        sections=evaluation.sections,
        header=HEADER,
        cells=cells,
        base64=lambda path: base64.b64encode((folder / path).read_bytes()).decode("ascii"),
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
