"""The package that `pip install` makes: small enough for an index, with all that a run needs, of one version."""

import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from GuideGenLib import __version__

ROOT = Path(__file__).resolve().parents[1]
LARGEST_MB = 50


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_it_is_small_enough(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST_MB * 1_000_000


def test_it_holds_the_model_and_the_tables_but_neither_judges_nor_pictures(wheel: Path) -> None:
    with ZipFile(wheel) as file:
        names = {name.removeprefix("GuideGenLib/Resources/") for name in file.namelist()}
    assert {"anatomy.csv", "Models/torso-small/bundle.json", "Models/torso-small/ct.safetensors"} <= names
    assert "GuideGenLib/py.typed" in names
    assert not [name for name in names if "judges-" in name or name.startswith(("Screenshots", "Testing"))]


def test_the_version_is_told_once(wheel: Path) -> None:
    assert wheel.name == f"guidegen-{__version__}-py3-none-any.whl"
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in ("CITATION.cff", "CMakeLists.txt", "GuideGen.json", "mkdocs.yml"):
        assert __version__ not in (ROOT / name).read_text(encoding="utf-8")
