"""The CT: a series of one file a plane, which every viewer reads, or one Enhanced CT of all planes."""

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from GuideGenLib.export.dicom.grid import Planes
from GuideGenLib.export.dicom.study import Study, body_part, decimal, image_comments, image_object

WINDOW_HU = (40, 400)
"""Centre and width of the usual window for soft tissue."""


def classic_slices(study: Study, planes: Planes) -> Iterator[Dataset]:
    """CT Image Storage (DICOM part 3, A.3), one object a plane, from the feet up."""
    for index in range(len(planes.hu)):
        dataset = image_object(study, CTImageStorage, index + 1, about(study))
        describe_image(dataset, study, planes)
        dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
        dataset.AcquisitionNumber = 1
        dataset.AcquisitionDate, dataset.AcquisitionTime = dataset.ContentDate, dataset.ContentTime
        _tell_acquisition(dataset, study)
        dataset.DerivationDescription = dataset.ImageComments[:1024]
        dataset.PixelSpacing = [decimal(planes.spacing[1]), decimal(planes.spacing[0])]
        dataset.SpacingBetweenSlices = decimal(planes.spacing[2])
        dataset.SliceThickness = decimal(thickness(study, planes))
        dataset.ImageOrientationPatient = [decimal(value) for value in planes.orientation]
        dataset.ImagePositionPatient = [decimal(value) for value in planes.positions[index]]
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "HU"
        dataset.WindowCenter, dataset.WindowWidth = (str(value) for value in WINDOW_HU)
        dataset.PixelData = planes.hu[index].astype("<i2").tobytes()
        yield dataset


def _tell_acquisition(dataset: Dataset, study: Study) -> None:
    """What the text says of the scan, as simulated; no tube is simulated, so that its voltage stays empty."""
    dataset.KVP = ""
    acquisition = study.case.description.acquisition
    if acquisition.kernel is not None:
        dataset.ConvolutionKernel = f"SIM {acquisition.kernel.upper()}"
    agents = [_phase(study)] * has_contrast(study) + ["oral"] * bool(acquisition.oral_contrast)
    if agents:
        dataset.ContrastBolusAgent = f"SIMULATED, {', '.join(agents)}"


def thickness(study: Study, planes: Planes) -> float:
    """Of a slice, in mm: what the text asks for, else the distance of the planes."""
    return study.case.description.acquisition.slice_mm or planes.spacing[2]


def describe_image(dataset: Dataset, study: Study, planes: Planes) -> None:
    """What both forms of the CT tell: the series, and how the pixels are stored."""
    dataset.Modality = "CT"
    dataset.BodyPartExamined = body_part(study)
    dataset.PatientPosition = "HFS"
    dataset.ProtocolName = about(study)
    dataset.ImageComments = image_comments(study)
    dataset.FrameOfReferenceUID = study.identity.frame_of_reference
    dataset.PositionReferenceIndicator = ""
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = planes.hu.shape[1:]
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 1
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"


def about(study: Study) -> str:
    """The CT in a few words: "CT, portal venous phase"."""
    return f"CT, {_phase(study)}" if study.case.description.phase else "CT"


def has_contrast(study: Study) -> bool:
    """Whether the CT shows a contrast agent."""
    return study.case.description.phase not in (None, "none")


def _phase(study: Study) -> str:
    phase = study.case.description.phase
    return "no contrast" if phase == "none" else f"{str(phase).replace('_', ' ')} phase"
