"""Options that several commands share, and the errors of the command line."""

import argparse
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.core.arguments import add_model_arguments, named_path, opening
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.description.model import REGIONS
from GuideGenLib.generator.settings import DEFAULTS, SAMPLERS, RunSettings, SettingsError

if TYPE_CHECKING:
    from GuideGenLib.description import Description
    from GuideGenLib.generator import Generator
    from GuideGenLib.remote.client import Address


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
    parser.add_argument("-o", "--output", type=named_path, required=True, metavar=metavar, help=output)
    parser.add_argument("--overwrite", action="store_true", help=overwrite)
    _setting(parser, "--seed", "seed", int, help="number that chooses among the possible results (0)")
    add_model_arguments(parser)
    add_server(parser)


def add_server(parser: argparse.ArgumentParser) -> None:
    """Where to have the work done, if not here."""
    about = "have it made by a `guidegen serve` at this address, for example http://gpu-machine:8090"
    parser.add_argument("--server", metavar="URL", default=None, help=about)
    about = "what the server knows you by; without it $GUIDEGEN_TOKEN"
    parser.add_argument("--token-file", type=named_path, metavar="FILE", default=None, help=about)


def server_of(args: argparse.Namespace) -> "Address | None":
    """That of --server with the user's token, None without. Raises RemoteError."""
    if args.server is None:
        return None
    if args.device != "auto":
        raise CommandError("--device names a device of this machine", "leave it out: the server has its own")
    if getattr(args, "ct_model", None) is not None:
        raise CommandError("--ct-model names weights of this machine", "leave it out: the server makes CTs of its own")
    from GuideGenLib.remote.client.address import Address, read_token

    return Address.of(args.server, read_token(args.token_file))


def add_mask_options(parser: argparse.ArgumentParser) -> None:
    """What the first stage takes."""
    about = "what to show (the text's region, else torso)"
    _setting(parser, "--region", "region", str, choices=REGIONS, help=about)
    _setting(parser, "--steps", "mask_steps", int, metavar="N", help="denoising steps of the anatomy")
    _setting(parser, "--guidance", "guidance", float, metavar="W", help="1 is plain, more follows the text")
    about = "of the anatomy's voxels: 1.5 with smooth borders (the default), 2 or 3"
    _setting(parser, "--anatomy-spacing", "anatomy_mm", float, metavar="MM", help=about)
    about = "fast flow, or the paper's diffusion"
    _setting(parser, "--sampler", "sampler", str, choices=SAMPLERS, help=about)
    about = "leave out what the text says to be only possible"
    parser.add_argument("--no-possible", dest="possible", action="store_false", default=argparse.SUPPRESS, help=about)


def add_ct_options(parser: argparse.ArgumentParser) -> None:
    """What the CT stage takes."""
    _setting(parser, "--ct-steps", "ct_steps", int, metavar="N", help="denoising steps of the CT")


def add_ct_model(parser: argparse.ArgumentParser) -> None:
    """Another CT stage than the bundle's."""
    about = "CTs by MAISI's published weights, which are in DIR, in place of the bundle's CT networks"
    parser.add_argument("--ct-model", metavar="maisi:DIR", help=about)


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Which vocabulary the label volumes speak that the command reads."""
    about = "what the label volume's values mean: totalsegmentator, maisi, amos, btcv, flare, guidegen, guidegen21, a "
    about += "labels.json or labels.csv, or liver, spleen ... for a mask (else as it or files beside it say)"
    parser.add_argument("--labels", metavar="NAME|FILE", help=about)


def add_spacing(parser: argparse.ArgumentParser) -> None:
    """The grid of a new CT."""
    about = "of the CT's voxels (2), or `anatomy` for its grid"
    _setting(
        parser, "--spacing", "spacing_mm", lambda text: None if text == "anatomy" else float(text),
        metavar="MM", help=about,
    )  # fmt: skip


def add_margin(parser: argparse.ArgumentParser) -> None:
    """Around an edit."""
    about = "how far from the edit the CT may change (20)"
    _setting(parser, "--margin", "margin_mm", float, metavar="MM", help=about)


def _setting(
    parser: argparse.ArgumentParser, option: str, name: str, convert: Callable[[str], Any], **about: Any
) -> None:
    """An option for a field of RunSettings; where it is not given, the arguments have no such name."""

    def read(text: str) -> Any:
        value = convert(text)
        try:
            RunSettings(**{name: value})
        except SettingsError as error:
            raise argparse.ArgumentTypeError(error.remedy) from error
        return value

    parser.add_argument(option, dest=name, type=read, default=argparse.SUPPRESS, **about)


def open_generator(args: argparse.Namespace) -> "Generator":
    """The generator of --bundle, --device, --arithmetic; a bad bundle is told before torch is imported."""
    from GuideGenLib.bundle import load_bundle

    load_bundle(args.bundle)
    from GuideGenLib.generator import Generator

    generator = Generator.from_bundle(**opening(args))
    if getattr(args, "ct_model", None) is None:
        return generator
    from GuideGenLib.rivals.published.maisi_ct import with_ct_model

    return with_ct_model(generator, args.ct_model)


def asked(args: argparse.Namespace, beside: Path | None = None) -> "tuple[Description, RunSettings]":
    """What a command is asked for. What is not given on it is taken from the provenance.json that lies beside a file:
    the CT of an edit meets the old one only when description and settings are those that made it."""
    from GuideGenLib.description import Description, parse
    from GuideGenLib.description.model import DescriptionError
    from GuideGenLib.description.report import from_json

    record = {} if beside is None else _record(beside)
    settings = settings_of(args, RunSettings.of_record(record))
    text = record.get("text")
    if args.text is not None:
        return parse(args.text), settings
    if isinstance(record.get("description"), dict):
        try:
            return from_json(record["description"]), settings
        except DescriptionError as error:
            path = beside.parent / "provenance.json" if beside else ""
            told = f"{path} tells a description that cannot be used ({error})"
            raise CommandError(told, "repair it, or give --text") from error
    return parse(text) if isinstance(text, str) and text.strip() else Description(""), settings


def settings_of(args: argparse.Namespace, before: RunSettings = DEFAULTS) -> RunSettings:
    """The settings of `before` with those that are given on the command."""
    given = {one.name: getattr(args, one.name) for one in fields(RunSettings) if hasattr(args, one.name)}
    if given.get("arithmetic") == "auto":  # not given, or nothing that could be repeated
        del given["arithmetic"]
    return replace(before, **given)


def _record(beside: Path) -> dict[str, Any]:
    """What the provenance.json beside a file tells, nothing where there is none. Raises CommandError for a broken
    one: without it another patient would be made than the one that it tells of."""
    path = beside.parent / "provenance.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(record, dict):
            return record
        why: object = "it is no record"
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        why = error
    raise CommandError(f"{path} cannot be read ({why})", "repair it, or move it away and give --text and --seed")
