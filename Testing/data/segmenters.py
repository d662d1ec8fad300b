"""In the place of the segmenter, in the processes that prepare cases: functions of a module can be sent to them."""

import os
import resource
import signal

import numpy as np

from GuideGenLib.anatomy.table import values
from GuideGenLib.data.labelling import Segment


def liver() -> Segment:
    """What is brighter than 90 HU is liver, for sure."""

    def segment(hu: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray]:
        size = [round(n * spacing / 3) for n in hu.shape]
        grown = np.kron(hu[::3, ::3, ::3] > 90, np.ones((2, 2, 2)))[: size[0], : size[1], : size[2]]
        labels = np.zeros(size, np.uint8)
        labels[tuple(slice(0, n) for n in grown.shape)] = grown * values()["liver"]
        return labels, np.full(size, 0.9, np.float32)

    return segment


def killing() -> Segment:
    """A case that ends its process, as one that needs too much memory does."""

    def segment(hu: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray]:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    return segment


def full_disk() -> Segment:
    """From here on nothing larger than a kilobyte can be written in this process."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    return liver()
