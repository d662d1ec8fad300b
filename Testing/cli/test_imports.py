"""What a command imports: a start is slow by what it imports, so large libraries come where they are used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from Testing.tiny_bundle import write_tiny_bundle

LARGE = (
    "torch", "monai", "transformers", "tokenizers", "openvino", "numpy", "scipy", "SimpleITK", "vtk", "matplotlib",
    "PIL", "pandas", "pydicom", "highdicom", "trame", "ray",
)  # fmt: skip
UNUSED_BY_RUNS = (
    "monai",
    "matplotlib",
    "PIL",
    "pandas",
    "vtk",
    "pydicom",
    "rich",
    "scipy.optimize",
    "scipy.interpolate",
)
CALL = """
import json, sys
from GuideGenLib.cli.main import main
try:
    main({arguments})
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


def loaded(code: str) -> set[str]:
    """The modules that a fresh Python has after it ran the code, whose last line prints them as JSON."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["describe", "--help"], ["generate", "--help"], ["web", "--help"]])
def test_help_needs_no_library(arguments: list[str]):
    assert not loaded(CALL.format(arguments=arguments)).intersection((*LARGE, "rich"))


def test_a_text_is_understood_without_models():
    found = loaded(CALL.format(arguments=["describe", "An old man with a tumour of 3 cm in the liver."]))
    assert "GuideGenLib.description.parse" in found and not found.intersection(LARGE)


def test_a_model_is_opened_without_what_only_some_runs_use(tmp_path: Path):
    write_tiny_bundle(tmp_path)
    code = f"""
import json, sys
from pathlib import Path
from GuideGenLib.generator import Generator
Generator.from_bundle(Path({str(tmp_path)!r}), arithmetic="float32")
print(json.dumps(sorted(sys.modules)))
"""
    found = loaded(code)
    assert "torch" in found and not found.intersection((*UNUSED_BY_RUNS, "transformers", "openvino"))
