"""The documentation site: built strictly, a page for each folder of the library, and nothing asked of other hosts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from GuideGenLib.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {path.parent.name for path in (ROOT / "GuideGenLib").glob("*/__init__.py")}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.medium
def test_every_folder_of_the_library_has_a_page_with_its_docstrings(site: Path) -> None:
    assert {path.parent.name for path in site.glob("reference/*/index.html")} == PACKAGES
    page = (site / "reference" / "anatomy" / "index.html").read_text(encoding="utf-8")
    assert "GuideGenLib.anatomy.table.find" in page and "the closest first" in page


@pytest.mark.medium
def test_a_page_loads_nothing_from_another_host(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img|iframe)[^>]+src=\"?https?:", text), page
        assert not re.findall(r"<link[^>]+rel=\"?stylesheet[^>]+href=\"?https?:", text), page


@pytest.mark.medium
def test_the_tutorials_hold_what_they_take_from_elsewhere(site: Path) -> None:
    shown = {
        "radiologist": "Check what was understood",
        "developer": "How to add",
        "researcher": "Step by step",
        "teacher": "Make a lesson",
        "administrator": "Start a server",
    }
    for name, words in shown.items():
        assert words in (site / "tutorials" / name / "index.html").read_text(encoding="utf-8")
    assert "the judges read 7 of 11" in (site / "models" / "figures" / "index.html").read_text(encoding="utf-8")


def test_every_command_is_in_the_tutorial() -> None:
    text = (ROOT / "docs" / "tutorials" / "researcher.md").read_text(encoding="utf-8")
    parser = build_parser()
    commands = next(iter(action.choices for action in parser._actions if action.choices))
    assert {name for name in commands if f"| `{name}" not in text} == set()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_to_files(name: str) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8")):
        assert (ROOT / target).exists(), target
