"""One generator of tiny untrained networks, shared by the tests of this folder."""

from pathlib import Path

import pytest

from GuideGenLib.generator import Generator
from Testing.phantom import phantom
from Testing.tiny_bundle import write_tiny_bundle

__all__ = ["phantom"]


@pytest.fixture(scope="session")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    folder: Path = write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
    return Generator.from_bundle(folder, device="cpu", arithmetic="float32")
