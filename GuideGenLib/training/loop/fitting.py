"""The batch of a training on a GPU: the largest that its memory holds."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from GuideGenLib.training.loop.processes import least


def fitting_batch(device: torch.device, network: nn.Module, step: Callable[[int], Tensor], most: int) -> int:
    """The largest batch of `most`, its half, its quarter ... for which a GPU's memory suffices, in all processes.

    step: the loss of a batch of so many samples.
    """
    batch = most
    while batch > 1:
        try:
            step(batch).backward()
            break
        except torch.OutOfMemoryError:
            batch //= 2
        finally:
            network.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()
    return least(batch, device)
