"""An evaluation as JSON and back: what the report, the model card and a run that was cut are made from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import write_json
from GuideGenLib.evaluation.report.section import Figure, Section, Table

FILE = "evaluation.json"
KEPT = "sections"


@dataclass(frozen=True)
class Evaluation:
    """Everything that one evaluation found. about: bundle, judges, settings, machine, as the report prints them."""

    about: Mapping[str, Any]
    sections: Sequence[Section] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    def to_json(self, folder: Path) -> dict[str, Any]:
        """As `evaluation.json` has it; pictures are named relative to `folder`."""
        sections = [section_json(section, folder) for section in self.sections]
        return {"synthetic": True, **self.about, "seconds": dict(self.seconds), "sections": sections}


def section_json(section: Section, folder: Path) -> dict[str, Any]:
    """A section as JSON: the fields of its dataclasses, `met` with each figure, pictures relative to `folder`."""
    return {
        "key": section.key,
        "title": section.title,
        "figures": [{**asdict(figure), "met": figure.met} for figure in section.figures],
        "tables": [
            {"title": table.title, "header": list(table.header), "rows": [list(row) for row in table.rows]}
            for table in section.tables
        ],
        "pictures": [[caption, _relative(picture, folder)] for caption, picture in section.pictures],
        "remarks": list(section.remarks),
    }


def _relative(picture: Path, folder: Path) -> str:
    return (folder / picture).resolve().relative_to(folder.resolve()).as_posix()


def section_from_json(content: Mapping[str, Any], folder: Path) -> Section:
    """The section that `section_json` wrote. Raises EvaluationError for content of another shape."""
    try:
        return Section(
            content["key"],
            content["title"],
            [Figure(**{k: v for k, v in figure.items() if k != "met"}) for figure in content["figures"]],
            [Table(**table) for table in content["tables"]],
            [(caption, folder / picture) for caption, picture in content["pictures"]],
            list(content["remarks"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EvaluationError(
            f"a section was written by another version of GuideGen ({error})", "run `guidegen evaluate` again"
        ) from error


def read_evaluation(path: Path) -> dict[str, Any]:
    """The content of an `evaluation.json`. Raises EvaluationError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read", f"name the {FILE} that `guidegen evaluate` wrote") from error
    except ValueError as error:
        raise EvaluationError(f"{path} is no JSON ({error})", f"name the {FILE} of `guidegen evaluate`") from error
    if not isinstance(content, dict) or not isinstance(content.get("sections"), list):
        raise EvaluationError(f"{path} has no sections", f"name the {FILE} that `guidegen evaluate` wrote")
    return content


def keep(name: str, section: Section, identity: Mapping[str, Any], seconds: float, folder: Path) -> None:
    """Keep a finished section as `folder`/sections/`name`.json, with all that it depends on."""
    (folder / KEPT).mkdir(parents=True, exist_ok=True)
    content = {"identity": identity, "seconds": seconds, "section": section_json(section, folder)}
    write_json(content, folder / KEPT / f"{name}.json")


def kept(name: str, identity: Mapping[str, Any], folder: Path) -> tuple[Section, float] | None:
    """A section that was kept under the same identity, whose pictures are still there, and the seconds that it took."""
    path = folder / KEPT / f"{name}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["identity"] != json.loads(json.dumps(identity)):
            return None
        section = section_from_json(content["section"], folder)
        seconds = float(content["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # cut while it was written, or by another version
    return (section, seconds) if all(picture.is_file() for _, picture in section.pictures) else None
