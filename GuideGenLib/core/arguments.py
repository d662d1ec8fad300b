"""Arguments that several commands have."""

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from GuideGenLib.core.device import ARITHMETICS, DEVICES

DATA_VARIABLE = "GUIDEGEN_DATA"
"""Names the folder of real scans where --data does not."""


def add_model_arguments(parser: argparse.ArgumentParser, *, arithmetic: bool = True) -> None:
    """Which bundle runs on what: --bundle, --device and --arithmetic."""
    parser.add_argument("--bundle", type=named_path, default=None, metavar="DIR", help="another trained model")
    parser.add_argument("--device", default="auto", metavar="|".join(DEVICES), help="where to run (auto)")
    if arithmetic:
        parser.add_argument(
            "--arithmetic", "--precision", choices=ARITHMETICS, default="auto",
            help="how networks compute; auto measures which is fastest; name it to repeat a run",
        )  # fmt: skip


def opening(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of `Generator.from_bundle`."""
    return {"path": args.bundle, "device": args.device, "arithmetic": args.arithmetic}


def data_folder() -> Path | None:
    """The folder that GUIDEGEN_DATA names, None where it is not set."""
    told = os.environ.get(DATA_VARIABLE)
    return Path(told) if told else None


def named_path(text: str) -> Path:
    """A path that somebody has named: an empty one, as of a variable that is not set, would be the folder one is in."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: name a folder or file")
    return Path(text)


def whole(least: int) -> Callable[[str], int]:
    """An argument type: a whole number that is not too small."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    number.__name__ = "whole number"
    return number


def amount(least: float) -> Callable[[str], float]:
    """An argument type: a finite number that is not too small."""

    def number(text: str) -> float:
        value = float(text)
        if not math.isfinite(value) or value < least:
            raise argparse.ArgumentTypeError(f"{text} is not a number from {least:g} on")
        return value

    return number
