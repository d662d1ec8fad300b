"""What was edited since a CT was made, and the outline of it in the views."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.runs.comparison import show_changes
from GuideGenLib.scene.runs.hierarchy import remove_item
from GuideGenLib.scene.runs.run import shown_anatomy
from GuideGenLib.scene.segments.edits import SegmentChange, find_edits
from GuideGenLib.scene.segments.reading import take_segments
from GuideGenLib.workflow.words import NO_ANATOMY, NO_CT, say

if TYPE_CHECKING:
    import SimpleITK as sitk

OUTLINE = "GuideGen.Changes"
"""Attribute of the segmentation that outlines where anatomies differ, with the ID of the CT that was compared."""


CHANGED = "Changed region"
"""The name of the outline."""


@dataclass(frozen=True)
class Edits:
    """The anatomy (labels) that a CT was made of, what its segmentation is now, and the changes between them."""

    before: "sitk.Image"
    after: "sitk.Image"
    changes: list[SegmentChange]


def edits_later(segmentation: Any, ct: Any) -> Callable[[], Edits]:
    """What was edited since a CT node was made, in two parts: what is needed is taken out of the scene now, the call
    may be made in any thread.

    Raises SceneError where there is no CT or segmentation, or the CT's anatomy is not in the scene; the call raises it
    for segments that cannot be read.
    """
    if ct is None:
        raise SceneError(say(NO_CT))
    if segmentation is None:
        raise SceneError(say(NO_ANATOMY))
    before = shown_anatomy(ct)
    if before is None:
        words = "The anatomy that {ct} was made of is not in the scene: generate a CT first."
        raise SceneError(say(words, ct=ct.GetName()))
    taken = take_segments(segmentation, before)

    def compare() -> Edits:
        after = taken.reading().anatomy
        return Edits(before, after, find_edits(before, after))

    return compare


def outline(scene: Any, ct: Any, before: "sitk.Image", after: "sitk.Image") -> Any:
    """Outline the voxels where two anatomies differ, in place of an earlier outline; it is not saved. None where they
    do not differ."""
    remove_outlines(scene)
    node = show_changes(scene, before, after, CHANGED)
    if node is not None:
        node.SetAttribute(OUTLINE, ct.GetID())
        node.SetSaveWithScene(False)
        node.SetHideFromEditors(True)
        remove_item(scene, node)
    return node


def outlines(scene: Any) -> list[Any]:
    """The nodes that outline changes."""
    return [node for node in nodes_of(scene, "vtkMRMLSegmentationNode") if node.GetAttribute(OUTLINE)]


def remove_outlines(scene: Any) -> None:
    """Take them away."""
    for node in outlines(scene):
        scene.RemoveNode(node)
