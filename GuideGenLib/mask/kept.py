"""What is kept of an anatomy while the rest is drawn: clamped at each step of the sampler, and never touched later.

Arrays are [z, y, x] on the grid of the mask stage, in the canonical frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from GuideGenLib.anatomy.label_volumes import TISSUE_KEYS
from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import UNLABELLED
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.mask.body_wall import cover
from GuideGenLib.mask.components import keep_largest, single_part_keys
from GuideGenLib.mask.layout import CELL
from GuideGenLib.mask.network import fold_cells

FREE = UNLABELLED
"""Where nothing is kept."""
LEAST_FREE = 0.25
"""Of a coarse voxel: where less of it is free, what is drawn in the nearest one that has more is drawn there too."""
LEAST_PIECE = 0.05
"""Of what is drawn of a kept structure: a smaller piece that does not hang on it goes. A rib hangs on nothing, and a
drawn cord may miss the kept one by a voxel."""
SPACING = 3.0
SKIN_MM = 12.0
"""Between a kept structure and the air, where nothing kept says where the skin is."""

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Kept:
    """Kept segments on the mask grid.

    labels: uint8 at 3 mm, values of the anatomy table where something is kept, else FREE; classes: the same with each
    lesion as its organ, which is what the network knows; values: the labels that are kept; beyond: of those that the
    volume of their source cuts, the slices along z, y and x (bool, at 3 mm) in which they may go on. The others are
    drawn nowhere.
    """

    labels: Labels
    classes: Labels
    values: tuple[int, ...]
    beyond: Mapping[int, tuple[Mask, Mask, Mask]]

    def slab(self, first: int, last: int) -> "Kept":
        """The part in these slices of the 6 mm grid."""
        fine = slice(2 * first, 2 * last)
        beyond = {value: (z[fine], y, x) for value, (z, y, x) in self.beyond.items()}
        return replace(self, labels=self.labels[fine], classes=self.classes[fine], beyond=beyond)

    def cells(self, classes: int, device: torch.device) -> "KeptCells":
        """For the sampler of a network of so many classes."""
        coarse = fold_voxels(self.classes)  # [n, 8]
        where = np.flatnonzero((coarse != FREE).any(1))
        found = [(coarse[where] == value).mean(1, dtype=np.float32) for value in range(classes)]
        grid = torch.arange(len(coarse)).view([n // 2 for n in self.classes.shape])
        place = torch.empty(len(coarse), dtype=torch.long)  # in the order of the cells, of each voxel of the grid
        place[fold_cells(grid).flatten()] = torch.arange(len(coarse))
        shut: dict[int, Tensor | None] = {value: None for value in self.values if value < classes}
        for value in shut.keys() & self.beyond.keys():
            shut[value] = ~fold_cells(torch.from_numpy(self.opened(value, 2))).to(device)
        share = torch.from_numpy(np.stack(found, 1))
        return KeptCells(place[torch.from_numpy(where)].to(device), share.to(device), shut)

    def opened(self, value: int, size: int = 1) -> Mask:
        """Where a structure of `beyond` may go on, in cells of so many voxels a side: in any part of them."""
        z, y, x = (np.asarray(slices.reshape(-1, size).any(1)) for slices in self.beyond[value])
        return z[:, None, None] | y[:, None] | x

    def shares(self, classes: int) -> NDArray[np.float32]:
        """For the layout: the share of each kept class in the cells of 24 mm [classes, z, y, x], NaN where it may go on
        and of the other classes."""
        z, y, x = (n // (2 * CELL) for n in self.classes.shape)
        found = np.full((classes, z, y, x), np.nan, np.float32)
        for value in self.values:
            if value < classes:
                blocks = (self.classes == value).reshape(z, 2 * CELL, y, 2 * CELL, x, 2 * CELL)
                found[value] = blocks.mean((1, 3, 5))
            if value < classes and value in self.beyond:
                found[value][self.opened(value, 2 * CELL)] = np.nan
        return found

    def spread(self, log_probability: Tensor) -> Tensor:
        """What is drawn [D, H, W, classes] beside the kept, carried on into voxels that are kept for the most part."""
        free = (fold_voxels(self.labels) == FREE).mean(1).reshape(log_probability.shape[:3])
        taken = free < LEAST_FREE
        if not taken.any() or taken.all():
            return log_probability
        near = ndimage.distance_transform_edt(taken, return_distances=False, return_indices=True)
        to, source = (np.ravel_multi_index(list(at), taken.shape) for at in (np.nonzero(taken), near[:, taken]))
        flat = log_probability.flatten(0, 2).clone()
        device = flat.device
        flat[torch.from_numpy(to).to(device)] = flat[torch.from_numpy(source).to(device)]
        return flat.view_as(log_probability)

    # ------------------------------------------------------------ at 3 mm

    def laid(self, labels: Labels) -> Labels:
        """A copy of drawn labels with the kept ones in it, and flesh between them and the air."""
        result = np.where(self.labels != FREE, self.labels, labels)
        inner = (self.labels != FREE) & ~table_of(TISSUE_KEYS)[self.labels]
        if inner.any() and (result == 0).any():
            self._cover(result, inner)
        return self.without_remnants(result)

    def _cover(self, labels: Labels, inner: Mask) -> None:
        """Muscle and fat over an inner structure; body where fat or muscle is kept and may not grow."""
        fat, muscle = ("body" if values()[key] in self.values else key for key in ("subcutaneous_fat", "muscle"))
        cover(labels, inner, SPACING, SKIN_MM, fat, muscle)

    def guarded(self, before: Labels, after: Labels) -> Labels:
        """What a step made of the labels, without its effect on what is kept: neither that nor more of it."""
        touched = self.labels != FREE
        touched |= np.isin(after, self.values) & (after != before)
        return np.where(touched, before, after)

    def in_one_piece(self, labels: Labels) -> Labels:
        """`keep_largest` of what is drawn alone: what goes on of the kept may miss it, and no island becomes part of
        it: beside that it becomes body."""
        tidied = keep_largest(labels, [key for key in single_part_keys() if values()[key] not in self.values])
        tidied[np.isin(tidied, self.values) & (tidied != labels)] = values()["body"]
        return tidied

    def without_remnants(self, labels: Labels) -> Labels:
        """A copy in which what goes on of a kept structure does so where it may; the rest of it, and crumbs that do not
        hang on it, take the nearest other label."""
        odd = np.zeros(labels.shape, bool)
        for value in self.beyond:
            own = self.labels == value
            mine = (labels == value) & (own | self.opened(value))
            odd |= (labels == value) & ~mine
            parts, count = ndimage.label(mine, TOUCHING)
            sizes = np.bincount(parts[~own], minlength=count + 1)
            stays = sizes >= LEAST_PIECE * max(1, sizes[1:].sum())
            stays[parts[own]] = True
            stays[0] = True
            odd |= ~stays[parts]
        return np.where(odd, self._filled(labels, odd | np.isin(labels, self.values)), labels)

    def drawn(self, labels: Labels) -> Labels:
        """The drawn labels alone: where something is kept, the nearest drawn one."""
        return self._filled(labels, self.labels != FREE)

    @staticmethod
    def _filled(labels: Labels, holes: Mask) -> Labels:
        if not holes.any() or holes.all():
            return labels
        near = ndimage.distance_transform_edt(holes, return_distances=False, return_indices=True)
        return labels[tuple(near)]


@dataclass(frozen=True)
class KeptCells:
    """Kept segments as the sampler has its volumes, cell by cell.

    rows [n]: voxels, counted through the cells, of which something is kept; share [n, classes]: the part of each that
    a class has; shut: classes that are drawn nowhere (None), or where a mask [cells, 8] says.
    """

    rows: Tensor
    share: Tensor
    shut: Mapping[int, Tensor | None]

    def forbid(self, logits: Tensor, penalty: float) -> Tensor:
        """Logits [cells, 8, classes] with that taken off where a kept class must not be drawn."""
        for value, mask in self.shut.items():
            logits[..., value] -= penalty if mask is None else penalty * mask
        return logits

    def clamp(self, probability: Tensor) -> Tensor:
        """Probabilities [cells, 8, classes] in which what is kept of a voxel is certain."""
        flat = probability.flatten(0, 1).clone()
        flat[self.rows] = self.share + (1 - self.share.sum(1, keepdim=True)) * flat[self.rows]
        return flat.view_as(probability)


def fold_voxels(labels: Labels) -> Labels:
    """Labels [2d, 2h, 2w] at 3 mm -> [d h w, 8]: those in each voxel of 6 mm, in the order of the grid."""
    d, h, w = (n // 2 for n in labels.shape)
    return labels.reshape(d, 2, h, 2, w, 2).transpose(0, 2, 4, 1, 3, 5).reshape(-1, 8)
