"""A client as a process of its own, which tells when its run goes on. Argument: the server's address."""

import sys
import time

from GuideGenLib.engine import MaskRequest, Progress
from GuideGenLib.remote.client import Address, RemoteClient

if __name__ == "__main__":
    client = RemoteClient(Address.of(sys.argv[1]))
    client.submit(MaskRequest({"text": "patient"}))
    while True:
        if any(isinstance(event, Progress) and event.stage == "mask" for event in client.poll()):
            print("running", flush=True)
        time.sleep(0.05)
