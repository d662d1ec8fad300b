"""The anatomy as a DICOM segmentation on the planes of the CT: each structure a segment with codes and a colour."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.color import CIELabColor
from highdicom.seg import Segmentation, SegmentDescription
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from GuideGenLib.anatomy.label import Code, Label
from GuideGenLib.anatomy.table import label
from GuideGenLib.export.dicom.errors import DicomError
from GuideGenLib.export.dicom.grid import Planes
from GuideGenLib.export.dicom.identity import uid
from GuideGenLib.export.dicom.study import Study, body_part, coded, image_comments, mark, reference


@dataclass(frozen=True)
class Segment:
    """A structure of the segmentation: its number there, and its row of the anatomy table."""

    number: int
    label: Label

    def tracking(self, study: Study) -> str:
        """The UID that stands for the structure in this patient, in each of his series."""
        return uid("structure", study.identity.root, self.label.key)


def segments_of(planes: Planes) -> list[Segment]:
    """The structures that the planes hold, numbered from 1 without a gap, as binary segmentations must be."""
    return [
        Segment(number, label(int(value)))
        for number, value in enumerate(np.unique(planes.labels[planes.labels > 0]), 1)
    ]


def segmentation(study: Study, images: Sequence[Dataset], planes: Planes) -> Segmentation:
    """Label Map Segmentation Storage, or Segmentation Storage of binary frames where the form asks for it.

    images: the CT, one object a plane or one of all, without pixels if need be. Raises DicomError for an anatomy
    without any structure.
    """
    segments = segments_of(planes)
    if not segments:
        raise DicomError("the anatomy is empty where the CT is", "export a case whose volumes overlap")
    numbers = np.zeros(256, np.uint8)
    numbers[[segment.label.value for segment in segments]] = [segment.number for segment in segments]
    dataset = Segmentation(
        source_images=images,
        pixel_array=numbers[planes.labels],
        segmentation_type="BINARY" if study.form.binary else "LABELMAP",
        segment_descriptions=[_description(study, segment) for segment in segments],
        sop_instance_uid=study.instance("SEG"),
        instance_number=1,
        omit_empty_frames=study.form.binary,  # a label map has all planes of the CT
        content_label="ANATOMY",
        content_description="Synthetic anatomy",
        **study.series("SEG"),
        **study.equipment,
    )
    mark(dataset, study, "anatomy")
    dataset.BodyPartExamined = body_part(study)
    dataset.ImageComments = image_comments(study)
    _fix_dimensions(dataset)
    before = study.instance_before("SEG")
    if before is not None:
        dataset.SourceInstanceSequence = [reference(dataset.SOPClassUID, before)]
    return dataset


def _description(study: Study, segment: Segment) -> SegmentDescription:
    """A segment with the codes of its row; the side modifies its type, the region is where it lies."""
    row = segment.label
    made_by_hand = "anatomy_voxels_sha256" in (study.case.provenance.get("settings") or {})
    description = SegmentDescription(
        segment.number,
        row.name,
        concept(row.category),
        concept(row.type),
        "SEMIAUTOMATIC" if made_by_hand else "AUTOMATIC",
        AlgorithmIdentificationSequence(
            name="GuideGen",
            family=codes.DCM.ArtificialIntelligence,
            version=study.version,
            source=study.bundle[:64],
        ),
        tracking_uid=segment.tracking(study),
        tracking_id=row.key,
        anatomic_regions=None if row.region is None else [concept(row.region)],
        display_color=CIELabColor.from_rgb(*row.color),
    )
    if row.modifier is not None:
        description.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [
            coded(row.modifier)
        ]
    return description


def concept(code: Code | None) -> CodedConcept:
    """A code of the anatomy table as highdicom has it. Only the background, which is no segment, has no codes."""
    assert code is not None
    return CodedConcept(code.value, code.scheme, code.meaning)


def _fix_dimensions(dataset: Dataset) -> None:
    """The UID of the dimensions, which is drawn at random, the same in equal runs."""
    fixed = uid("dimensions", dataset.SOPInstanceUID)
    for item in (*dataset.get("DimensionIndexSequence", ()), *dataset.get("DimensionOrganizationSequence", ())):
        item.DimensionOrganizationUID = fixed
