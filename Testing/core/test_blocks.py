"""Building blocks of the networks: what is written for speed gives what the plain way gives."""

import pytest
import torch
from torch import nn

from GuideGenLib.core import blocks
from GuideGenLib.core.blocks import LabelCode


@pytest.mark.parametrize("factor", [2, 4])
def test_labels_are_read_as_through_their_codes(factor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    code, layer = LabelCode(7, 3), nn.Conv3d(3 * factor**3, 5, 1)
    labels = torch.randint(0, 7, (2, 8, 16, 12), dtype=torch.uint8)
    plain = layer(code(labels, factor))
    torch.testing.assert_close(code.through(labels, factor, layer), plain)
    monkeypatch.setattr(blocks, "ROWS", 10)
    torch.testing.assert_close(code.through(labels, factor, layer), plain)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert code.through(labels, factor, layer).dtype == torch.bfloat16


def test_labels_teach_codes_and_layer() -> None:
    code, layer = LabelCode(4, 2), nn.Conv3d(16, 3, 1)
    labels = torch.randint(0, 4, (1, 4, 4, 4), dtype=torch.uint8)
    gradients = []
    for read in (lambda: layer(code(labels, 2)), lambda: code.through(labels, 2, layer)):
        gradients.append(torch.autograd.grad(read().square().sum(), (code.table.weight, layer.weight, layer.bias)))
    for plain, fast in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, plain)
