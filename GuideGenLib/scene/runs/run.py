"""A run in a scene: an anatomy, the CTs made from it, and the record of both, found again after a reload.

What belongs together is told by node references and attributes alone, so that names and folders are the user's. A CT
also refers to the anatomy that it shows (a hidden label volume): an edit is what the segmentation has become since.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import SimpleITK as sitk

from GuideGenLib.scene.ct import add_ct, require_same_place
from GuideGenLib.scene.geometry import fill_volume, image_from_volume, moved, world_matrix
from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.runs.hierarchy import file_into, file_run, folder_of
from GuideGenLib.scene.runs.provenance import attach, provenance_of
from GuideGenLib.scene.segments.segmentation import add_anatomy

PATIENT = "GuideGen (synthetic)"
RUN = "GuideGen.Run"
CT_REFERENCE, SHOWN_REFERENCE = "GuideGen.CT", "GuideGen.ShownAnatomy"


@dataclass(frozen=True)
class Run:
    """folder_item: of the study; segmentation: vtkMRMLSegmentationNode; cts: its vtkMRMLScalarVolumeNodes, the oldest
    first; provenance: the record of the anatomy, empty where there is none."""

    folder_item: int
    segmentation: Any
    cts: tuple[Any, ...]
    provenance: dict[str, Any]

    @property
    def ct(self) -> Any:
        """The newest CT, None before there is one."""
        return self.cts[-1] if self.cts else None

    @property
    def older_ct(self) -> Any:
        """The one before it, to compare with, or None."""
        return self.cts[-2] if len(self.cts) > 1 else None


def add_run(
    scene: Any, anatomy: sitk.Image, ct: sitk.Image | None, provenance: dict[str, Any], title: str = "Run"
) -> Run:
    """Put a result into the scene as new nodes, in a study `title` of its own. Nothing that is there is changed.

    anatomy: uint8 labels; ct: int16 HU of the same place. Raises SceneError when the two lie in different places, and
    adds nothing then.
    """
    if ct is not None:
        require_same_place(ct, anatomy)
    segmentation = add_anatomy(scene, anatomy, scene.GenerateUniqueName("Anatomy"))
    segmentation.SetAttribute(RUN, uuid.uuid4().hex)
    record = attach(scene, segmentation, provenance)
    folder = file_run(scene, patient=PATIENT, study=title, nodes=[segmentation, record])
    run = Run(folder, segmentation, (), provenance)
    return run if ct is None else add_ct_to_run(scene, run, ct, anatomy, provenance)


def add_ct_to_run(
    scene: Any, run: Run, ct: sitk.Image, anatomy: sitk.Image, provenance: dict[str, Any], name: str = "CT"
) -> Run:
    """Add a new CT to a run, with the anatomy that it shows; older CTs stay. Returns the run as it is now.

    Raises SceneError when the CT lies elsewhere than the anatomy, and adds nothing then.
    """
    require_same_place(ct, anatomy)
    node = add_ct(scene, ct, scene.GenerateUniqueName(name))
    join_ct(scene, run.segmentation, node, anatomy)
    record = attach(scene, node, provenance)
    if folder_of(scene, record) != run.folder_item:
        file_into(scene, run.folder_item, [record])
    return _run_of(scene, run.segmentation)


def join_ct(scene: Any, segmentation: Any, ct: Any, anatomy: sitk.Image) -> None:
    """Let a CT node belong to a segmentation, whose labels (uint8, of its place) it shows, and lie in its folder."""
    shown = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", f"{ct.GetName()} anatomy")
    shown.SetHideFromEditors(True)
    fill_volume(shown, anatomy)
    ct.SetNodeReferenceID(SHOWN_REFERENCE, shown.GetID())
    segmentation.AddNodeReferenceID(CT_REFERENCE, ct.GetID())
    file_into(scene, folder_of(scene, segmentation), [ct])


def shown_anatomy(ct: Any) -> sitk.Image | None:
    """The labels (uint8) that a CT node was made from, where its parent transforms put the CT; None if not known."""
    shown = ct.GetNodeReference(SHOWN_REFERENCE)
    if shown is None:
        return None
    return moved(sitk.Cast(image_from_volume(shown), sitk.sitkUInt8), world_matrix(ct))


def runs(scene: Any) -> list[Run]:
    """The runs of a scene, the oldest first: what `add_run` made, and segmentations of the user's that got a CT.

    A run's segmentation that was cloned is no run of its own.
    """
    found: dict[str, Any] = {}
    for node in nodes_of(scene, "vtkMRMLSegmentationNode"):
        if node.GetAttribute(RUN) or node.GetNumberOfNodeReferences(CT_REFERENCE):
            found.setdefault(node.GetAttribute(RUN) or node.GetID(), node)
    return [_run_of(scene, node) for node in found.values()]


def _run_of(scene: Any, segmentation: Any) -> Run:
    count = segmentation.GetNumberOfNodeReferences(CT_REFERENCE)
    cts = (segmentation.GetNthNodeReference(CT_REFERENCE, index) for index in range(count))
    present = tuple(node for node in cts if node is not None)
    return Run(folder_of(scene, segmentation), segmentation, present, provenance_of(segmentation) or {})
