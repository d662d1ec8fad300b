"""The parts by themselves: the line, the stream, tokens, addresses, devices."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from GuideGenLib.core.device import cores
from GuideGenLib.core.errors import FileWarning, GuideGenError
from GuideGenLib.engine.protocol import ChangeDone, CTRequest, Done, MaskRequest, encode
from GuideGenLib.remote.client.address import Address, RemoteError, read_token
from GuideGenLib.remote.server.access import Access, AccessError, read_tokens
from GuideGenLib.remote.server.lanes import devices_for, gpus_here
from GuideGenLib.remote.server.line import Line
from GuideGenLib.remote.server.serving import ServeError, Server
from GuideGenLib.remote.wire import WireError, pack, size_of, unpack
from Testing.remote.conftest import BUNDLE

pytestmark = pytest.mark.small
TOKEN = "a-token-that-is-long-enough"

# ---------------------------------------------------------------- the line


@given(st.lists(st.one_of(st.integers(0, 4), st.none()), max_size=40))
def test_a_place_in_the_line_is_the_number_of_those_who_go_before(steps: list[int | None]) -> None:
    line: Line[int] = Line()
    waiting: list[tuple[str, int]] = []
    for number, user in enumerate(steps):
        if user is None:
            line.take()
        else:
            line.add(str(user), number)
        waiting = [(str(steps[n]), n) for n in range(number + 1) if steps[n] is not None and there(line, n, steps)]
    told = {n: line.place(user, n) for user, n in waiting}
    taken = [line.take() for _ in range(len(line))]
    assert told == {n: place for place, n in enumerate(taken)} and line.take() is None
    last: dict[Any, int] = {}
    for n in taken:  # a user's own keep their order
        assert n is not None and last.get(steps[n], -1) < n
        last[steps[n]] = n


def there(line: Line[int], number: int, steps: list[int | None]) -> bool:
    try:
        line.place(str(steps[number]), number)
    except (KeyError, ValueError):
        return False
    return True


def test_who_leaves_the_line_makes_room() -> None:
    line: Line[str] = Line()
    for request in ("a1", "a2", "b1"):
        line.add(request[0], request)
    assert [line.place(one[0], one) for one in ("a1", "b1", "a2")] == [0, 1, 2]
    line.remove("a", "a1")
    line.remove("c", "c1")
    assert line.place("a", "a2") == 0 and len(line) == 2 and [line.take(), line.take()] == ["a2", "b1"]


# ---------------------------------------------------------------- the stream


def test_labels_travel_small_and_come_back(small_anatomy: sitk.Image, small_ct: sitk.Image) -> None:
    hu = sitk.Cast(small_ct, sitk.sitkInt16)
    for message in (
        CTRequest(small_anatomy, {"text": "ä"}, id="x"),
        Done("x", ChangeDone(small_anatomy, hu, {"changes": []})),
        Done("x", ChangeDone(small_anatomy, None, {"changes": []})),
        MaskRequest({"text": ""}, id="y"),
    ):
        stream = b"".join(pack(message))
        assert len(gzip.decompress(stream)) == size_of(message)
        back = unpack(stream, (type(message),), size_of(message))
        assert encode_without(back) == encode_without(message)
        for name, image in volumes(message).items():
            assert np.array_equal(sitk.GetArrayViewFromImage(volumes(back)[name]), sitk.GetArrayViewFromImage(image))
            assert volumes(back)[name].GetPixelID() == image.GetPixelID()
    assert len(b"".join(pack(CTRequest(small_anatomy, {})))) < size_of(CTRequest(small_anatomy, {})) / 10


def volumes(message: Any) -> dict[str, sitk.Image]:
    holder = message.result if isinstance(message, Done) else message
    return {name: value for name, value in vars(holder).items() if isinstance(value, sitk.Image)}


def encode_without(message: Any) -> bytes:
    import dataclasses

    holder: Any = message.result if isinstance(message, Done) else message
    holder = dataclasses.replace(holder, **dict.fromkeys(volumes(message), "v"))
    return encode(Done(message.id, holder) if isinstance(message, Done) else holder)


def test_what_no_client_sends_is_refused_and_opens_no_file(small_anatomy: sitk.Image, tmp_path: Path) -> None:
    secret = tmp_path / "secret.nii.gz"
    sitk.WriteImage(small_anatomy, str(secret))
    line = encode(CTRequest(str(secret), {}, id="x"))
    header = {
        "dtype": "|u1", "shape": [1, 1, 2], "components": 1, "spacing": [1.0, 1.0, 1.0], "origin": [0.0, 0.0, 0.0],
        "direction": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    }  # fmt: skip

    def sent(*rest: bytes, **other: Any) -> bytes:
        return gzip.compress(line + json.dumps(header | other).encode() + b"\n" + b"".join(rest))

    whole = sent(b"\x01\x02")
    assert sitk.GetArrayFromImage(unpack(whole, (CTRequest,), 100).anatomy).tolist() == [[[1, 2]]]
    for stream in (
        gzip.compress(line),  # the path alone
        whole[:-3],
        whole[:-8] + b"12345678",  # another checksum
        sent(b"\x01"),
        sent(b"\x01\x02\x03"),
        sent(b"\x01\x02", shape=[1, 1, -2]),
        sent(b"\x01\x02", shape=[1, 2]),
        sent(b"\x01\x02", shape=[1, 1, True]),
        sent(b"\x01\x02", shape=[10**9, 10**9, 10**9]),
        sent(b"\x01\x02", dtype="O"),
        sent(b"\x01\x02", components=2),
        sent(b"\x01\x02", spacing=[float("nan"), 1.0, 1.0]),
        sent(b"\x01\x02", spacing=[0.0, 1.0, 1.0]),
        sent(b"\x01\x02", direction=[0.0] * 9),
        sent(b"\x01\x02", extra=1),
        gzip.compress(b"[]\n"),
        gzip.compress(b"x" * 100),
        b"",
        b"no gzip",
    ):
        with pytest.raises(GuideGenError):
            unpack(stream, (CTRequest,), 100)
    with pytest.raises(WireError, match="may come"):  # a bomb: small on the way, and large only here
        unpack(
            gzip.compress(line + json.dumps(header | {"shape": [1, 1, 200]}).encode() + b"\n" + b"0" * 200),
            (CTRequest,),
            100,
        )


# ---------------------------------------------------------------- who may ask


def test_tokens_are_those_of_the_file_or_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# ours\nanna {TOKEN}1\n\nben {TOKEN}2\n")
    file.chmod(0o600)
    access = Access(read_tokens(file))
    assert access.user(f"Bearer {TOKEN}2", None, "any") == "ben" and not access.open
    for shown in ("", TOKEN + "2", f"Basic {TOKEN}2", f"Bearer {TOKEN}", "Bearer ü"):
        assert access.user(shown, None, "127.0.0.1") is None
    file.chmod(0o644)
    for read in (read_tokens, read_token):
        with pytest.warns(FileWarning, match="chmod 600"):
            read(file)
    for text in ("", "anna short", f"anna {TOKEN}\nben {TOKEN}", f"a b {TOKEN}"):
        file.write_text(text)
        file.chmod(0o600)
        with pytest.raises(AccessError):
            read_tokens(file)
    monkeypatch.setenv("GUIDEGEN_TOKEN", TOKEN)
    assert read_tokens(None) == {TOKEN: "user"} and read_token(None) == TOKEN
    monkeypatch.delenv("GUIDEGEN_TOKEN")
    assert read_tokens(None) == {} and read_token(None) == ""


def test_certificates_tell_users_by_their_names() -> None:
    access = Access(mutual=True)
    anna = {"subject": ((("organizationName", "clinic"),), (("commonName", "anna"),)), "serialNumber": "07"}
    assert access.user("", anna, "") == "anna" and access.user("", {"subject": (), "serialNumber": "07"}, "") == "07"
    assert access.user(f"Bearer {TOKEN}", None, "localhost") is None


def test_others_reach_no_server_that_asks_nobody() -> None:
    with pytest.raises(ServeError, match="--tokens"):
        Server([], BUNDLE, host="0.0.0.0")
    for host in ("127.0.0.1", "::1", "localhost"):
        Server([], BUNDLE, host=host)
    Server([], BUNDLE, host="0.0.0.0", access=Access({TOKEN: "anna"}))


def test_addresses_are_told_apart_from_what_is_none() -> None:
    assert Address.of("http://gpu:1/").url == "http://gpu:1" and Address.of(" https://gpu/a/b ").prefix == "/a/b"
    assert Address.of("http://[::1]").url == "http://[::1]:8090" and Address.of("https://gpu").secure
    for url in ("", "gpu:8090", "ftp://gpu", "http://", "http://gpu:x", "http://a:b@gpu", "http://gpu?x=1"):
        with pytest.raises(RemoteError):
            Address.of(url)
    with pytest.raises(RemoteError):
        Address.of("http://gpu", "two words")
    assert TOKEN not in repr(Address.of("http://gpu", TOKEN))


def test_a_worker_for_each_gpu_and_cores_shared_between_workers() -> None:
    assert devices_for("auto", None, lambda: 0) == [("auto", None)]
    assert devices_for("auto", None, lambda: 1) == [("auto", None)]
    share = max(1, cores() // 3)
    assert devices_for("auto", 3, lambda: 2) == [("cuda:0", share), ("cuda:1", share), ("cuda:0", share)]
    assert [device for device, _ in devices_for("cuda", None, lambda: 2)] == ["cuda:0", "cuda:1"]
    assert [device for device, _ in devices_for("cpu", 2, lambda: 2)] == ["cpu", "cpu"]
    assert gpus_here(("false",)) == 0 and gpus_here(("echo", "warning: 3")) == 3
