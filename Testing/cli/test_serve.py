"""`guidegen serve` and --server, as far as they end before anything is served."""

from collections.abc import Callable
from pathlib import Path

import pytest


def test_what_cannot_be_served_is_told_at_once(
    guidegen: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, told in (
        (("--host", "0.0.0.0"), "others reach a server at 0.0.0.0"),
        (("--tokens", tmp_path / "none"), "cannot be read"),
        (("--key", tmp_path / "key"), "go with a certificate"),
        (("--certificate", tmp_path / "none.pem"), "none.pem cannot be used"),
        (("--device", "abacus"), "there is no device 'abacus'"),
        (("--bundle", tmp_path), "has no bundle.json"),
        (("--port", "99999"), "cannot listen at 127.0.0.1, port 99999"),
    ):
        assert guidegen("serve", "--workers", 1, "--device", "cpu", *arguments) == 2
        assert told in capsys.readouterr().err, arguments


def test_a_server_that_is_not_there_is_told_and_nothing_is_written(
    guidegen: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (("mask", "A man.", "-o", tmp_path / "out"), ("web",)):
        assert guidegen(*command, "--server", "http://127.0.0.1:9") == 2
        assert "no server answers at http://127.0.0.1:9" in capsys.readouterr().err
    assert guidegen("web", "--server", "http://127.0.0.1:9", "--device", "cpu") == 2
    assert "the server has its own" in capsys.readouterr().err and not (tmp_path / "out").exists()
