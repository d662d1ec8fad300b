"""Lines of the protocol: everything comes back as it went, nothing else is taken."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GuideGenLib.core.device import PRECISIONS
from GuideGenLib.core.seeds import LARGEST_SEED
from GuideGenLib.description.model import REGIONS
from GuideGenLib.engine.protocol import (
    EVENTS,
    KINDS,
    MESSAGES,
    REQUESTS,
    RESULTS,
    STAGES,
    Cancel,
    ChangeDone,
    ChangeRequest,
    CompleteRequest,
    CTDone,
    CTRequest,
    DescribeDone,
    DescribeRequest,
    Done,
    Failed,
    MaskDone,
    MaskRequest,
    Progress,
    ProtocolError,
    RegenerateRequest,
    Start,
    Stopped,
    Warm,
    decode,
    encode,
)
from GuideGenLib.generator.settings import SAMPLERS, RunSettings

TEXT = st.text(max_size=40)  # all of Unicode
PATH = st.text(min_size=1, max_size=40).filter(lambda path: "\0" not in path)
NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**52), 2**52)
WHOLE = st.integers(-(2**70), 2**70)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=4)
OBJECTS = st.lists(OBJECT, max_size=3)
SETTINGS = st.builds(
    RunSettings,
    seed=st.integers(0, LARGEST_SEED),
    region=st.none() | st.sampled_from(REGIONS),
    sampler=st.sampled_from(SAMPLERS),
    mask_steps=st.none() | st.integers(1, 1000),
    guidance=st.none() | st.floats(0, 10),
    spacing_mm=st.none() | st.floats(0.5, 6),
    ct_steps=st.none() | st.integers(1, 1000),
    margin_mm=st.none() | st.floats(0.1, 500),
    arithmetic=st.sampled_from(PRECISIONS),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "id": TEXT, "text": TEXT, "message": TEXT, "details": TEXT, "device": TEXT, "settings": SETTINGS,
    "stage": st.sampled_from(STAGES), "kind": st.sampled_from(KINDS),
    "threads": st.none() | WHOLE, "place": st.none() | WHOLE, "fraction": st.floats(0, 1),
    "remaining_s": st.none() | NUMBER, "folder": PATH, "bundle": st.none() | PATH, "description": OBJECT,
    "provenance": OBJECT, "lesions": OBJECTS, "checks": OBJECTS, "anatomy": PATH, "edited": PATH, "ct": PATH,
    "old_ct": st.none() | PATH, "new_ct": st.none() | PATH, "sentence": TEXT,
    "keep": st.none() | st.lists(TEXT),
}  # fmt: skip


def messages(kind: type) -> st.SearchStrategy[Any]:
    """Messages of a class."""
    if kind is Done:
        return st.builds(Done, TEXT, st.one_of([messages(result) for result in RESULTS]))
    return st.builds(kind, **{one.name: FIELDS[one.name] for one in dataclasses.fields(kind)})


EXAMPLES: list[Any] = [
    MaskRequest({"text": "ä"}, RunSettings(seed=3, region="chest"), id="run-1"),
    CompleteRequest("/tmp/a", ["liver", "liver_tumor"], {"text": ""}, RunSettings(seed=5), id="k"),
    CTRequest("/tmp/a", {}, RunSettings(spacing_mm=None, ct_steps=4), id="x"),
    RegenerateRequest("c", "a", "e", {"text": ""}, RunSettings(seed=1, margin_mm=20.0), id="y"),
    ChangeRequest("make it larger", "a", "e", None, {"text": ""}, {"lesions": []}, id="z"),
    DescribeRequest("A man.", id="z"),
    Progress("x", "load", 0.5, None),
    Progress("x", "wait", 0.0, None, 3),
    Done("x", MaskDone("p", [{"organ": "lung"}], [{"passed": True}], {"seed": 1})),
    Done("x", ChangeDone("a", None, {"changes": []})),
    Done("x", CTDone("p", {})),
    Done("x", DescribeDone({"text": "t"})),
    Failed("x", "input", "do this", "log"),
    Stopped("x"),
    Start("/tmp/f", None, "auto", None),
    Cancel("x"),
    Warm(),
]


@given(st.one_of([messages(kind) for kind in MESSAGES]))
def test_every_message_is_one_ascii_line_and_comes_back_equal(message: Any) -> None:
    line = encode(message)
    assert line.endswith(b"\n") and line.count(b"\n") == 1 and line.isascii()
    assert decode(line) == message


def test_the_examples_are_of_every_class() -> None:
    assert {type(message) for message in EXAMPLES} == set(MESSAGES)


@given(st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_an_error_of_the_protocol(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(line)


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_line_that_was_cut_or_altered_is_refused_or_still_valid(message: Any, data: st.DataObject) -> None:
    line = bytearray(encode(message))
    if data.draw(st.booleans()):
        del line[data.draw(st.integers(0, len(line) - 2)) :]
        with pytest.raises(ProtocolError):
            decode(bytes(line))
        return
    line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = decode(bytes(line))
    except ProtocolError:
        return
    assert decode(encode(read)) == read


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_missing_a_further_and_a_wrong_field_are_named(message: Any) -> None:
    whole = json.loads(encode(message))
    names = [name for name in whole if name != "type"]
    for name in names:
        less = {key: value for key, value in whole.items() if key != name}
        with pytest.raises(ProtocolError, match=rf"\.{name} is missing"):
            decode(json.dumps(less).encode())
        listed: tuple[Any, ...] = (True, [], [1], 1.5e300)
        for wrong in ({"a": 1},) if name in ("remaining_s", "lesions", "checks", "keep") else listed:
            with pytest.raises(ProtocolError, match=rf"\.{name} is "):
                decode(json.dumps({**whole, name: wrong}).encode())
    with pytest.raises(ProtocolError, match="'shell'"):
        decode(json.dumps({**whole, "shell": "rm"}).encode())
    with pytest.raises(ProtocolError, match="type"):
        decode(json.dumps({**whole, "type": "Generator"}).encode())


@pytest.mark.parametrize(
    ("change", "told"),
    [({"seed": -1}, "seed is -1"), ({"seed": 1.0}, "seed is 1.0"), ({"steps": 3}, "all the fields")],
)
def test_settings_that_cannot_be_are_refused_by_the_worker_too(change: dict[str, Any], told: str) -> None:
    whole = json.loads(encode(EXAMPLES[0]))
    whole["settings"] |= change
    with pytest.raises(ProtocolError, match=told):
        decode(json.dumps(whole).encode())


def test_only_what_is_expected_is_taken() -> None:
    for message in EXAMPLES:
        for expected in (REQUESTS, EVENTS, (Start,)):
            if isinstance(message, expected):
                assert decode(encode(message), expected) == message
            else:
                with pytest.raises(ProtocolError, match="type of line"):
                    decode(encode(message), expected)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"null",
        b"NaN",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 10_000,
        b"\xff\xfe",
        b'{"type": "Progress", "id": "x", "stage": "ct", "fraction": NaN, "remaining_s": null}',
        b'{"type": "Progress", "id": "x", "stage": "ct", "fraction": 1e999, "remaining_s": null}',
        b'{"type": "Progress", "id": "x", "stage": "ct", "fraction": ' + b"9" * 4000 + b', "remaining_s": null}',
        b'{"type": "Done", "id": "x", "result": {"type": "Done", "id": "x", "result": {}}}',
        b'{"type": "Start", "folder": "a\\u0000", "bundle": null, "device": "cpu", "threads": null}',
    ],
)
def test_hostile_lines_are_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(line)


@pytest.mark.parametrize(
    "message",
    [
        MaskRequest({"a": object()}),
        MaskRequest({"a": float("inf")}),
        MaskRequest({1: 2}),  # type: ignore[dict-item]
        MaskRequest({}, {"seed": 1.0}),  # type: ignore[arg-type]
        CTRequest(object(), {}),
        Progress("x", "lunch", 0.0),
        Progress("x", "ct", 1.5),
        Failed("x", "bad luck", ""),
        Done("x", {"anatomy": "a"}),  # type: ignore[arg-type]
    ],
)
def test_wrong_messages_are_not_sent(message: Any) -> None:
    with pytest.raises(ProtocolError):
        line = encode(message)
        decode(line)


def test_events_are_frozen() -> None:
    for message in EXAMPLES:
        with pytest.raises(dataclasses.FrozenInstanceError):
            message.id = "other"
