"""A case as a DICOM study: CT, segmentation and report, plainly marked as synthetic.

`export_dicom` writes one; it needs highdicom and pydicom, the extra `dicom`.
"""

from GuideGenLib.export.dicom.errors import DicomError
from GuideGenLib.export.dicom.write import export_dicom

__all__ = ["DicomError", "export_dicom"]
