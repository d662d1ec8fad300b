"""What can be wrong with cases and lessons."""

from GuideGenLib.core.errors import GuideGenError


class CaseError(GuideGenError):
    """A case, a lesson or an answer cannot be used as asked; the message says which, and what to do."""
