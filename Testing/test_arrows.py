"""Arrows between the folders of GuideGenLib: each imports from folders below it alone, and no two files each other."""

import ast
from functools import cache
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

BELOW: dict[str, tuple[str, ...]] = {
    "core": (),
    "findings": ("core",),
    "anatomy": ("core", "findings"),
    "description": ("core", "findings"),
    "bundle": ("anatomy", "core", "description"),
    "codec": ("core",),
    "vessels": ("anatomy", "core"),
    "ct": ("anatomy", "codec", "core", "description", "findings", "vessels"),
    "mask": ("anatomy", "core", "description", "findings", "vessels"),
    "generator": ("anatomy", "bundle", "codec", "core", "ct", "description", "findings", "mask"),
    "data": ("anatomy", "core"),
    "population": ("anatomy", "core", "data", "description", "mask"),
    "training": ("anatomy", "bundle", "codec", "core", "ct", "data", "description", "mask", "population"),
    "judges": (
        "anatomy", "bundle", "codec", "core", "ct", "data", "description", "findings", "mask", "population", "training",
    ),
    "rivals": (
        "anatomy", "bundle", "codec", "core", "ct", "data", "description", "generator", "judges", "mask", "population",
        "training",
    ),
    "evaluation": (
        "anatomy", "bundle", "codec", "core", "ct", "data", "description", "generator", "judges", "mask", "population",
        "rivals", "training",
    ),
    "engine": ("anatomy", "bundle", "core", "description", "generator", "mask"),
    "remote": ("bundle", "core", "engine"),
    "scene": ("anatomy", "core", "findings", "mask"),
    "export": ("anatomy", "core", "description", "generator"),
    "cases": ("anatomy", "core", "description", "findings", "scene"),
    "workflow": ("anatomy", "bundle", "core", "description", "engine", "export", "generator", "scene"),
    "cohort": (
        "anatomy", "bundle", "core", "data", "description", "evaluation", "export", "generator", "judges", "mask",
        "population",
    ),
    "web": ("anatomy", "bundle", "cases", "core", "description", "engine", "export", "remote", "scene", "workflow"),
    "cli": (
        "anatomy", "bundle", "cases", "cohort", "core", "ct", "data", "description", "engine", "evaluation", "export",
        "generator", "judges", "mask", "population", "remote", "rivals", "scene", "training", "web", "workflow",
    ),
}  # fmt: skip
"""What each folder may import, the lower ones first. A new folder, or a new arrow, is entered here on purpose."""


@cache
def files(top: str = "GuideGenLib") -> dict[str, ast.Module]:
    """The parsed modules below a folder, by their dotted names."""
    found = {}
    for path in sorted((ROOT / top).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text("utf-8"))
    return found


def imported(tree: ast.AST) -> set[str]:
    """Dotted names that the code imports, anywhere in it; `from a import b` counts as a.b where that is a module."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in files() else str(node.module))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def folder(module: str) -> str:
    """The top folder of a module of GuideGenLib."""
    return module.split(".")[1] if "." in module else ""


def outside(module: str) -> set[str]:
    """The packages of others that a module needs to be imported, through whatever of ours it imports on top."""
    seen, left, found = set(), [module], set()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in files():
            found.add(name.split(".")[0])
            continue
        parts = name.split(".")
        left += [".".join(parts[:n]) for n in range(1, len(parts))]
        left += imported(ast.Module(_on_top(files()[name].body), []))
    return found


def _on_top(body: list[ast.stmt]) -> list[ast.stmt]:
    """What runs when a module is imported, `if TYPE_CHECKING` and functions left out."""
    return [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]


def test_each_folder_imports_only_what_the_table_allows():
    odd = []
    for module, tree in files().items():
        for name in imported(tree) if folder(module) else ():
            if name.startswith("GuideGenLib.") and folder(name) not in (folder(module), *BELOW[folder(module)]):
                odd.append(f"{module} imports {name}")
    assert not odd, odd


def test_the_table_has_every_folder_and_every_arrow_in_it_points_down():
    there = {folder(module) for module in files()} - {""}
    assert there <= set(BELOW)
    order = list(BELOW)
    assert [(one, other) for one in order for other in BELOW[one] if order.index(other) >= order.index(one)] == []


def test_no_two_files_import_each_other():
    arrows = {module: imported(tree) for module, tree in files().items()}
    assert [(a, b) for a, b in combinations(arrows, 2) if b in arrows[a] and a in arrows[b]] == []


def test_no_file_but_a_table_is_longer_than_350_lines():
    tables = {"GuideGenLib/description/words/lexicon.py"}
    paths = [path for top in ("GuideGenLib", "GuideGenSlicer", "Testing") for path in (ROOT / top).rglob("*.py")]
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in paths}
    assert {name: n for name, n in lengths.items() if n > 350 and name not in tables} == {}


def test_nothing_imports_the_command_line():
    above = [m for m, tree in files().items() if folder(m) != "cli" and "cli" in map(folder, imported(tree))]
    assert above == []


def test_scenes_need_no_torch():
    assert [module for module in files() if folder(module) == "scene" and "torch" in outside(module)] == []


def test_a_client_of_a_server_needs_python_alone_and_knows_no_server():
    ours = [module for module in files() if module.startswith("GuideGenLib.remote.client")]
    assert ours and all(not outside(module) & {"torch", "aiohttp", "numpy", "SimpleITK"} for module in ours)
    arrows = {name for module in files() if ".remote.client" in module for name in imported(files()[module])}
    assert not any(name.startswith("GuideGenLib.remote.server") for name in arrows)


def test_cases_and_lessons_need_neither_torch_nor_a_front_end():
    front_ends = {"torch", "trame", "trame_slicer", "qt", "aiohttp"}
    assert [module for module in files() if folder(module) == "cases" and outside(module) & front_ends] == []


def test_the_generator_knows_neither_scenes_nor_vtk():
    for module, tree in files().items():
        if folder(module) == "generator":
            assert not {name.split(".")[0] for name in imported(tree)} & {"slicer", "vtk", "mrml"}, module
            assert not any(folder(name) == "scene" for name in imported(tree)), module


def test_the_library_knows_neither_qt_nor_the_module():
    banned = {"qt", "ctk", "PySide6", "GuideGenSlicer", "GuideGenPanel"}
    assert [m for m, tree in files().items() if {name.split(".")[0] for name in imported(tree)} & banned] == []
