"""Text to Description: what a free text says about a patient, and from which words."""

from GuideGenLib.description.model import Description, DescriptionError, Finding, Span

__all__ = ["Description", "DescriptionError", "Finding", "Span", "parse"]


def parse(text: str) -> Description:
    """See `GuideGenLib.description.parse`."""
    raise NotImplementedError
