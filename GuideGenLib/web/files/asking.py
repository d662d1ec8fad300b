"""The question what the labels of a file are, as it goes to the page."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import Any

import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.label_maps.reading import InDoubtError
from GuideGenLib.workflow.vocabulary import Choice, asked
from GuideGenLib.workflow.words import say, told

MULTIPLE_CHOICES = 300
"""HTTP's status of an answer that asks which one is meant."""


def question_of(error: InDoubtError) -> dict[str, Any]:
    """What the page needs to ask: {"choices": [...], "alone": bool}."""
    question = asked(error)
    return {"choices": [_shown(choice) for choice in question.choices], "alone": question.alone}


def spoken(question: dict[str, Any]) -> dict[str, Any]:
    """The same in the user's language, which the process that checks a file does not know."""
    return {**question, "choices": [_spoken(choice) for choice in question["choices"]]}


def _spoken(choice: dict[str, Any]) -> dict[str, Any]:
    between = f" {say('or')} "
    names = [{**one, "name": between.join(map(told, one["name"].split(" or ")))} for one in choice["names"]]
    return {**choice, "title": told(choice["title"]), "fit": told(choice["fit"]), "names": names}


def _shown(choice: Choice) -> dict[str, Any]:
    return {
        "labels": choice.labels,
        "title": choice.title,
        "fit": choice.fit,
        "names": [{"name": one.name, "colour": one.colour, "odd": one.odd} for one in choice.names],
        "more": choice.more,
        "picture": "data:image/png;base64," + base64.b64encode(png(choice.picture)).decode(),
    }


def png(pixels: NDArray[Any]) -> bytes:
    """uint8 [row, column, 3] as a PNG file."""
    with tempfile.TemporaryDirectory(prefix="guidegen-") as folder:
        path = Path(folder) / "picture.png"
        sitk.WriteImage(sitk.GetImageFromArray(pixels, isVector=True), str(path))
        return path.read_bytes()
