"""The batch of a training: the largest that the memory of a GPU holds."""

import pytest
import torch
from torch import Tensor, nn

from GuideGenLib.training.loop.fitting import fitting_batch


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> torch.device:
    """A device that says it is a GPU, on which all is computed by the CPU."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: torch.enable_grad())
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    return torch.device("cuda")


def test_it_is_halved_until_it_fits_and_leaves_no_gradients(gpu: torch.device) -> None:
    network, tried = nn.Linear(2, 1), []

    def step(count: int) -> Tensor:
        tried.append(count)
        if count > 10:
            raise torch.OutOfMemoryError("no room")
        return network(torch.ones(count, 2)).mean()

    assert fitting_batch(gpu, network, step, most=32) == 8
    assert tried == [32, 16, 8]
    assert all(parameter.grad is None for parameter in network.parameters())


def test_one_is_tried_by_the_training_itself(gpu: torch.device) -> None:
    def step(count: int) -> Tensor:
        raise torch.OutOfMemoryError("no room")

    assert fitting_batch(gpu, nn.Linear(2, 1), step, most=4) == 1
