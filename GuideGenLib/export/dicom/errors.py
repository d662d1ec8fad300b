"""What can be wrong with an export, and the packages that it needs."""

from GuideGenLib.core.errors import GuideGenError


class DicomError(GuideGenError):
    """A case cannot become a DICOM study as asked; the message says why and what to do."""


def require_packages() -> None:
    """Raise DicomError that names what to install where highdicom or pydicom is missing."""
    try:
        import highdicom  # noqa: F401  pydicom comes with it
    except ImportError as error:
        raise DicomError(
            f"DICOM needs the packages highdicom and pydicom ({error})", 'pip install "guidegen[dicom]"'
        ) from error
