"""CT series as scanners write them, small, with whatever a test wants to be different."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

SHAPE = (6, 8, 10)
SPACING = (2.5, 0.75, 0.5)
"""z, y, x in mm."""
ORIGIN = (-20.5, 31.25, -400.0)
Change = Callable[[Dataset, int], Any]


def hu(shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """int16 HU of which no two planes, rows or columns are alike."""
    return (np.arange(np.prod(shape)).reshape(shape) * 7 % 2900 - 1000).astype(np.int16)


def ct_plane(index: int, array: np.ndarray, uid: str = "1.2.3") -> Dataset:
    """One plane of a CT, stored with an intercept of -1024 as most are."""
    plane = Dataset()
    plane.file_meta = FileMetaDataset()
    plane.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    plane.file_meta.MediaStorageSOPClassUID = plane.SOPClassUID = CTImageStorage
    plane.file_meta.MediaStorageSOPInstanceUID = plane.SOPInstanceUID = UID(f"{uid}.{index + 1}")
    plane.SeriesInstanceUID, plane.StudyInstanceUID, plane.FrameOfReferenceUID = uid, "1.2.4", "1.2.5"
    plane.Modality, plane.SeriesDescription, plane.ImageType = "CT", "Thorax 2.5", ["ORIGINAL", "PRIMARY", "AXIAL"]
    plane.PatientName, plane.PatientID, plane.AcquisitionNumber = "A^B", "1", 1
    plane.Rows, plane.Columns = array.shape[1:]
    plane.PixelSpacing = [SPACING[1], SPACING[2]]
    plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    plane.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + index * SPACING[0]]
    plane.SliceThickness = 5.0  # not the distance of the planes, which overlap
    plane.SamplesPerPixel, plane.PhotometricInterpretation = 1, "MONOCHROME2"
    plane.BitsAllocated, plane.BitsStored, plane.HighBit, plane.PixelRepresentation = 16, 12, 11, 0
    plane.RescaleSlope, plane.RescaleIntercept = 1, -1024
    plane.PixelData = (array[index] + 1024).astype("<u2").tobytes()
    return plane


def write_series(
    folder: Path, change: Change | None = None, *, uid: str = "1.2.3", array: np.ndarray | None = None
) -> Path:
    """A folder with a series, its files in another order than its planes; change(plane, index) before it is written,
    False to leave it out."""
    folder.mkdir(parents=True, exist_ok=True)
    array = hu() if array is None else array
    for index in range(len(array)):
        plane = ct_plane(index, array, uid)
        if change is None or change(plane, index) is not False:
            plane.save_as(folder / f"{uid}-{(index * 5) % 7}-{index}.dcm", enforce_file_format=True)
    return folder


def rewrite(path: Path, **values: Any) -> Path:
    """A file with other values of its elements; None takes one away."""
    dataset = pydicom.dcmread(path)
    for keyword, value in values.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path
