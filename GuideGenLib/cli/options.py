"""Options that several commands share, and the errors of the command line."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.core.arguments import add_model_arguments, opening
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.seeds import LARGEST_SEED
from GuideGenLib.description.model import REGIONS

if TYPE_CHECKING:
    from GuideGenLib.description import Description
    from GuideGenLib.generator import Generator

SPACINGS_MM = (0.5, 6.0)
STEPS = 1000


class CommandError(GuideGenError):
    """A command cannot run as it was given; the message says what to change."""


def add_generator_options(
    parser: argparse.ArgumentParser,
    *,
    output: str,
    metavar: str = "DIR",
    overwrite: str = "replace files of the same names in DIR",
) -> None:
    """Where to write, the seed, and which bundle runs on what."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar=metavar, help=output)
    parser.add_argument("--overwrite", action="store_true", help=overwrite)
    parser.add_argument("--seed", type=_seed, default=None, help="number that chooses among the possible results (0)")
    add_model_arguments(parser)


def add_mask_options(parser: argparse.ArgumentParser) -> None:
    """What the first stage takes."""
    parser.add_argument("--region", choices=REGIONS, default=None, help="what to show (the text's region, else torso)")
    parser.add_argument("--steps", type=_steps, default=None, metavar="N", help="denoising steps of the anatomy")
    parser.add_argument(
        "--guidance", type=_guidance, default=None, metavar="W", help="1 is plain, more follows the text"
    )
    parser.add_argument(
        "--sampler", choices=("flow", "categorical"), default="flow", help="fast flow, or the paper's diffusion"
    )


def add_ct_options(parser: argparse.ArgumentParser) -> None:
    """What the CT stage takes."""
    parser.add_argument("--ct-steps", type=_steps, default=None, metavar="N", help="denoising steps of the CT")


def add_spacing(parser: argparse.ArgumentParser) -> None:
    """The grid of a new CT."""
    parser.add_argument(
        "--spacing", type=_spacing, default=2.0, metavar="MM", help="of the CT's voxels (2), or `anatomy` for its grid"
    )


def given(**options: Any) -> dict[str, Any]:
    """The options that were given, so that the library's own defaults count for the others."""
    return {name: value for name, value in options.items() if value is not None}


def open_generator(args: argparse.Namespace) -> "Generator":
    """The generator of --bundle, --device, --precision; a bad bundle is told before torch is imported."""
    from GuideGenLib.bundle import load_bundle

    load_bundle(args.bundle)
    from GuideGenLib.generator import Generator

    return Generator.from_bundle(**opening(args))


def describe(text: str | None) -> "Description":
    """The description of a text; of no text, one in which everything is unknown."""
    from GuideGenLib.description import Description, parse

    return Description("") if text is None else parse(text)


def inherit(args: argparse.Namespace, beside: Path) -> None:
    """Take --text and --seed, where they were not given, from the provenance.json that lies beside a file.

    The CT of an edit meets the old one only when text and seed are those that made it.
    """
    try:
        record = json.loads((beside.parent / "provenance.json").read_text(encoding="utf-8"))
        text, seed = record["text"], record["settings"]["seed"]
    except (OSError, ValueError, KeyError, TypeError):
        text, seed = None, 0
    if args.text is None and isinstance(text, str) and text.strip():
        args.text = text
    if args.seed is None:
        args.seed = seed if isinstance(seed, int) else 0


def file_hash(path: Path) -> str:
    """sha256 of a file that a result was made from."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number <= LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"give a whole number from 0 to {LARGEST_SEED}")
    return number


def _steps(text: str) -> int:
    number = int(text)
    if not 1 <= number <= STEPS:
        raise argparse.ArgumentTypeError(f"give 1 to {STEPS} steps")
    return number


def _guidance(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 10:  # this refuses NaN, too
        raise argparse.ArgumentTypeError("give a number from 0 to 10")
    return number


def _spacing(text: str) -> float | None:
    if text == "anatomy":
        return None
    number, (low, high) = float(text), SPACINGS_MM
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"give {low:g} to {high:g} mm, or `anatomy`")
    return number
