"""The three stages as one object, and regeneration after an edit."""

from GuideGenLib.generator.generator import Case, Generator, MaskResult

__all__ = ["Case", "Generator", "MaskResult"]
