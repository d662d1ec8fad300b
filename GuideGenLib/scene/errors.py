"""What the scene refuses."""

from GuideGenLib.core.errors import GuideGenError


class SceneError(GuideGenError):
    """The scene or a node cannot be used as it is; the message says which, why, and what to do about it."""


class SceneWarning(UserWarning):
    """The scene was read, but something was added or left out; the message says what."""
