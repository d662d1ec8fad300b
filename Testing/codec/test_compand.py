"""The working scale keeps every HU apart and comes back."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from GuideGenLib.codec import compand as module
from GuideGenLib.codec.compand import KNOTS_HU, KNOTS_SCALE, compand, expand

HU = st.floats(-1100, 3100, width=32)


@given(st.lists(HU, min_size=1, max_size=50))
def test_expand_is_the_inverse(hu: list[float]) -> None:
    there = torch.tensor(hu, dtype=torch.float64)
    assert torch.allclose(expand(compand(there)), there, atol=1e-6)


@given(HU, HU)
def test_the_order_stays(a: float, b: float) -> None:
    scale = compand(torch.tensor([min(a, b), max(a, b)], dtype=torch.float64))
    assert scale[0] <= scale[1]
    assert (scale[1] > scale[0]) == (a != b)


def test_knots_are_hit_and_what_lies_outside_is_clipped() -> None:
    assert torch.allclose(compand(torch.tensor(KNOTS_HU)), torch.tensor(KNOTS_SCALE), atol=1e-6)
    assert torch.equal(compand(torch.tensor([-5000.0, 9000.0])), compand(torch.tensor([-1100.0, 3100.0])))
    assert torch.allclose(expand(torch.tensor([-9.0, 9.0])), torch.tensor([-1100.0, 3100.0]))


def test_soft_tissue_gets_a_larger_share_than_bone() -> None:
    soft, bone = compand(torch.tensor([0.0, 100.0])), compand(torch.tensor([1000.0, 1100.0]))
    assert soft.diff() > 5 * bone.diff()


def test_made_in_parts_it_has_the_bits_that_learning_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 7)
    hu = torch.linspace(-1200, 3200, 480).view(2, 6, 40).transpose(0, 1)
    before = hu.clone()
    assert torch.equal(compand(hu), compand(hu.clone().requires_grad_()).detach())
    assert torch.equal(hu, before)
