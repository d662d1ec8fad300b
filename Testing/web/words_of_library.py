"""The English that the library speaks and the page translates (`workflow.words.told`): its errors, notes and names.

A sentence with values in it is collected as the words that it is made of: f"{path.name} is empty" as "{name} is empty".
"""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from GuideGenLib.anatomy.table import labels
from GuideGenLib.core.translation import HOLE
from GuideGenLib.description.changes.model import name_of
from GuideGenLib.description.fields import (
    ACQUISITION_FIELDS,
    FINDING_FIELDS,
    ORGAN_FIELDS,
    PATIENT_FIELDS,
    kinds_drawn,
    shown,
)
from GuideGenLib.description.looks import LOOKS
from GuideGenLib.description.model import ORGAN_SIZES, PRESENCES, SIDES, SITES, SIZE_WORDS, Finding
from GuideGenLib.description.nodes import STATIONS
from GuideGenLib.description.reading import account
from GuideGenLib.description.words import lexicon
from GuideGenLib.description.words.asides import ASIDES
from GuideGenLib.description.words.context import TOLD
from GuideGenLib.description.words.languages import LANGUAGES
from GuideGenLib.findings.reading import recipes
from GuideGenLib.workflow.roles import LOOKS as ROLES
from GuideGenLib.workflow.roles import NO_ORGAN, NO_TUMOUR, REASONS
from GuideGenLib.workflow.vocabulary import TITLES

ROOT = Path(__file__).resolve().parents[2] / "GuideGenLib"
HEARD = (
    "core/files.py", "core/volumes.py", "core/volume_files.py", "core/nifti.py", "core/text_headers.py", "core/dicom",
    "anatomy/label_maps", "anatomy/label_volumes.py", "anatomy/maps.py", "description/parse.py",
    "description/fields.py", "description/model.py", "description/looks.py", "description/acquisition.py",
    "description/nodes.py", "description/stage.py", "description/corrections.py", "description/recipe_notes.py",
    "description/reading", "description/changes", "mask/findings", "mask/keep_keys.py", "mask/user_grid.py",
    "mask/rules.py", "generator/change.py", "generator/change_fluids.py", "generator/change_lesions.py",
    "generator/change_shapes.py", "generator/completion.py", "generator/generator.py", "generator/region_check.py",
    "engine/failures.py", "engine/environment.py", "scene", "cases", "export/dicom/write.py",
    "export/dicom/segmentation.py", "export/dicom/errors.py", "remote/client", "web/files", "web/editor", "web/panels",
    "web/cases", "web/server/child.py",
)  # fmt: skip
"""Whose errors and notes reach the page."""

SPOKEN = {"msg", "message", "note", "notes", "told", "remedy", "reason", "why", "failure", "detail", "wanted"}
"""Names of variables for what a user is to read."""

TELLING = {"contradiction", "Failed", "Check", "Step", "take_out", "LeftOut", "append", "warn"}
"""Calls whose words a user reads, beside those of errors."""

MADE_OF = (
    "{size} mm {kind}", "{size} ml {kind}", "{finding} of the {organ}", "{finding} on the {side}", "left {organ}",
    "right {organ}", "left {organ} ({place})", "right {organ} ({place})", "{finding} ({place})", "{kind} (x {count})",
    "segment {name}", "{first} and {second}", "{first} or {second}", "{words} (not drawn)", "{size} mm long",
    "{name} {amounts} ml", "none", "diameter", "volume",
)  # fmt: skip
"""How findings are called (`description.changes.model.name_of`), and what they are told together with."""

NO_WORDS = re.compile(
    r"[\\^|<>`]|\(\?|=>|===|\n|\{\"|\$|--(?!no-install)\w|; \w+:|\w+_\w+ [=!]|\.includes|pip install|"
    r"^(?:Failed|Unable) to "
)
"""Patterns, scripts, styles, and what is said at the command line alone."""

ELSEWHERE = ("scene/headless.py", "mask/findings/segments.py")
"""Without words for users."""


def words_of_library() -> set[str]:
    """All of them."""
    assert name_of(Finding("tumor", organ="lung", side="left", size_mm=40.0)) == "40 mm tumor of the left lung"
    files = [path for name in HEARD for path in _files(ROOT / name) if not str(path).endswith(ELSEWHERE)]
    heard = {_numbered(words.strip(" ,;")) for path in files for words in _heard(path) if _is_spoken(words)}
    return heard | set(MADE_OF) | {words for words in _named() if words}


def _files(path: Path) -> list[Path]:
    assert path.exists(), path
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def _named() -> Iterator[str]:
    """The names of tables: structures, fields of a description and their values, reasons."""
    yield from (row.name for row in labels())
    fields = (*PATIENT_FIELDS, *ACQUISITION_FIELDS, *FINDING_FIELDS, *ORGAN_FIELDS)
    yield from (field.title for field in fields)
    yield from (field.name for field in PATIENT_FIELDS)
    yield from (shown(value) for field in fields if field.choices for value in field.choices(None))
    for words in (kinds_drawn(), LOOKS, PRESENCES, SIDES, SIZE_WORDS, ORGAN_SIZES, SITES, *SITES.values()):
        yield from map(shown, words)
    for recipe in recipes():
        yield from (recipe.name, *map(shown, filter(None, recipe.organs)))
    for kind, organ in lexicon.OTHER_KINDS.values():
        yield from (shown(kind), shown(organ or ""))
    yield from (reason for reason, _ in ASIDES)
    yield from {shown(name) for numbers in STATIONS.values() for stations in numbers.values() for name, _ in stations}
    yield from LANGUAGES
    yield from (*account.REASONS.values(), *TOLD.values(), *TITLES.values(), *REASONS.values(), NO_ORGAN, NO_TUMOUR)
    yield from (look.title for look in ROLES.values())


def _is_spoken(words: str) -> bool:
    """More than a name or a number, and no pattern."""
    told = re.findall(r"[a-z]{2,}", HOLE.sub("", words))
    return " " in words and not NO_WORDS.search(words) and len(told) > (0 if HOLE.search(words) else 1)


def _heard(path: Path) -> Iterator[str]:
    """The words of a file's errors, notes and answers."""
    ours = "web" in path.parts and "server" not in path.parts  # its constants are in the template, or said
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = _name(node.func)
            if name.endswith("Error") or name in TELLING:
                yield from (words for argument in node.args for words in _templates(argument))
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [_name(one) for target in targets for one in getattr(target, "elts", [target])]
            if any(name.strip("_") in SPOKEN or (name.isupper() and not ours) for name in names):
                yield from _templates(node.value)
        elif isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            yield from _templates(node.value)


def _templates(node: ast.expr) -> list[str]:
    """What an expression may say, with a {name} for each value in it."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return [_template(node)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        first, second = _templates(node.left), _templates(node.right)
        return ["".join(pair) for pair in product(first or [_hole(node.left)], second or [_hole(node.right)])]
    if isinstance(node, ast.IfExp):
        return _templates(node.body) + _templates(node.orelse)
    parts = {ast.Tuple: "elts", ast.List: "elts", ast.Dict: "values", ast.BoolOp: "values"}
    return [words for one in getattr(node, parts.get(type(node), ""), ()) for words in _templates(one)]


def _template(node: ast.JoinedStr) -> str:
    parts = (part.value if isinstance(part, ast.Constant) else _hole(part.value) for part in node.values)  # type: ignore[attr-defined]
    return "".join(map(str, parts))


def _numbered(words: str) -> str:
    """No name twice: what stands in its place differs."""
    seen: dict[str, int] = {}

    def once(hole: re.Match[str]) -> str:
        seen[hole[1]] = seen.get(hole[1], 0) + 1
        return f"{{{hole[1]}{seen[hole[1]] if seen[hole[1]] > 1 else ''}}}"

    return HOLE.sub(once, words)


def _hole(node: ast.expr) -> str:
    return "{" + (_name(node).removeprefix("Get").strip("_").lower() or "value") + "}"


THROUGH = {"join", "replace", "lower", "capitalize", "strip", "format", "upper", "get", "removesuffix", "item", "min",
           "max", "sum", "len", "int", "float", "round", "str", "sorted", "map", "abs", "repr", "label"}  # fmt: skip
"""Calls that only bring a value into its form: it keeps its name."""


def _name(node: ast.AST) -> str:
    """What an expression is called."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        name = _name(node.func)
        if name in THROUGH:
            inner = (
                node.args[-1] if (node.args and name in ("join", "map")) or isinstance(node.func, ast.Name) else None
            )
            return _name(inner if inner is not None else node.func.value)  # type: ignore[attr-defined]
        return name
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return _name(node.generators[0].iter)
    for inside in ("value", "left", "values"):
        found = getattr(node, inside, None)
        if found is not None:
            return _name(found[0] if isinstance(found, list) else found)
    return ""


if __name__ == "__main__":
    for words in sorted(words_of_library()):
        print(repr(words))
