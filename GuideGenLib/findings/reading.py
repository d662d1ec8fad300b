"""Reading the files of findings, every field checked."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.resources import resource
from GuideGenLib.findings.recipe import SIZE_WORDS, UNITS, Published, Recipe, Sizes

FOLDER = "findings"
MECHANISMS = ("fluid", "solid", "tube", "tissue", "shape")
"""What fills a space, grows in or beside an organ, widens a vessel, changes how an organ looks, and changes the shape
of an organ or takes a part of it away."""
CODED = ("category", "type", "modifier", "region")
PHASES = ("none", "arterial", "portal_venous", "delayed")


class RecipeError(GuideGenError):
    """A file of a finding cannot be used; the message names the file and the field."""

    kind = "bundle"


@cache
def recipes() -> tuple[Recipe, ...]:
    """All findings that can be drawn besides tumours of the five organs, by their file's name. Raises RecipeError."""
    return tuple(read_recipe(path) for path in sorted(resource(FOLDER).glob("*.toml")))


@cache
def recipe_of(kind: str, organ: str | None) -> Recipe | None:
    """The one that a finding of this kind in this organ means; None where there is none."""
    return next((one for one in recipes() if one.means(kind, organ)), None)


@cache
def recipe_of_label(key: str) -> Recipe | None:
    """The one that draws a label; None for a label of no recipe."""
    return next((one for one in recipes() if one.label is not None and one.label["key"] == key), None)


def read_recipe(path: Path) -> Recipe:
    """A file of a finding. Raises RecipeError that names the file and the field."""
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path.name} is no TOML file: {error}") from error
    fields = _Fields(path.name, told)
    mechanism = fields.text("mechanism")
    if mechanism not in MECHANISMS:
        raise RecipeError(f"{path.name}, mechanism is {mechanism!r}", f"give one of {', '.join(MECHANISMS)}")
    words = fields.table("words")
    return Recipe(
        key=path.stem,
        name=fields.text("name"),
        kinds=fields.texts("kinds"),
        organs=fields.texts("organs"),
        words={word: str(organ) for organ, named in words.items() for word in named},
        mechanism=mechanism,
        options=fields.table("how"),
        label=_label(path.name, fields.table("label")) if "label" in told else None,
        code=None if "label" in told else _code(fields),
        sizes=_sizes(path.name, fields.table("sizes")) if "sizes" in told else None,
        published=_published(path.name, fields.table("published")) if "published" in told else None,
        sided=bool(told.get("sided", False)),
        most=int(told.get("most", 1)),
        many={kind: int(count) for kind, count in fields.table("many").items()},
    )


class _Fields:
    """The fields of one table of a file."""

    def __init__(self, where: str, told: dict[str, Any]) -> None:
        self.where, self.told = where, told

    def _typed(self, name: str, kind: type, wanted: str) -> Any:
        value = self.told.get(name)
        if not isinstance(value, kind) or not value:
            raise RecipeError(f"{self.where}, {name} is {value!r}", f"give {wanted}")
        return value

    def text(self, name: str) -> str:
        return str(self._typed(name, str, "a text"))

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(str(one) for one in self._typed(name, list, "a list of texts"))

    def table(self, name: str) -> dict[str, Any]:
        value = self.told.get(name, {})
        if not isinstance(value, dict):
            raise RecipeError(f"{self.where}, {name} is {value!r}", "give a table of fields")
        return value


def _code(fields: _Fields) -> tuple[str, str]:
    code = fields.texts("code")
    if len(code) != 2:
        raise RecipeError(f"{fields.where}, code is {list(code)!r}", "give number and meaning of one in SNOMED CT")
    return code[0], code[1]


def _sizes(where: str, told: dict[str, Any]) -> Sizes:
    fields = _Fields(f"{where}, sizes", told)
    unit, usual = fields.text("unit"), fields.text("usual")
    words = {word: _pair(fields.where, word, told[word]) for word in SIZE_WORDS if word in told}
    if unit not in UNITS or usual not in words:
        raise RecipeError(f"{fields.where}: unit {unit!r}, usual {usual!r}", f"give {' or '.join(UNITS)}, and a word")
    return Sizes(unit, words, usual, _pair(fields.where, "limits", told.get("limits")), fields.text("source"))


def _published(where: str, told: dict[str, Any]) -> Published:
    fields = _Fields(f"{where}, published", told)
    return Published(
        {phase: _pair(fields.where, phase, told.get(phase), -1100.0) for phase in PHASES}, fields.text("source")
    )


def _pair(where: str, name: str, value: Any, above: float = 0.0) -> tuple[float, float]:
    if not (isinstance(value, list) and len(value) == 2 and above < value[0] <= value[1]):
        raise RecipeError(f"{where}, {name} is {value!r}", "give the lowest and the highest")
    return float(value[0]), float(value[1])


def _label(where: str, told: dict[str, Any]) -> dict[str, str]:
    """A label's fields under the names of the columns of the anatomy table, whose reader checks them."""
    fields = _Fields(f"{where}, label", told)
    red, green, blue = told.get("color", (0, 0, 0))
    row = {
        "value": str(told.get("value", "")),
        "key": fields.text("key"),
        "name": fields.text("name"),
        "color_r": str(red),
        "color_g": str(green),
        "color_b": str(blue),
        "group": "findings",
        "drawn_as": fields.text("drawn_as"),
        "hu_texture_sd": str(told.get("texture_sd", "")),
        "hu_source": ";".join(told.get("hu_source", ())),
        "part_of": ";".join(told.get("part_of", ())),
        "synonyms": ";".join(told.get("synonyms", ())),
        "totalsegmentator": ";".join(told.get("totalsegmentator", ())),
        "maisi132": ";".join(str(one) for one in told.get("maisi132", ())),
        "guidegen21": str(told.get("guidegen21", "")),
    }
    for name in CODED:
        row[f"{name}_code"], row[f"{name}_meaning"] = told.get(name, ("", ""))
    for phase in PHASES:
        mean, spread = told.get("hu", {}).get(phase, ("", ""))
        row[f"hu_{phase}"], row[f"hu_{phase}_sd"] = str(mean), str(spread)
    return row
