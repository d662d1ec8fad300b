"""Text to Description: what a free text says about a patient, and from which words."""

from GuideGenLib.description.model import Description, DescriptionError, Finding, LeftOut, OrganState, Span
from GuideGenLib.description.parse import parse

__all__ = ["Description", "DescriptionError", "Finding", "LeftOut", "OrganState", "Span", "parse"]
