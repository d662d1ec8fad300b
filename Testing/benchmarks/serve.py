"""What a server costs over a worker here: the same anatomy and CT by both, in turns, on one machine.

    python Testing/benchmarks/serve.py -o serve.json
    python Testing/benchmarks/serve.py --bundle DIR --region pelvis --repeat 5

Both workers have loaded the model before the clock starts. The difference is what packs, sends and unpacks the volumes,
and what waits for news; a slow network comes on top: `sent_mb` and `received_mb` tell how much goes over it.
"""

import argparse
import asyncio
import json
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from GuideGenLib.bundle import load_bundle  # noqa: E402
from GuideGenLib.description import parse  # noqa: E402
from GuideGenLib.description.report import to_json  # noqa: E402
from GuideGenLib.engine import Client, CTRequest, Done, MaskRequest, Progress  # noqa: E402
from GuideGenLib.generator import RunSettings  # noqa: E402
from GuideGenLib.remote.client import Address, RemoteClient  # noqa: E402
from GuideGenLib.remote.server.serving import Server  # noqa: E402
from GuideGenLib.remote.wire import pack, size_of, unpack  # noqa: E402
from Testing.benchmarks.machine import machine  # noqa: E402

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."


def served(client: Client, request: Any) -> Any:
    """The result of a request."""
    id = client.submit(request)
    while True:
        for event in client.poll():
            if not isinstance(event, Progress) and event.id == id:
                assert isinstance(event, Done), event
                return event.result
        time.sleep(0.005)


def one(client: Client, settings: RunSettings) -> dict[str, float]:
    """Seconds of an anatomy and of its CT."""
    description = to_json(parse(TEXT))
    start = time.perf_counter()
    anatomy = served(client, MaskRequest(description, settings)).anatomy
    middle = time.perf_counter()
    served(client, CTRequest(anatomy, description, settings))
    return {"mask_s": middle - start, "ct_s": time.perf_counter() - middle}


def packed(client: Client, settings: RunSettings) -> dict[str, float]:
    """Seconds of the processor for packing and unpacking both volumes, there and back, and their size in MB before."""
    description = to_json(parse(TEXT))
    anatomy = served(client, MaskRequest(description, settings)).anatomy
    request = CTRequest(anatomy, description, settings, id="x")
    result = Done("x", served(client, request))
    start = time.process_time()
    for message in (request, result):
        unpack(b"".join(pack(message)), (type(message),), size_of(message))
    return {"cpu_s": round(time.process_time() - start, 3), "mb": round((size_of(request) + size_of(result)) / 1e6, 1)}


def listen(bundle: Path | None, device: str) -> tuple[Server, asyncio.AbstractEventLoop]:
    """A server in a thread."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def start() -> Server:
        server = Server([Client(bundle=bundle, device=device)], load_bundle(bundle))
        await server.start()
        return server

    return asyncio.run_coroutine_threadsafe(start(), loop).result(), loop


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=None)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--region", default="pelvis")
    parser.add_argument("--spacing", type=float, default=2.0, help="voxels of the CT in mm")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path, default=None, help="a JSON file")
    args = parser.parse_args()
    settings = RunSettings(region=args.region, spacing_mm=args.spacing)
    server, loop = listen(args.bundle, args.device)
    here, there = Client(bundle=args.bundle, device=args.device), RemoteClient(Address.of(server.url))
    times: dict[str, list[dict[str, float]]] = {"here": [], "there": []}
    for client in (here, there):
        one(client, settings)
    counts = server.runs.metrics.text({})
    for _ in range(args.repeat):
        for name, client in (("here", here), ("there", there)):
            times[name].append(one(client, settings))
    found: dict[str, Any] = {
        "machine": machine(),
        "region": args.region,
        "spacing_mm": args.spacing,
        "repeat": args.repeat,
    }
    for part in ("mask_s", "ct_s"):
        local, remote = (statistics.median(run[part] for run in times[name]) for name in ("here", "there"))
        found[part] = {"here": round(local, 3), "there": round(remote, 3), "ratio": round(remote / local, 3)}
    for name in ("received", "sent"):  # of the one pair before the clock started, seen from the server
        line = next(one for one in counts.splitlines() if one.startswith(f"guidegen_{name}_bytes_total "))
        found[{"received": "sent_mb", "sent": "received_mb"}[name]] = round(float(line.split()[1]) / 1e6, 2)
    found["packing_of_the_ct"] = packed(here, settings)
    here.close()
    there.close()
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    text = json.dumps(found, indent=2)
    print(text)
    if args.output is not None:
        args.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
