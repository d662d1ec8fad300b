"""Voxels that a segment gave up go to what lies next to them: as body they would be holes between two organs."""

from __future__ import annotations

from typing import Any

import numpy as np

from GuideGenLib.web.editor.snapshot import Snapshot, images_of, snapshot, write

RIM = 2
"""Voxels about the segment, in which its neighbours are looked for."""


def give_to_neighbours(node: Any, segment_id: str, before: Snapshot) -> None:
    """Give what a segment of a node has lost since `before`, and nobody has taken, to the nearest other label of its
    layer. Where nothing is near, as in a layer of its own, it stays nobody's."""
    from scipy import ndimage

    entry = next((entry for entry in before.entries if entry.id == segment_id), None)
    layers = snapshot(node).layers
    if entry is None or not 0 <= entry.layer < len(layers):
        return
    old, new = before.layers[entry.layer], layers[entry.layer]
    own = old.voxels == entry.value
    if not new.fits(old) or not own.any():
        return
    (box,) = ndimage.find_objects(own.astype(np.uint8))
    box = tuple(slice(max(0, part.start - RIM), part.stop + RIM) for part in box)
    voxels = new.over(old.extent).copy()
    part = voxels[box]
    lost, others = own[box] & (part == 0), (part > 0) & (part != entry.value)
    if not lost.any() or not others.any():
        return
    image = images_of(node.GetSegmentation())[entry.layer]
    spacing = image.GetSpacing()[::-1]
    nearest = ndimage.distance_transform_edt(~others, sampling=spacing, return_distances=False, return_indices=True)
    part[lost] = part[tuple(nearest[:, lost])]
    write(image, old.extent, voxels)
    node.Modified()
