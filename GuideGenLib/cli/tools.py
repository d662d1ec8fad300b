"""The commands that make no volume of a patient: describe, bundle check, doctor, population."""

import argparse
import json
import os
from collections.abc import Callable

from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.options import CommandError
from GuideGenLib.cli.terminal import progress_bar
from GuideGenLib.core.arguments import DATA_VARIABLE, data_folder, named_path
from GuideGenLib.core.host import readable


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parsers of the four commands."""
    parser = commands.add_parser("describe", help="what is understood of a text", description="What a text says.")
    parser.add_argument("text", type=readable, help="a description of the patient, in English")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(call=describe_text)

    parser = commands.add_parser("bundle", help="check a trained model", description="Look into a trained model.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="check")
    check = actions.add_parser("check", help="is every file there and unaltered, does it fit this version")
    check.add_argument(
        "path", nargs="?", type=named_path, help="folder of the bundle (the one that ships with GuideGen)"
    )
    check.set_defaults(call=check_bundle)

    parser = commands.add_parser("doctor", help="what this machine can do", description="What this machine can do.")
    parser.add_argument("--bundle", type=named_path, default=None, metavar="DIR", help="another trained model")
    parser.add_argument("--device", default="auto", help="the device to look at (auto)")
    parser.set_defaults(call=doctor)

    parser = commands.add_parser(
        "population", help="draw training anatomies", description="Draw training anatomies from two labelled scans."
    )
    parser.add_argument("--n", type=int, required=True, metavar="N", help="how many people")
    parser.add_argument(
        "-o", "--output", type=named_path, required=True, metavar="DIR", help="folder for case_0001, ..."
    )
    parser.add_argument("--seed", type=int, default=0, help="another population (0)")
    parser.add_argument("--data", type=named_path, default=None, metavar="DIR", help=f"the scans (${DATA_VARIABLE})")
    parser.set_defaults(call=population)


def describe_text(args: argparse.Namespace, _: OpenGenerator) -> int:
    """What is understood of a text."""
    from GuideGenLib.cli.described import show_description
    from GuideGenLib.description import parse
    from GuideGenLib.description.report import to_json

    description = parse(args.text)
    if args.json:
        print(json.dumps(to_json(description), indent=2, ensure_ascii=False))
    else:
        show_description(description)
    return 0


def check_bundle(args: argparse.Namespace, _: OpenGenerator) -> int:
    """Every check that a run makes before it uses the bundle."""
    from GuideGenLib.bundle import check_encoder, load_bundle

    bundle = load_bundle(args.path)
    check_encoder(bundle)
    print(f"{bundle.name} in {bundle.path}\nsha256 {bundle.identity}")
    for name, entry in bundle.config["files"].items():
        print(f"  {name:<24} {entry['bytes'] / 1e6:7.2f} MB  {entry['sha256'][:16]}...")
    for source in bundle.config["data"]:
        print(f"  trained on {source.get('name')} ({source.get('licence')})")
    print("The bundle is complete and unaltered, and its text encoder is installed.")
    return 0


def doctor(args: argparse.Namespace, _: OpenGenerator) -> int:
    """One line each for what a run needs; 1 when something is missing."""
    from GuideGenLib.cli.doctor import examine

    lines: list[tuple[str, Callable[[], str]]] = examine(args.bundle, args.device)
    healthy = True
    for name, look in lines:
        try:
            print(f"ok    {name:<10} {look()}", flush=True)
        except (ValueError, ImportError, RuntimeError, OSError, MemoryError) as error:
            healthy = False
            print(f"FAIL  {name:<10} {error}", flush=True)
    print("Ready." if healthy else "Not ready: see the lines that begin with FAIL.")
    return 0 if healthy else 1


def population(args: argparse.Namespace, _: OpenGenerator) -> int:
    """Draw training anatomies, NIfTI with JSON beside it."""
    data = args.data or data_folder()
    if data is None:
        raise CommandError("no data", f"name a folder of labelled scans by --data or ${DATA_VARIABLE}")
    if args.n < 1:
        raise CommandError(f"--n is {args.n}", "give at least 1")
    from GuideGenLib.core.progress import within
    from GuideGenLib.data.notes import read_notes
    from GuideGenLib.data.prepare import PREPARED, opened
    from GuideGenLib.population.bases import PEOPLE, base_people
    from GuideGenLib.population.people import read_people
    from GuideGenLib.population.torso import cached_torso
    from GuideGenLib.population.write import write_population

    args.output.mkdir(parents=True, exist_ok=True)
    store = opened(data, args.output / PREPARED, os.cpu_count() or 1, None, print)
    with progress_bar() as progress:
        torso = cached_torso(lambda: store, args.output, within(progress, 0.0, 0.05))
        people = read_people(store, read_notes(store.folder))
        bases = base_people(torso, people, args.output / PEOPLE, progress=within(progress, 0.05, 0.1))
        write_population(bases, args.n, args.output, args.seed, within(progress, 0.1, 1.0))
    print(f"{args.n} anatomies in {args.output}. They are synthetic.")
    return 0
