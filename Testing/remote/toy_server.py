"""A server with toy workers as a process of its own: its address is the first line on stdout. Arguments: the workers'
interpreter, a port, the lease in seconds."""

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

from GuideGenLib.engine import Client
from GuideGenLib.remote.server.runs import Limits
from GuideGenLib.remote.server.serving import Server, serve

BUNDLE: Any = SimpleNamespace(name="toy 1", identity="ab" * 32)

if __name__ == "__main__":
    python, port, lease = sys.argv[1:]
    server = Server([Client(python=python)], BUNDLE, port=int(port), limits=Limits(lease_s=float(lease)))
    asyncio.run(serve(server, lambda url: print(url, flush=True)))
