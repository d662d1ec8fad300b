"""A prompt as it is understood while one types, with the user's corrections in it."""

from dataclasses import dataclass

from GuideGenLib.description.corrections import Corrections, apply
from GuideGenLib.description.model import Description, DescriptionError
from GuideGenLib.description.parse import parse


@dataclass(frozen=True)
class Understanding:
    """description: None where `error` says why there is none; keys: of its findings, for the corrections; lost:
    findings that were corrected and are no longer in the text."""

    description: Description | None
    keys: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    error: str = ""


def understand(prompt: str, corrections: str) -> Understanding:
    """Read a text and correct what was read. Nothing is raised: a panel shows what is wrong while one types."""
    try:
        corrected = apply(parse(prompt), Corrections.from_json(corrections))
    except DescriptionError as error:
        return Understanding(None, error=str(error))
    return Understanding(corrected.description, corrected.keys, corrected.lost)
