"""What was measured of the machine: remembered, and measured anew where the memory is harmed or missing."""

from pathlib import Path

import pytest

from GuideGenLib.core import measured
from GuideGenLib.core.files import CACHE_VARIABLE


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path


def counted(*figures: float) -> tuple[list[int], measured.Callable[[], list[float]]]:
    calls: list[int] = []
    return calls, lambda: (calls.append(1), list(figures))[1]


def test_it_is_measured_once_for_each_thing():
    calls, measure = counted(3.0, 4.5)
    assert measured.once("speed", measure) == measured.once("speed", measure) == (3.0, 4.5)
    assert measured.once("memory", measure) == (3.0, 4.5) and len(calls) == 2


def test_newer_figures_take_the_place_of_older_ones():
    assert measured.last("seconds") == ()
    measured.keep("other", [1])
    for seconds in (5.0, 7.123456):
        measured.keep("seconds", [seconds])
    assert measured.last("seconds") == (7.123,) and measured.last("other") == (1.0,)


def test_another_version_of_torch_is_measured_anew(monkeypatch: pytest.MonkeyPatch):
    calls, measure = counted(1.0)
    measured.once("speed", measure)
    monkeypatch.setattr(measured.metadata, "version", lambda name: "99")
    measured.once("speed", measure)
    assert len(calls) == 2


@pytest.mark.parametrize("content", ["", "[1]", '{"a": 3}', '{"a": ["x"]}'])
def test_a_harmed_file_is_written_anew(cache: Path, content: str):
    (cache / "measured").mkdir()
    (cache / "measured" / measured.FILE).write_text(content)
    calls, measure = counted(2.0)
    assert measured.once("speed", measure) == measured.once("speed", measure) == (2.0,)
    assert len(calls) == 1


def test_without_a_folder_it_is_measured_each_time(cache: Path, monkeypatch: pytest.MonkeyPatch):
    (cache / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(cache / "file"))
    calls, measure = counted(2.0)
    assert measured.once("speed", measure) == measured.once("speed", measure) == (2.0,)
    assert len(calls) == 2
