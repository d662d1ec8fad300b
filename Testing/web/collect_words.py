"""Collects all words of the page and of the workflow for translators.

    python -m Testing.web.collect_words

writes Resources/Languages/guidegen.pot anew, and into each catalogue the words that it lacks; a new language begins as
a copy of guidegen.pot under its code (de.po). A test tells when this is to be run.
"""

import ast
import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from GuideGenLib.core.languages import TEMPLATE, read_catalogue, write_catalogue
from GuideGenLib.core.resources import resource
from GuideGenLib.web.cases import learner_page
from GuideGenLib.web.cases.learner_script import SPOKEN
from GuideGenLib.web.views.readout import COMPARED
from GuideGenLib.web.words import words_in
from Testing.web.views_stage import own_loop
from Testing.web.words_of_library import words_of_library

ROOT = Path(__file__).resolve().parents[2]
ALONE = (COMPARED,)
"""Words that `say` gets from a list."""

SPEAKING = ("GuideGenLib/workflow", "GuideGenLib/web")


def main() -> None:
    """Write all catalogues."""
    with tempfile.TemporaryDirectory() as folder:
        words = collected(Path(folder))
    home = resource("Languages")
    write_catalogue(home / TEMPLATE, words, {})
    for path in home.glob("*.po"):
        known = read_catalogue(path)
        write_catalogue(path, words, known)
        print(f"{path.name}: {sum(bool(known.get(one)) for one in words)} of {len(words)} words")


def collected(folder: Path) -> set[str]:
    """Of the page as it is written with every panel, of all calls of `say`, and of what the library says; folder: an
    empty one."""
    return words_in(page(folder)) | words_of_learners() | set(said()) | words_of_library() | set(ALONE)


def words_of_learners() -> set[str]:
    """Of the page that a learner's link opens, and of its script."""
    return words_in(learner_page.HTML) | words_in(learner_page.UNKNOWN) | set(SPOKEN)


def page(folder: Path) -> str:
    """The template of the whole page."""
    with own_loop():
        from trame.app import get_server

        from GuideGenLib.web.app import WebApp

        server = get_server(f"words-{folder.name}", client_type="vue3")
        app = WebApp(server, folder, None, "cpu", 64, folder / "cases", None)
        template = "".join(app.shell.templates.values())
        app.workspace.scene.Clear(False)
        return template


def said() -> Iterator[str]:
    """The words of all calls of `say`, given as they are or by the name of a constant."""
    for folder in SPEAKING:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for call in ast.walk(tree):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "say":
                    yield from _words(call.args[0], path)
                    yield from _local(call.args[0], tree, path)


def _local(node: ast.expr, tree: ast.AST, path: Path) -> Iterator[str]:
    """Words that were put into a variable of a function before."""
    if isinstance(node, ast.Name):
        for one in ast.walk(tree):
            if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == node.id:
                yield from _words(one.value, path)


def _words(node: ast.expr, path: Path) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _words(node.body, path)
        yield from _words(node.orelse, path)
    elif isinstance(node, ast.Name | ast.Attribute):
        yield from _strings(_constant(node, path))
    elif isinstance(node, ast.Subscript):
        yield from _words(node.value, path)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        yield from _words(node.func.value, path)


def _constant(node: ast.Name | ast.Attribute, path: Path) -> Any:
    """What a name stands for in a module, None for one that is no constant of it."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return getattr(importlib.import_module(name), node.id, None) if isinstance(node, ast.Name) else None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (one for one in value.values() if isinstance(one, str))


if __name__ == "__main__":
    main()
