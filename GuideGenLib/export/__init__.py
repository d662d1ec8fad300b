"""What other programs read: a case as a DICOM study."""
