"""The text of the prompt as it is understood, with the user's corrections in it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from GuideGenLib.description import Description


@dataclass(frozen=True)
class Understanding:
    """description: None where `error` says why there is none; keys: of its findings, for the corrections; lost:
    findings that were corrected and are no longer in the text."""

    description: "Description | None"
    keys: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    error: str = ""


def understand(prompt: str, corrections: str) -> Understanding:
    """Read a text and correct what was read. Nothing is raised: the panel shows what is wrong while one types."""
    from GuideGenLib.description import DescriptionError, parse
    from GuideGenLib.description.corrections import Corrections, apply

    try:
        corrected = apply(parse(prompt), Corrections.from_json(corrections))
    except DescriptionError as error:
        return Understanding(None, error=str(error))
    return Understanding(corrected.description, corrected.keys, corrected.lost)
