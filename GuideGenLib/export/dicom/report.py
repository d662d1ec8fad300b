"""What was asked, what was understood of it and what the volumes hold, as a structured report (TID 1500)."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

import numpy as np
from highdicom.sr import (
    CodedConcept,
    ComprehensiveSR,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    ReferencedSegment,
    RelationshipTypeValues,
    SourceSeriesForSegmentation,
    TextContentItem,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as DicomCode
from pydicom.uid import ComprehensiveSRStorage

from GuideGenLib.anatomy.label import Code
from GuideGenLib.anatomy.table import label
from GuideGenLib.description.fields import (
    ACQUISITION_FIELDS,
    FINDING_FIELDS,
    PATIENT_FIELDS,
    Field,
    is_left_out,
    organ_fields,
    shown,
)
from GuideGenLib.description.model import Description
from GuideGenLib.export.dicom.grid import Planes
from GuideGenLib.export.dicom.identity import Volumes, uid
from GuideGenLib.export.dicom.segmentation import Segment, concept, segments_of
from GuideGenLib.export.dicom.study import MANUFACTURER, SYNTHETIC, Study, mark
from GuideGenLib.generator.change import chain

Group = MeasurementsAndQualitativeEvaluations | VolumetricROIMeasurementsAndQualitativeEvaluations
Coding = CodedConcept | DicomCode

_SIDES = {"left": Code("7771000", "Left"), "right": Code("24028007", "Right")}
_ML = concept(Code("mL", "milliliter", "UCUM"))


def report(study: Study, images: Sequence[Dataset], segmentation: Dataset, planes: Planes) -> ComprehensiveSR:
    """A measurement report (DICOM part 16, TID 1500): the volume of each segment and the size of each lesion, then the
    text that was asked and what was understood of it."""
    groups = [*_lesions(study), *_changes(study), *_volumes(study, segmentation, planes)]
    observer = ObserverContext(
        codes.DCM.Device,
        DeviceObserverIdentifyingAttributes(
            uid=uid("device", study.bundle_sha256, study.version),
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=study.bundle[:64],
            serial_number=study.bundle_sha256[:64],
        ),
    )
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=observer),
        procedure_reported=codes.cid100.CTUnspecifiedBodyRegion,
        imaging_measurements=groups,
        title=codes.cid7021.ImagingMeasurementReport,
    )
    content[0].ContentSequence.extend(_words(study))
    dataset = ComprehensiveSR(
        evidence=[*images, segmentation],
        content=content[0],
        sop_instance_uid=study.instance("SR"),
        instance_number=1,
        is_complete=True,
        **study.series("SR"),
        **study.equipment,
    )
    mark(dataset, study, "what was asked and drawn")
    if study.identity.before is not None:
        dataset.PredecessorDocumentsSequence = [_predecessor(study, study.identity.before)]
    return dataset


def _predecessor(study: Study, before: Volumes) -> Dataset:
    """The report before the last edit."""
    study_item, series, one = Dataset(), Dataset(), Dataset()
    one.ReferencedSOPClassUID = ComprehensiveSRStorage
    one.ReferencedSOPInstanceUID = study.instance_before("SR")
    series.SeriesInstanceUID = before.series(study.form.of("SR"))
    series.ReferencedSOPSequence = [one]
    study_item.StudyInstanceUID = study.identity.study
    study_item.ReferencedSeriesSequence = [series]
    return study_item


def _volumes(study: Study, segmentation: Dataset, planes: Planes) -> Iterable[Group]:
    """The volume of each segment, of the voxels of the segmentation."""
    source = SourceSeriesForSegmentation(segmentation.ReferencedSeriesSequence[0].SeriesInstanceUID)
    counts = np.bincount(planes.labels.ravel(), minlength=256)
    for segment in segments_of(planes):
        volume = counts[segment.label.value] * float(np.prod(planes.spacing)) / 1000
        yield VolumetricROIMeasurementsAndQualitativeEvaluations(
            TrackingIdentifier(segment.tracking(study), segment.label.key),
            referenced_segment=ReferencedSegment(
                segmentation.SOPClassUID, segmentation.SOPInstanceUID, segment.number, source_series=source
            ),
            finding_category=concept(segment.label.category),
            finding_type=concept(segment.label.type),
            finding_sites=_site_of(segment),
            measurements=[_measured(codes.SCT.Volume, volume, _ML)],
        )


def _site_of(segment: Segment) -> list[FindingSite] | None:
    """Where a structure lies: its region, else itself with its side."""
    row = segment.label
    side = None if row.modifier is None else concept(row.modifier)
    place = row.region or row.type
    return None if place is None else [FindingSite(concept(place), side)]


def _lesions(study: Study) -> Iterable[Group]:
    """Each lesion as it was drawn; several may share a segment, so that they refer to none."""
    for number, lesion in enumerate(study.case.lesions, 1):
        row = label(lesion.label)
        organ = row.region or row.type
        side = _SIDES.get(lesion.side or "")
        site = None if organ is None else [FindingSite(concept(organ), None if side is None else concept(side))]
        yield MeasurementsAndQualitativeEvaluations(
            TrackingIdentifier(uid("lesion", study.identity.root, str(number), lesion.label), f"{row.name} {number}"),
            finding_category=concept(row.category),
            finding_type=concept(row.type),
            finding_sites=site,
            measurements=[
                _measured(codes.SCT.LongAxis, lesion.measured_mm, codes.UCUM.Millimeter),
                _measured(codes.SCT.Volume, lesion.volume_ml, _ML),
            ],
        )


def _changes(study: Study) -> Iterable[Group]:
    """Each finding that the patient has and that has no voxels of its own: a change of a tissue, or of an organ."""
    for number, finding in enumerate(study.case.description.findings, 1):
        code = None if finding.recipe is None or not finding.there else finding.recipe.code
        if code is not None:
            yield MeasurementsAndQualitativeEvaluations(
                TrackingIdentifier(uid("finding", study.identity.root, str(number)), f"{finding.kind} {number}"),
                finding_type=concept(Code(*code)),
            )


def _measured(name: Coding, value: float, unit: Coding) -> Measurement:
    return Measurement(name, float(f"{value:.6g}"), unit)


def _words(study: Study) -> list[ContainerContentItem]:
    """The text that was asked, with the sentences of later changes, and the fields that were understood."""
    description = study.case.description
    changes = [str(link.get("sentence", "")) for link in chain(study.case.provenance)]
    asked = [description.text or "no text", *(f"Then: {one}" for one in changes if one)]
    dated = filter(None, [str(study.case.provenance.get("ct_out_of_date", ""))])
    return [
        _section(codes.DCM.Request, codes.DCM.Comment, asked),
        _section(codes.DCM.Findings, codes.DCM.Finding, understood(description)),
        _section(codes.DCM.Conclusions, codes.DCM.Comment, [SYNTHETIC, *dated]),
    ]


def understood(description: Description) -> list[str]:
    """One line for each thing that is known: "Age: 60", "tumor 1: organ lung, side left, size (mm) 48"."""
    known = _known((*PATIENT_FIELDS, *ACQUISITION_FIELDS), description)
    told = [f"{field.title}: {shown(attrgetter(field.name)(description))}" for field in known]
    for number, finding in enumerate(description.findings, 1):
        fields = [field for field in _known(FINDING_FIELDS, finding) if field.name != "kind"]
        told.append(f"{finding.kind} {number}: {_listed(fields, finding)}")
    for state in description.organs:
        told.append(f"{state.name}: {_listed(_known(organ_fields(state), state), state)}")
    told += [f"Not understood: {span.text}" for span in description.not_understood]
    return told or ["nothing is known of the patient"]


def _known(fields: Sequence[Field], of: object) -> list[Field]:
    found = [(field, attrgetter(field.name)(of)) for field in fields]
    return [field for field, value in found if value is not None and not is_left_out(field, value)]


def _listed(fields: Sequence[Field], of: object) -> str:
    return ", ".join(f"{field.title} {shown(getattr(of, field.name))}" for field in fields)


def _section(heading: Coding, name: Coding, texts: Sequence[str]) -> ContainerContentItem:
    section = ContainerContentItem(heading, relationship_type=RelationshipTypeValues.CONTAINS)
    section.ContentSequence = ContentSequence(
        [TextContentItem(name, text, RelationshipTypeValues.CONTAINS) for text in texts]
    )
    return section
