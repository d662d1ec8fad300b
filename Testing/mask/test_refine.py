"""Labels of the mask grid: what interpolated log-probabilities tell, with a smooth skin."""

import torch
from torch.nn import functional as nnf

from GuideGenLib.mask.refine import LEAST, refine


def drawn(shape: tuple[int, int, int], classes: int = 6) -> torch.Tensor:
    """Blobs of tissue in air [D, H, W, classes], sharp in some places and unsure in others."""
    torch.manual_seed(2)
    noise = nnf.interpolate(torch.randn(1, classes, 4, 4, 4), size=shape, mode="trilinear")[0].movedim(0, -1)
    return (8 * noise + 0.3 * torch.randn(*shape, classes)).log_softmax(dim=-1).contiguous()


def test_inside_it_is_the_likeliest_tissue_between_voxels():
    log_probability = drawn((14, 10, 12))
    floor = log_probability.clamp_min(LEAST).movedim(-1, 0)
    wanted = nnf.interpolate(floor[None], scale_factor=2, mode="trilinear")[0, 1:].argmax(dim=0) + 1
    found = refine(log_probability)
    inside = found > 0
    assert found.dtype == torch.uint8 and 0.5 < inside.float().mean() < 0.95
    assert (found[inside] == wanted[inside]).float().mean() > 0.9995  # ties may be broken otherwise


def test_the_skin_is_where_the_smoothed_probability_of_air_is_a_half():
    log_probability = torch.full((8, 8, 8, 3), -20.0)
    log_probability[..., 0] = 0.0
    log_probability[2:6, 2:6, 2:6] = torch.tensor([-20.0, 0.0, -9.0])
    found = refine(log_probability)
    assert (found[5:11, 5:11, 5:11] == 1).all() and found[4, 4, 4] == 0 and found[4, 7, 7] == 1
    assert (found[:4] == 0).all()
