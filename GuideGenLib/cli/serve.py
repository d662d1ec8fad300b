"""`guidegen serve`: this machine's generator for others."""

import argparse
import importlib.util

from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.options import CommandError
from GuideGenLib.core.arguments import add_model_arguments, amount, named_path, whole
from GuideGenLib.core.device import DEVICES

INSTALL = 'a server needs one further package: pip install "guidegen[serve]"'


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parser of the command."""
    about = (
        "Lend this machine's generator to desktops, command lines and pages that are given --server. Users take turns; "
        "nothing that they send is kept after it is delivered. Ctrl-C ends it."
    )
    parser = commands.add_parser("serve", help="a generator for other machines", description=about)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="NAME", help="where to listen (127.0.0.1: this machine alone)"
    )
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one (8090)")
    about = "who may ask, a line each: name token; without it the one token of $GUIDEGEN_TOKEN"
    parser.add_argument("--tokens", type=named_path, default=None, metavar="FILE", help=about)
    parser.add_argument("--certificate", type=named_path, default=None, metavar="FILE", help="for https, PEM")
    parser.add_argument("--key", type=named_path, default=None, metavar="FILE", help="of the certificate")
    about = "who may ask: the owners of certificates that this authority made, told by their common names"
    parser.add_argument("--clients-ca", type=named_path, default=None, metavar="FILE", help=about)
    about = "runs at a time, a process each (one a GPU, one where there is none)"
    parser.add_argument("--workers", type=whole(1), default=None, metavar="N", help=about)
    parser.add_argument(
        "--max-runs", type=whole(1), default=8, metavar="N", help="runs of one user, waiting ones too (8)"
    )
    parser.add_argument("--max-mb", type=whole(1), default=1024, metavar="N", help="volumes of one request (1024)")
    about = "a run whose user is not heard of for so long is dropped (60)"
    parser.add_argument("--lease", type=amount(2.0), default=60.0, metavar="S", help=about)
    add_model_arguments(parser, arithmetic=False)
    parser.set_defaults(call=serve)


def serve(args: argparse.Namespace, _: OpenGenerator) -> int:
    """Serve until Ctrl-C."""
    if importlib.util.find_spec("aiohttp") is None:
        raise CommandError(f"{INSTALL} (aiohttp not found)")
    if args.device.split(":")[0] not in DEVICES:
        raise CommandError(f"there is no device {args.device!r}", f"choose one of {', '.join(DEVICES)}")
    if args.certificate is None and (args.key is not None or args.clients_ca is not None):
        raise CommandError("--key and --clients-ca go with a certificate", "give it with --certificate")

    import asyncio

    from GuideGenLib.bundle import check_encoder, load_bundle
    from GuideGenLib.engine import Client
    from GuideGenLib.remote.server.access import Access, read_tokens, tls
    from GuideGenLib.remote.server.lanes import devices_for
    from GuideGenLib.remote.server.runs import Limits
    from GuideGenLib.remote.server.serving import Server
    from GuideGenLib.remote.server.serving import serve as run

    bundle = load_bundle(args.bundle)  # a bad one is told here, not to each user
    check_encoder(bundle)
    mutual = args.clients_ca is not None
    server = Server(
        [
            Client(bundle=args.bundle, device=device, threads=threads)
            for device, threads in devices_for(args.device, args.workers)
        ],
        bundle,
        host=args.host,
        port=args.port,
        access=Access({} if mutual else read_tokens(args.tokens), mutual=mutual),
        tls=None if args.certificate is None else tls(args.certificate, args.key, args.clients_ca),
        limits=Limits(most_runs=args.max_runs, most_bytes=args.max_mb << 20, lease_s=args.lease),
        log=lambda line: print(line, flush=True),
    )
    asyncio.run(run(server, lambda url: print(f"GuideGen serves {bundle.name} at {url} (Ctrl-C ends it)", flush=True)))
    return 0
