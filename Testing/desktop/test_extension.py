"""The extension as the extensions index and CMake take it."""

import json
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from GuideGenLib import __version__

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "GuideGenSlicer"


INDEX_TYPES = {
    "$schema": str, "build_dependencies": list, "build_subdirectory": str, "category": str, "enabled": bool,
    "scm_revision": str, "scm_type": str, "scm_url": str, "tier": int,
}  # fmt: skip
"""The fields that slicer-extension-catalog-entry-schema-v1.0.1.json knows; it takes no others."""
INDEX_CATEGORIES = {"Segmentation", "Simulation", "Training", "Examples"}
"""Those of the categories that the index takes which could be ours."""


def index_complaints(root: Path) -> list[str]:
    """What the check of the extensions index (its scripts/check_description_files.py) would refuse, less downloads."""
    entry = json.loads((root / "GuideGen.json").read_text(encoding="utf-8"))
    cmake = (root / "CMakeLists.txt").read_text(encoding="utf-8")
    found = [key for key, value in entry.items() if not isinstance(value, INDEX_TYPES.get(key, ()))]
    found += [f"{key} is missing" for key in ("$schema", "category", "scm_url") if key not in entry]
    found += [] if entry["tier"] in (1, 3, 5) else ["tier"]
    found += [] if entry["category"] in INDEX_CATEGORIES else ["category"]
    address = urlsplit(entry["scm_url"])
    found += [] if address.scheme in ("https", "git") else ["scm_url has no scheme"]
    found += [] if "slicer" in address.path.split("/")[-1].lower() else ["the repository's name lacks Slicer"]
    name = re.search(r"project\s*\(\s*([^\s)]+)", cmake)
    found += [] if name and name[1] == "GuideGen" else ["project name"]
    for kind in ("ICONURL", "SCREENSHOTURLS"):
        written = re.search(rf'set\s*\(EXTENSION_{kind}\s*"([^"]+)"\)', cmake)
        found += [] if written and all(url.startswith("http") for url in written[1].split()) else [f"no {kind}"]
    return found


def test_the_index_entry_lacks_nothing_but_the_address() -> None:
    unpublished = ["scm_url has no scheme", "the repository's name lacks Slicer", "no ICONURL", "no SCREENSHOTURLS"]
    assert index_complaints(ROOT) in ([], unpublished)
    entry = json.loads((ROOT / "GuideGen.json").read_text(encoding="utf-8"))
    cmake = dict(re.findall(r'set\(EXTENSION_(\w+) "([^"]*)"\)', (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")))
    assert entry["build_dependencies"] == cmake["DEPENDS"].split()
    assert entry["category"] == cmake["CATEGORY"]
    assert entry["scm_type"] == ("git" if entry["scm_url"].startswith("https://") else "local")


def test_with_the_address_the_index_takes_it(tmp_path: Path) -> None:
    for name in ("CMakeLists.txt", "GuideGen.json", ".ci/publish.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    command = [sys.executable, str(tmp_path / ".ci" / "publish.py")]
    refused = subprocess.run([*command, "https://github.com/someone/GuideGen"], capture_output=True, text=True)
    assert refused.returncode == 1 and "with Slicer in NAME" in refused.stderr
    subprocess.run([*command, "https://github.com/someone/SlicerGuideGen.git", "5.12"], check=True)
    assert index_complaints(tmp_path) == []
    cmake = (tmp_path / "CMakeLists.txt").read_text(encoding="utf-8")
    files = "https://raw.githubusercontent.com/someone/SlicerGuideGen/5.12/"
    icon, *shots = (path.removeprefix(files) for path in re.findall(rf"{re.escape(files)}[^\s\"]+", cmake))
    assert all((ROOT / path).is_file() for path in (icon, *shots)) and len(shots) == 2
    assert 'HOMEPAGE "https://github.com/someone/SlicerGuideGen"' in cmake
    assert json.loads((tmp_path / "GuideGen.json").read_text())["scm_revision"] == "5.12"


def test_the_icon_is_a_png_of_128_by_128() -> None:
    data = (MODULE / "Resources" / "Icons" / "GuideGen.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (128, 128)


def test_the_readme_tells_what_the_extension_index_asks_for() -> None:
    text = (MODULE / "README.md").read_text(encoding="utf-8")
    for word in ("Tutorial", "downloaded", "remove", "cite", "synthetic", "Apache-2.0"):
        assert word in text
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", text):
        assert (MODULE / target).exists(), target


# ---------------------------------------------------------------- cmake itself

SLICER = """
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/use.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/told.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/empty.cmake")
"""
USE = """
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR scripted)
set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR modules)
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(M "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  foreach(file ${M_SCRIPTS} ${M_RESOURCES})
    get_filename_component(folder ${file} DIRECTORY)
    install(FILES ${file} DESTINATION modules/${folder})
  endforeach()
endfunction()
"""
QUICK = ["-DCMAKE_C_COMPILER_WORKS=1", "-DCMAKE_CXX_COMPILER_WORKS=1"]
"""Nothing is compiled, so the compilers need not be tried."""
TOLD = 'message(STATUS "version=${PROJECT_VERSION}; home=${EXTENSION_HOMEPAGE}")'


@pytest.mark.skipif(not (shutil.which("cmake") and shutil.which("cc")), reason="needs cmake and a compiler")
def test_the_installed_extension_finds_its_library_and_resources(tmp_path: Path) -> None:
    """Slicer's macros are stood in for by two lines that install what they are given."""
    for name, text in {"SlicerConfig": SLICER, "use": USE, "told": TOLD, "empty": ""}.items():
        (tmp_path / f"{name}.cmake").write_text(text)
    build, prefix = tmp_path / "build", tmp_path / "installed"
    options = [f"-DSlicer_DIR={tmp_path}", f"-DCMAKE_INSTALL_PREFIX={prefix}", *QUICK]
    told = subprocess.run(
        ["cmake", "-S", str(ROOT), "-B", str(build), *options], check=True, capture_output=True, text=True
    )
    assert f"version={__version__}; home=https://" in told.stdout
    subprocess.run(["cmake", "--build", str(build)], check=True, capture_output=True)
    tested = build / "scripted" / "GuideGenLib"  # Slicer's tests load the module from the build tree
    assert (tested / "engine" / "worker.py").is_file() and (tested / "Resources" / "anatomy.csv").is_file()
    subprocess.run(["cmake", "--install", str(build)], check=True, capture_output=True)
    modules = prefix / "modules"
    assert not [*modules.rglob("judges-*"), *modules.rglob("Screenshots")], "these stay in the checkout"
    assert (modules / "GuideGen.py").is_file() and (modules / "GuideGenPanel" / "Widget.py").is_file()
    code = (
        "from GuideGenLib.core.resources import resource; from GuideGenLib.bundle import load_bundle; "
        "from GuideGenLib.anatomy.table import labels; "
        "print(resource('anatomy.csv')); labels(); load_bundle()"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=modules, check=True, capture_output=True, text=True, env={"PATH": ""}
    )
    assert Path(found.stdout.strip()).is_relative_to(modules)
