"""Figures as rows of text: for the terminal, the report and the model card alike."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from GuideGenLib.evaluation.prompts.text_report import table
from GuideGenLib.evaluation.report.record import section_from_json
from GuideGenLib.evaluation.report.section import NOT_MEASURABLE, Figure, Section, Table

HEADER = ("figure", "value", "95 % interval", "cases", "real CT", "paper", "wanted", "")
NONE = "-"
LONGEST = 60
"""Characters of a cell, in tables that are printed."""


def number(value: float | None) -> str:
    """A value with three significant digits, and never in powers of ten; `-` where there is none."""
    if value is None:
        return NONE
    size = abs(value)
    return f"{value:.{3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0}f}" if value else "0"


def short(figure: Figure) -> str:
    """The value of a share or a Dice coefficient with two decimals, as tables have it."""
    if figure.value is None:
        return NONE
    return f"{figure.value:.2f}" if figure.measurable else NOT_MEASURABLE


def cells(figure: Figure) -> tuple[str, ...]:
    """One figure in the columns of HEADER; of one whose judge does not see what it judges no number is told."""
    told = figure.measurable
    interval = NONE  # that of a single case would say nothing
    if told and figure.low is not None and figure.high is not None and figure.cases > 1:
        interval = f"{number(figure.low)} to {number(figure.high)}"
    wanted = ""
    if figure.wanted is not None:
        wanted = f"{'at most' if figure.lower_is_better else 'at least'} {number(figure.wanted)}"
        if figure.until is not None:
            wanted = f"{number(figure.wanted)} to {number(figure.until)}"
    cases = str(figure.cases) if figure.cases else NONE
    value = number(figure.value) if told else NOT_MEASURABLE
    return (figure.name, value, interval, cases, number(figure.ceiling), number(figure.paper), wanted, _verdict(figure))


def _verdict(figure: Figure) -> str:
    """What the last column says."""
    if figure.value is None:
        return "not measured"
    if not figure.measurable:
        return f"its judge has {number(figure.judge)} on real data"
    return {None: "", True: "met", False: "MISSED"}[figure.met]


def terminal(sections: Sequence[Section]) -> str:
    """Every section as plain text: its figures, its tables but those with long texts, its remarks."""
    parts = []
    for section in sections:
        lines = [section.title, "=" * len(section.title)]
        if section.figures:
            lines.append(table([HEADER, *(cells(figure) for figure in section.figures)]))
        lines += [f"{figure.name}: {figure.note}" for figure in section.figures if figure.note]
        lines += [f"\n{one.title}\n{table([one.header, *one.rows])}" for one in section.tables if _short(one)]
        lines += [f"- {remark}" for remark in section.remarks]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def card_table(content: Mapping[str, Any]) -> str:
    """The figures and tables of an `evaluation.json` as Markdown, for a model card. Raises EvaluationError.

    Notes and remarks follow, so that no figure stands without what a reader must know of it.
    """
    parts = []
    for stored in content["sections"]:
        section = section_from_json(stored, Path())
        lines = [f"### {_plain(section.title)}", ""]
        if section.figures:
            lines += [
                _row(HEADER),
                _row(["--"] * len(HEADER)),
                *(_row(cells(figure)) for figure in section.figures),
                "",
            ]
        for one in section.tables:
            if _short(one):
                rule = ["--"] * len(one.header)
                lines += [_plain(one.title), "", *(_row(row) for row in (one.header, rule, *one.rows)), ""]
        lines += [f"- {_plain(figure.name)}: {_plain(figure.note)}" for figure in section.figures if figure.note]
        lines += [f"- {_plain(remark)}" for remark in section.remarks]
        parts.append("\n".join(lines).rstrip() + "\n")
    return "\n".join(parts)


def _short(one: Table) -> bool:
    """Whether the cells of a table are numbers and names, and no sentences."""
    return all(len(cell) <= LONGEST for row in one.rows for cell in row)


def _row(texts: Sequence[str]) -> str:
    return "| " + " | ".join(_plain(text) for text in texts) + " |"


def _plain(text: str) -> str:
    """On one line, with no mark that Markdown or HTML would take for its own."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace("|", "\\|").replace("`", "\\`").replace("*", "\\*")
