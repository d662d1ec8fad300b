"""The report as a file: whole in itself, safe against its own texts, readable by a parser."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from GuideGenLib.evaluation.report.html_report import MARK, page
from GuideGenLib.evaluation.report.plots import bars, curves
from GuideGenLib.evaluation.report.record import Evaluation
from GuideGenLib.evaluation.report.section import Figure, Section, Table

HOSTILE = '<script>alert("1")</script> & $mark'
VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Tags with their attributes, all text, and whether every tag is closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    figures = [
        Figure("liver", 0.8, 0.7, 0.85, 8, wanted=0.65, ceiling=0.9, paper=0.9, note=f"a note {HOSTILE}"),
        Figure("pancreas", 0.4, 0.3, 0.5, 8, wanted=0.65),
        Figure("error in HU", 9.0, None, None, 2, wanted=12.0, lower_is_better=True),
        Figure("race", None, None, None, 0, wanted=0.5),
    ]
    picture = bars(figures[:2], "DSC", tmp_path / "bars.png")
    one = Section(
        "alignment", f"Alignment {HOSTILE}", figures, [Table("By organ", ("organ", "DSC"), [(HOSTILE, "0.8")])],
        [(f"Bars {HOSTILE}", picture)], [f"A remark {HOSTILE}"],
    )  # fmt: skip
    about = {"bundle": {"name": f"bundle {HOSTILE}", "sha256": "ab" * 32}, "settings": {"cases": 8, "steps": [4, 16]}}
    return Evaluation(about, [one, Section("samplers", "Samplers")], {"alignment": 12.4})


def test_texts_are_shown_and_never_taken_for_markup(evaluation: Evaluation, tmp_path: Path):
    html = page(evaluation, tmp_path)
    reader = Reader(html)
    assert reader.open == []
    assert [tag for tag, _ in reader.tags if tag == "script"] == []
    for text in ("a note", "Alignment", "A remark", "bundle"):
        assert f"{text} {HOSTILE}" in reader.text
    image = next(attributes for tag, attributes in reader.tags if tag == "img")
    assert image["alt"] == f"Bars {HOSTILE}"


def test_the_report_asks_nobody_for_anything(evaluation: Evaluation, tmp_path: Path):
    html = page(evaluation, tmp_path)
    reader = Reader(html)
    assert not re.search(r"https?:|//|@import|url\(", re.sub(r"base64,[A-Za-z0-9+/=]+", "", html))
    for tag, attributes in reader.tags:
        assert tag not in ("script", "link", "iframe", "object")
        assert not any(name.startswith("on") for name in attributes)
        if "href" in attributes:
            assert str(attributes["href"]).startswith("#")
    policy = next(a for t, a in reader.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in str(policy["content"])
    assert "prefers-color-scheme: dark" in html


def test_pictures_are_inlined_whole(evaluation: Evaluation, tmp_path: Path):
    reader = Reader(page(evaluation, tmp_path))
    source = next(str(attributes["src"]) for tag, attributes in reader.tags if tag == "img")
    head, data = source.split(",", 1)
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == (tmp_path / "bars.png").read_bytes()


def test_figures_say_what_is_met_missed_and_not_measured(evaluation: Evaluation, tmp_path: Path):
    html = page(evaluation, tmp_path)
    text = Reader(html).text
    assert MARK in text
    assert "0.700 to 0.850" in text and "at least 0.650" in text and "at most 12.0" in text
    assert "abababab" in text and "4, 16" in text and "12" in text
    assert (html.count('class="met"'), html.count('class="missed"')) == (2, 1)
    assert "not measured" in text


def test_links_lead_to_sections(evaluation: Evaluation, tmp_path: Path):
    reader = Reader(page(evaluation, tmp_path))
    ids = {str(attributes["id"]) for _, attributes in reader.tags if "id" in attributes}
    targets = {str(attributes["href"])[1:] for tag, attributes in reader.tags if tag == "a"}
    assert targets == {"figures", "alignment", "samplers"} and targets <= ids


def test_curves_are_drawn_with_and_without_intervals(tmp_path: Path):
    from matplotlib.image import imread

    picture = curves({"flow": [(4, 0.5, 0.4, 0.6), (8, 0.7, None, None)]}, "steps", "share", tmp_path / "curve.png")
    pixels = imread(picture)
    assert pixels[..., :3].std() > 0.05
