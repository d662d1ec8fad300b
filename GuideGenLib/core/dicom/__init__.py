"""DICOM read: CT series, segmentations and contours in a file, a folder or a zip. It needs pydicom alone."""
