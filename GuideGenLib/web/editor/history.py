"""Undo and redo of a segmentation: each step keeps the voxels and segments that it changed, and nothing else.

trame_slicer's own undo copies the whole segmentation twice for each stroke, and knows nothing of lesions and names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from undo_stack import Signal

from GuideGenLib.anatomy.label_volumes import erased
from GuideGenLib.scene.segments.layers import LABELMAP
from GuideGenLib.scene.segments.terminology import KEY_TAG
from GuideGenLib.web.editor.snapshot import (
    EMPTY,
    Entry,
    Extent,
    Layer,
    Patch,
    Snapshot,
    images_of,
    is_empty,
    label_of_tags,
    patches,
    replace,
    shared,
    snapshot,
    union,
    write,
)

STEPS = 50


@dataclass(frozen=True)
class Step:
    """The segments before and after, and what changed in the layers."""

    before: tuple[Entry, ...]
    after: tuple[Entry, ...]
    patches: dict[int, Patch]


class History:
    """The steps of one segmentation node at a time. `changed(edited)` is emitted after each step, undo and redo with
    True, and with False when another node is followed."""

    changed = Signal(bool)

    def __init__(self, steps: int = STEPS) -> None:
        self.node: Any = None
        self._limit = steps
        self._steps: list[Step] = []
        self._done = 0
        self._state = Snapshot((), ())
        self._open = 0

    @property
    def can_undo(self) -> bool:
        return self._done > 0

    @property
    def can_redo(self) -> bool:
        return self._done < len(self._steps)

    def follow(self, node: Any) -> None:
        """Begin anew with another node (None: with none); the same one keeps its steps."""
        if node is self.node:
            return
        self.node = node
        self._steps, self._done = [], 0
        self._state = Snapshot((), ()) if node is None else snapshot(node)
        self.changed.emit(False)

    def record(self) -> bool:
        """Take what changed since the last step as a step of its own; False where nothing did.

        Voxels that a segment lost and none took become body, where there is a segment of it: erased is not outside.
        """
        if self.node is None or self._open:
            return False
        state = snapshot(self.node, self._state)
        found = patches(self._state, state)
        if not found and state.entries == self._state.entries:
            self._state = state
            return False
        if found and self._give_to_body(state, found):
            state = snapshot(self.node, state)
            found = patches(self._state, state)
        del self._steps[self._done :]
        if found or state.entries != self._state.entries:
            self._steps.append(Step(self._state.entries, state.entries, found))
        del self._steps[: -self._limit]
        self._done = len(self._steps)
        self._state = state
        self.changed.emit(True)
        return True

    @contextmanager
    def one_step(self) -> Iterator[None]:
        """What is changed within the block, also if it fails, is one step."""
        self.record()
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            self.record()

    def undo(self) -> bool:
        """Take the last step back; False where there is none."""
        self.record()
        if not self.can_undo:
            return False
        self._done -= 1
        self._restore(self._steps[self._done], after=False)
        return True

    def redo(self) -> bool:
        """Make the step again that was taken back last; False where there is none."""
        self.record()
        if not self.can_redo:
            return False
        self._done += 1
        self._restore(self._steps[self._done - 1], after=True)
        return True

    def _give_to_body(self, state: Snapshot, found: dict[int, Patch]) -> bool:
        self._open += 1
        try:
            return _give_to_body(self.node, self._state, state, found)
        finally:
            self._open -= 1

    def _restore(self, step: Step, *, after: bool) -> None:
        self._open += 1  # what the node tells meanwhile is no edit
        try:
            _restore(self.node, step, after=after)
        finally:
            self._open -= 1
        self._state = snapshot(self.node, self._state)
        self.changed.emit(True)


def _give_to_body(node: Any, old: Snapshot, new: Snapshot, found: dict[int, Patch]) -> bool:
    """Voxels that were a segment's and are nobody's now get the label of the body; True where there were some. found:
    the patches between the two, which tell where to look."""
    bodies = [entry for entry in new.entries if entry.layer >= 0 and _is_body(entry)]
    if not bodies or bodies[0].layer >= len(old.layers) or bodies[0].layer >= len(new.layers):
        return False
    body, home = bodies[0], new.layers[bodies[0].layer]
    own = {entry.value for entry in old.entries if entry.layer == body.layer and _is_body(entry)}
    frame = old.layers[body.layer]
    if not home.fits(frame):
        return False
    extent = _changed(frame, new, found)
    if is_empty(extent):
        return False
    was = frame.over(extent)
    lost = np.zeros(was.shape, bool)
    for index, layer in enumerate(old.layers):
        if layer.fits(frame) or layer.place == frame.place:
            held = layer.over(extent)
            now = new.layers[index].over(extent) if index < len(new.layers) else np.zeros_like(held)
            lost |= erased(held, now)
    lost &= ~np.isin(was, list(own))
    for layer in new.layers:
        if layer.place == frame.place:
            lost &= layer.over(extent) == 0
    if not lost.any():
        return False
    voxels = home.over(extent).copy()
    voxels[lost] = body.value
    write(images_of(node.GetSegmentation())[body.layer], extent, voxels)
    node.Modified()
    return True


def _changed(frame: Layer, new: Snapshot, found: dict[int, Patch]) -> Extent:
    """The part of a layer in which patches of layers on its voxels lie; all of it where one is on other voxels."""
    boxes = EMPTY
    for index, patch in found.items():
        if patch.whole or patch.after is None or new.layers[index].place != frame.place:
            return frame.extent
        boxes = union(boxes, patch.after.box)
    return shared(frame.extent, boxes)


def _is_body(entry: Entry) -> bool:
    row = label_of_tags(entry.tags, entry.id)
    return row is not None and row.key == "body"


def _restore(node: Any, step: Step, *, after: bool) -> None:
    import slicer

    segmentation = node.GetSegmentation()
    wanted, present = (step.after, step.before) if after else (step.before, step.after)
    images = images_of(segmentation)
    for index, patch in sorted(step.patches.items()):
        if index >= len(images) and (patch.after if after else patch.before) is not None:
            images.append(slicer.vtkOrientedImageData())
    if wanted != present:
        _restore_segments(node, wanted, images)
    for index, patch in step.patches.items():
        piece = patch.after if after else patch.before
        if piece is not None and patch.whole:
            replace(images[index], piece)
        elif piece is not None:
            write(images[index], piece.box, piece.voxels)
    node.Modified()


def _restore_segments(node: Any, wanted: tuple[Entry, ...], images: list[Any]) -> None:
    import slicer

    segmentation, display = node.GetSegmentation(), node.GetDisplayNode()
    targets = {entry.id: entry for entry in wanted}
    for segment_id in list(segmentation.GetSegmentIDs()):
        entry = targets.get(segment_id)
        if entry is None or entry.layer != segmentation.GetLayerIndex(segment_id, LABELMAP):
            segmentation.RemoveSegment(segment_id)
    for index, entry in enumerate(wanted):
        segment = segmentation.GetSegment(entry.id)
        if segment is None:
            segment = slicer.vtkSegment()
            segment.DeepCopyMetadata(entry.segment)
            segment.SetLabelValue(entry.value)
            if entry.layer >= 0:
                segment.AddRepresentation(LABELMAP, images[entry.layer])
            segmentation.AddSegment(segment, entry.id)
            _restore_looks(display, entry)
        segment.SetName(entry.name)
        segment.SetColor(*entry.color)
        segment.SetLabelValue(entry.value)
        segment.SetTag(segment.GetTerminologyEntryTagName(), entry.tags[0])
        segment.SetTag(KEY_TAG, entry.tags[1])
        segmentation.SetSegmentIndex(entry.id, index)


def _restore_looks(display: Any, entry: Entry) -> None:
    if display is None or not entry.looks:
        return
    shown, fill, outline, surface = entry.looks
    display.SetSegmentVisibility(entry.id, shown)
    display.SetSegmentVisibility2DFill(entry.id, fill)
    display.SetSegmentVisibility2DOutline(entry.id, outline)
    display.SetSegmentVisibility3D(entry.id, surface)
