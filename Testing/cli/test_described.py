"""What `describe` prints: the text with marks, with colours where a terminal has them, and the table below it."""

import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from GuideGenLib.cli.described import painted, printable, show_description
from GuideGenLib.description import Description, LeftOut, Span, parse
from GuideGenLib.workflow.painted import paint

TEXT = "A 60s obese woman with a 3 cm HCC in segmnet VI and a plumber edema of the liver, T3, no lung nodules"
Shown = Callable[[str | Description], str]


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Shown:
    """What is printed of a text."""

    def show(said: str | Description) -> str:
        show_description(parse(said) if isinstance(said, str) else said)
        return capsys.readouterr().out

    return show


def test_each_word_has_the_mark_of_what_it_became(shown: Shown):
    printed = shown(TEXT)
    for words in ("[P 60s]", "[D 3 cm]", "[D segmnet VI]", "[! plumber]", "[N edema]", "[N nodules]", "[P woman]"):
        assert words in printed
    assert "[D finding, drawn]   [N finding, not drawn]" in printed
    assert re.search(r"^Words: \d+ used, \d+ left out, 1 not understood, \d+ that only join them\.", printed, re.M)
    assert "\x1b" not in printed, "no colours in a file"


def test_the_table_has_findings_first_with_the_reason_and_the_words(shown: Shown):
    lines = [re.split(r"  +", line.strip()) for line in shown(TEXT).splitlines()]
    lines = lines[lines.index(["field", "value", "from the words"]) :]
    assert [line for line in lines if line[0].startswith("[")] == [
        ["[D Finding 1]", "tumor, liver, right lobe", "drawn"],
        ["[N Finding 2]", "edema, liver", "not drawn by this version"],
        ["[N Finding 3]", "nodule, lung", "not drawn: negated"],
        ["[P Patient and scan]"],
    ]
    for line in (["1: size (mm)", "30", "“3 cm”"], ["1: presence", "present"], ["Age", "60 to 69", "“60s”"]):
        assert line in lines
    assert ["Race", "unknown"] in lines and ["1: side", "unknown"] not in lines
    assert lines[-2:] == [
        ["'edema' (liver) is understood but not drawn."],
        ["Not understood, without effect: “plumber”."],
    ]


def test_the_size_to_draw_and_organs_are_told_and_that_there_are_no_findings(shown: Shown):
    assert "drawn 50 to 70 mm" in shown("T3 lung cancer")
    printed = shown("A woman after splenectomy, liver 19 cm, left kidney 80 ml, enlarged heart.")
    assert "No findings" in printed
    for words in ("190 mm craniocaudal", "[P Left kidney]", "80 ml", "enlarged", "absent", "“19 cm”"):
        assert words in printed


def test_what_is_left_out_is_told_by_its_reason(shown: Shown):
    left_out = (LeftOut(Span(0, 6, "Mother"), "family"), LeftOut(Span(7, 13, "smoked"), "family"))
    printed = shown(Description("Mother smoked", left_out=left_out))
    assert "[L Mother] [L smoked]" in printed and "Left out (family): “Mother”, “smoked”." in printed


def test_markup_is_text_and_a_terminal_is_not_steered(shown: Shown):
    printed = shown("a [red] 67 years old [/red] man :smile: \x1b[K\x07\r\n with a liver tumor")
    assert "[P 67 years old]" in printed and "[/[! red]]" in printed and ":[! smile]:" in printed
    assert "\x1b" not in printed and "\x07" not in printed and "\r" not in printed
    assert printable("a\r\nb\tc\x9b") == "a\nb\tc\N{REPLACEMENT CHARACTER}"


def test_a_terminal_has_the_colours_too():
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=200)
    console.print(painted(paint(parse(TEXT))))
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[38;2;11;74;30;48;2;196;239;205m[D 3 cm]" in console.file.getvalue()
