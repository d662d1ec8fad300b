"""What is wrong with a text or a description."""

from GuideGenLib.core.errors import GuideGenError


class DescriptionError(GuideGenError):
    """The text is empty, senseless or contradicts itself; the message says what to write instead."""
