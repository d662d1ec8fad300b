"""Training data in the layouts that people have: TotalSegmentator, nnU-Net, AMOS, BTCV, FLARE, and plain folders.

    TotalSegmentator   s0001/ct.nii.gz, s0001/segmentations/liver.nii.gz, ...: one mask a structure
    nnU-Net, AMOS      imagesTr/case_0000.nii.gz, labelsTr/case.nii.gz, dataset.json with the names of the labels
    BTCV               img/img0001.nii.gz, label/label0001.nii.gz
    FLARE              images/case_0000.nii.gz, labels/case.nii.gz
    flat               ct/case.nii.gz, labels/case.nii.gz, anatomies/case.nii.gz: a CT or labels alone are cases, too

What the values of label maps mean must be told (`values`), by a dataset.json, a labels.json or the layout itself.
"""

from GuideGenLib.data.cases import CaseFiles, DataError
from GuideGenLib.data.layouts.finding import find_case, find_cases
from GuideGenLib.data.layouts.reading import read_case, read_ct_image, read_labels, read_named

__all__ = [
    "CaseFiles", "DataError", "find_case", "find_cases", "read_case", "read_ct_image", "read_labels", "read_named",
]  # fmt: skip
