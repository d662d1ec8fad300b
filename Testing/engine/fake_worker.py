"""The real worker around a generator that does, without torch, what the text of the description says."""

import os
import sys
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.progress import Progress
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.description import Description
from GuideGenLib.engine.protocol import Start
from GuideGenLib.engine.service import Service
from GuideGenLib.engine.worker import main

STEPS = 20


class FakeGenerator:
    """As much of the interface of `Generator` as the service uses."""

    def __init__(self) -> None:
        self.bundle = SimpleNamespace(config={"metrics": {}})
        self.warmed = 0
        self.models = SimpleNamespace(device=SimpleNamespace(type="cpu"))

    def compute_as(self, name: str) -> None:
        pass

    def warm(self) -> None:
        self.warmed += 1

    def synthesize_mask(self, description: Description, *, progress: Progress, seed: int, **options: Any) -> Any:
        for step in range(STEPS):
            progress("mask", step / STEPS)
            act(description.text, progress)
        labels = np.full((4, 5, 6), seed % 200)
        return SimpleNamespace(anatomy=image_from_array(labels, (3.0,) * 3, labels=True), lesions=(), checks=())

    def synthesize_ct(
        self, anatomy: sitk.Image, description: Description, *, progress: Progress, **options: Any
    ) -> sitk.Image:
        for step in range(STEPS):
            progress("ct" if step < STEPS / 2 else "decode", step / STEPS)
            act(description.text, progress)
        return sitk.Cast(anatomy, sitk.sitkInt16)

    def provenance(self, description: Description, settings: dict[str, Any], mask: Any = None) -> dict[str, Any]:
        return {
            "text": description.text,
            "settings": settings,
            "lesions": [],
            "checks": [],
            "pid": os.getpid(),
            "warmed": self.warmed,
        }


def act(word: str, progress: Progress) -> None:
    """What one step does."""
    if word == "patient":  # slow, and asks often whether it may go on
        for _ in range(40):
            time.sleep(0.05)
            progress("mask", 0.0)
    elif word == "deaf":  # slow, and asks nobody
        time.sleep(300)
    elif word == "memory":
        raise MemoryError
    elif word == "torch memory":
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
    elif word == "card":
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    elif word == "bug":
        raise IndexError("list index out of range")
    elif word == "abort":
        os.abort()
    elif word == "exit":
        print("a last word", file=sys.stderr)
        os._exit(7)
    elif word == "noise":  # from Python and from C libraries
        print('{"type": "Stopped", "id": "run-1"}', flush=True)
        os.write(1, b'{"type": "Stopped", "id": "run-1"}\n')
        assert sys.stdin.read() == "", "nobody else may read the commands"
    elif word == "one step":
        time.sleep(2.5)


if __name__ == "__main__":

    def make_service(start: Start) -> Service:
        return Service(start, lambda start: FakeGenerator())  # type: ignore[arg-type,return-value]

    sys.exit(main(make_service))
