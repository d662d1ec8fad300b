"""`guidegen web`: the page in the browser."""

import argparse
import importlib.util
import os
import sys

from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.options import CommandError, add_server, server_of
from GuideGenLib.cli.terminal import show_notes
from GuideGenLib.core.arguments import add_model_arguments, amount, named_path, whole
from GuideGenLib.core.device import DEVICES
from GuideGenLib.core.files import cache_folder
from GuideGenLib.core.languages import languages

NEEDED = ("aiohttp", "trame", "trame_slicer", "slicer_core")
INSTALL = 'the page needs further packages: pip install "guidegen[web]"'


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parser of the command."""
    about = "Serve GuideGen as a page: type, generate, edit and export in a browser. Ctrl-C ends it and all sessions."
    parser = commands.add_parser("web", help="a page in the browser", description=about)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="NAME", help="where to listen (127.0.0.1: this machine alone)"
    )
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (8080)")
    add_model_arguments(parser, arithmetic=False)
    add_server(parser)
    parser.add_argument(
        "--max-sessions", type=whole(1), default=4, metavar="N", help="browsers at a time, a process each (4)"
    )
    parser.add_argument(
        "--grace", type=amount(0.5), default=10.0, metavar="MIN", help="a closed page's session stays so long (10)"
    )
    parser.add_argument(
        "--keep", type=amount(0.0), default=24.0, metavar="H", help="autosaved work is kept so long; 0 keeps none (24)"
    )
    parser.add_argument("--max-upload-mb", type=whole(1), default=2048, metavar="N", help="largest file to open (2048)")
    about = "folder of cases: listed on the page, which keeps cases there; lessons made of them have links for learners"
    parser.add_argument("--cases", type=named_path, default=None, metavar="DIR", help=about)
    about = "words of the page, for who has not chosen there (those that the browser asks for, if there are any)"
    parser.add_argument("--language", choices=languages(), default=None, help=about)
    parser.set_defaults(call=web)


def web(args: argparse.Namespace, _: OpenGenerator) -> int:
    """Serve until Ctrl-C."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandError(f"{INSTALL} ({', '.join(missing)} not found)")

    if args.device.split(":")[0] not in DEVICES:
        raise CommandError(f"there is no device {args.device!r}", f"choose one of {', '.join(DEVICES)}")

    import asyncio

    from GuideGenLib.bundle import load_bundle
    from GuideGenLib.remote.client.address import TOKEN_VARIABLE
    from GuideGenLib.remote.client.client import greet
    from GuideGenLib.web.server.front import Front, serve
    from GuideGenLib.web.server.times import Times

    remote = server_of(args)  # what is bad is told here, not in each session
    if remote is None:
        load_bundle(args.bundle)
    else:
        model = greet(remote, args.bundle)["bundle"]["name"]
        show_notes([f"{remote.url} makes the volumes, with the model {model}"])
        os.environ[TOKEN_VARIABLE] = remote.token  # for the sessions; a command line is seen by all
    learners = None
    if args.cases is not None:
        from GuideGenLib.cases.catalogue import CaseCatalogue
        from GuideGenLib.web.cases.learners import Learners

        learners = Learners(CaseCatalogue(args.cases).lessons, args.language)
    front = Front(
        session_command(args),
        host=args.host,
        port=args.port,
        max_sessions=args.max_sessions,
        max_upload_bytes=args.max_upload_mb * 2**20,
        learners=learners,
        times=Times(grace_s=args.grace * 60, keep_s=args.keep * 3600),
        kept=cache_folder("web-work"),
        language=args.language,
    )
    asyncio.run(serve(front, lambda address: print(f"GuideGen is at {address} (Ctrl-C ends it)", flush=True)))
    return 0


def session_command(args: argparse.Namespace) -> tuple[str, ...]:
    """What starts a session's process; the front adds its folder and its language."""
    command = (sys.executable, "-m", "GuideGenLib.web.server.session", "--device", args.device)
    bundle = () if args.bundle is None else ("--bundle", str(args.bundle.resolve()))
    cases = () if args.cases is None else ("--cases", str(args.cases.resolve()))
    server = () if args.server is None else ("--server", args.server)
    return (*command, *server, "--max-upload-mb", str(args.max_upload_mb), *bundle, *cases)
