"""A case as a DICOM study: CT, segmentation and report, plainly marked as synthetic.

`export_dicom` writes one, `send_dicom` sends it to a PACS, and `fetch_study` fetches one from there; they need the
extra `dicom`.
"""

from GuideGenLib.export.dicom.errors import DicomError
from GuideGenLib.export.dicom.fetch import fetch_study, list_studies
from GuideGenLib.export.dicom.send import send_dicom
from GuideGenLib.export.dicom.write import export_dicom

__all__ = ["DicomError", "export_dicom", "fetch_study", "list_studies", "send_dicom"]
