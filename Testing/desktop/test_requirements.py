"""What the module lists is what its library needs: told by the imports, and by an environment that has nothing else."""

import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = ROOT / "GuideGenSlicer" / "Resources"
SLICER = {
    *("slicer", "qt", "ctk", "vtk", "vtkmodules", "numpy", "SimpleITK", "packaging", "pip"),
    *("SampleData", "PyTorchUtils", "torch", "pydicom", "requests"),
}
"""What Slicer and its extension PyTorch bring."""
PRINTED = {"rich"}
"""For tables on a terminal."""
SENT = {"dicomweb_client"}
"""To a PACS, which the command line alone does."""
FASTER = {"isal", "openvino", "tokenizers"}
"""Read the many files of training data, make CTs and read texts faster where they are installed; the last comes with
transformers."""


def test_the_list_has_what_the_library_imports_and_nothing_else() -> None:
    files = ("requirements.txt", "requirements-dicom.txt")
    lines = [line for file in files for line in (RESOURCES / file).read_text(encoding="utf-8").splitlines()]
    listed = {line.partition(">=")[0] for line in lines if line and not line.startswith("#")}
    assert third_parties() - SLICER - PRINTED - SENT - FASTER == listed


def third_parties() -> set[str]:
    """What the module and the worker import, all files of the library that they reach included."""
    waiting = [*(ROOT / "GuideGenSlicer").rglob("*.py"), ROOT / "GuideGenLib" / "engine" / "worker.py"]
    seen, found = set(), set()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            for name in imports(path):
                waiting += files_of(name)
                found.add(name.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"GuideGenLib", "GuideGenPanel"}


def imports(path: Path) -> Iterator[str]:
    """The full names that a file imports at any time."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_of(name: str) -> list[Path]:
    """The files of the library that a name stands for, those of the packages that it is in too."""
    parts = name.split(".")
    places = [ROOT.joinpath(*parts[:count]) for count in range(1, len(parts) + 1)]
    found = [path for place in places for path in (place.with_suffix(".py"), place / "__init__.py")]
    return [path for path in found if path.is_file()] if parts[0] == "GuideGenLib" else []


STORY = """
import sys
from pathlib import Path
import SimpleITK as sitk
from GuideGenLib.description import parse
from GuideGenLib.generator import Generator
from Testing.tiny_bundle import write_tiny_bundle

generator = Generator.from_bundle(write_tiny_bundle(Path(sys.argv[1]) / "tiny"), device="cpu")
description = parse("A 60 year old woman with a 30 mm tumor in the sigmoid colon.")
anatomy = generator.synthesize_mask(description, seed=1, region="pelvis", steps=2).anatomy
ct = generator.synthesize_ct(anatomy, description, seed=1, spacing=6.0, steps=2)
labels = sitk.GetArrayFromImage(anatomy)
middle = tuple(slice(size // 2 - 2, size // 2 + 2) for size in labels.shape)
labels[middle] = 5
edited = sitk.GetImageFromArray(labels)
edited.CopyInformation(anatomy)
again = generator.regenerate_ct(ct, anatomy, edited, description, seed=1, margin_mm=20.0, steps=2)
assert again.GetSize() == ct.GetSize()
assert (sitk.GetArrayViewFromImage(again) != sitk.GetArrayViewFromImage(ct)).any()
print(sorted({name.partition(".")[0] for name in sys.modules} & {"einops", "sklearn", "sentence_transformers"}))
"""


@pytest.mark.large
def test_a_fresh_slicer_generates_with_the_list_alone(tmp_path: Path) -> None:
    """numpy, SimpleITK and vtk are what Slicer brings, torch what its extension PyTorch installs."""
    python = tmp_path / "bare" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt"]
    subprocess.run([*pip, "numpy", "SimpleITK", "vtk", "torch"], check=True)
    subprocess.run([*pip, "-r", RESOURCES / "requirements.txt"], check=True)
    subprocess.run([*pip, "--no-deps", "-r", RESOURCES / "requirements-no-deps.txt"], check=True)
    told = subprocess.run(
        [python, "-c", textwrap.dedent(STORY), tmp_path], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == "[]"
