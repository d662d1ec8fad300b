"""The errors that a user may see, and those that several parts raise."""

from typing import ClassVar


class GuideGenError(ValueError):
    """`message` says what is wrong, `remedy` what to do about it; as text they are joined by a colon.

    Each part derives errors of its own. Where the remedy is woven into the sentence it is part of the message.
    """

    kind: ClassVar[str] = "input"
    """What is at fault, one of `engine.protocol.KINDS`."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message}: {remedy}" if remedy else message)
        self.message, self.remedy = message, remedy


class VolumeError(GuideGenError):
    """A volume or its file cannot be used; the message says which, why, and what to do."""


class FileWarning(UserWarning):
    """What a user should know of a file that was taken all the same; the command line prints it as a note."""


class EvaluationError(GuideGenError):
    """An evaluation cannot run as asked; the message says what is missing."""
