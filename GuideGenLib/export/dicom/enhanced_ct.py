"""The CT as one Enhanced CT Image, its planes as frames."""

from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage

from GuideGenLib.anatomy.label import Code
from GuideGenLib.export.dicom.ct import WINDOW_HU, about, describe_image, has_contrast, thickness
from GuideGenLib.export.dicom.grid import Planes
from GuideGenLib.export.dicom.identity import uid
from GuideGenLib.export.dicom.study import Study, coded, decimal, image_object

_REGION_CODES = {
    "torso": Code("22943007", "Trunk"),
    "chest": Code("51185008", "Chest"),
    "abdomen": Code("818981001", "Abdomen"),
    "pelvis": Code("816092008", "Pelvis"),
    "chest_abdomen": Code("416550000", "Chest and Abdomen"),
    "abdomen_pelvis": Code("818982008", "Abdomen and Pelvis"),
}
"""Anatomic regions by region, CID 4030 of DICOM part 16."""
_ENHANCED_TYPE = ["DERIVED", "PRIMARY", "VOLUME", "NONE"]
"""The second value can be no other in an enhanced image (C.8.16.1.2)."""


def enhanced_ct(study: Study, planes: Planes) -> Dataset:
    """Enhanced CT Image Storage (DICOM part 3, A.38): what a real scan alone has (exposure, geometry of the gantry) is
    required of original images only, and is left out."""
    dataset = image_object(study, EnhancedCTImageStorage, 1, about(study))
    describe_image(dataset, study, planes)
    _describe_frames(dataset)
    dataset.NumberOfFrames = len(planes.hu)
    dataset.ContentQualification = "RESEARCH"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.AcquisitionDateTime = dataset.ContentDate + dataset.ContentTime
    _add_dimensions(dataset, study)
    dataset.SharedFunctionalGroupsSequence = [_shared(study, planes)]
    dataset.PerFrameFunctionalGroupsSequence = [_frame(planes, index) for index in range(len(planes.hu))]
    dataset.AcquisitionContextSequence = []
    if has_contrast(study):
        dataset.ContrastBolusAgentSequence = [_contrast()]
    dataset.PixelData = planes.hu.astype("<i2").tobytes()
    return dataset


def _describe_frames(dataset: Dataset) -> None:
    """The common CT/MR image description (C.8.16), of the image or of a frame."""
    name = "ImageType" if "Modality" in dataset else "FrameType"
    setattr(dataset, name, _ENHANCED_TYPE)
    dataset.PixelPresentation = "MONOCHROME"
    dataset.VolumetricProperties = "VOLUME"
    dataset.VolumeBasedCalculationTechnique = "NONE"


def _add_dimensions(dataset: Dataset, study: Study) -> None:
    """One dimension: the place of a plane in its stack."""
    organization = Dataset()
    organization.DimensionOrganizationUID = uid("dimensions", study.identity.now.ct)
    dataset.DimensionOrganizationSequence = [organization]
    dataset.DimensionOrganizationType = "3D"
    indices = []
    for pointer in (0x00209056, 0x00209057):  # Stack ID, In-Stack Position Number
        index = Dataset()
        index.DimensionOrganizationUID = organization.DimensionOrganizationUID
        index.DimensionIndexPointer = pointer
        index.FunctionalGroupPointer = 0x00209111  # Frame Content Sequence
        indices.append(index)
    dataset.DimensionIndexSequence = indices


def _shared(study: Study, planes: Planes) -> Dataset:
    """What all frames have alike."""
    shared, measures, orientation, kind = (Dataset() for _ in range(4))
    measures.PixelSpacing = [decimal(planes.spacing[1]), decimal(planes.spacing[0])]
    measures.SpacingBetweenSlices = decimal(planes.spacing[2])
    measures.SliceThickness = decimal(thickness(study, planes))
    orientation.ImageOrientationPatient = [decimal(value) for value in planes.orientation]
    _describe_frames(kind)
    values, window, anatomy, event = (Dataset() for _ in range(4))
    event.IrradiationEventUID = uid("event", study.identity.now.ct)  # there was none, but its UID is required
    values.RescaleIntercept, values.RescaleSlope, values.RescaleType = "0", "1", "HU"
    window.WindowCenter, window.WindowWidth = (str(value) for value in WINDOW_HU)
    anatomy.FrameLaterality = "U"
    anatomy.AnatomicRegionSequence = [coded(_REGION_CODES.get(study.region, _REGION_CODES["torso"]))]
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    shared.CTImageFrameTypeSequence = [kind]
    shared.PixelValueTransformationSequence = [values]
    shared.FrameVOILUTSequence = [window]
    shared.FrameAnatomySequence = [anatomy]
    shared.IrradiationEventIdentificationSequence = [event]
    if has_contrast(study):
        shared.ContrastBolusUsageSequence = [_usage()]
    return shared


def _frame(planes: Planes, index: int) -> Dataset:
    """What one frame has of its own: its place."""
    frame, content, position = (Dataset() for _ in range(3))
    content.StackID = "1"
    content.InStackPositionNumber = index + 1
    content.DimensionIndexValues = [1, index + 1]
    position.ImagePositionPatient = [decimal(value) for value in planes.positions[index]]
    frame.FrameContentSequence = [content]
    frame.PlanePositionSequence = [position]
    return frame


def _contrast() -> Dataset:
    """An iodinated agent in a vein; how much is not known."""
    item = coded(Code("385420005", "Contrast agent"))
    item.ContrastBolusAgentNumber = 1
    item.ContrastBolusAdministrationRouteSequence = [coded(Code("47625008", "Intravenous route"))]
    item.ContrastBolusIngredientCodeSequence = [coded(Code("44588005", "Iodine"))]
    item.ContrastBolusIngredientOpaque = "YES"
    item.ContrastBolusVolume = item.ContrastBolusIngredientConcentration = None
    return item


def _usage() -> Dataset:
    """The agent is in all frames."""
    item = Dataset()
    item.ContrastBolusAgentNumber = 1
    item.ContrastBolusAgentAdministered = item.ContrastBolusAgentDetected = "YES"
    return item
