"""What all parts of the panel have in common."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ParameterNode import GuideGenParameterNode


class Panel:
    """One part: wires its widgets when it is made, and shows the state in `refresh`. It keeps no state of its own
    that a scene should have.

    widget: the module's GuideGenWidget, which has `ui`, `logic` and `parameterNode` (None while no scene is shown).
    """

    def __init__(self, widget: Any) -> None:
        self.widget = widget
        self.ui = widget.ui
        self.logic = widget.logic

    @property
    def parameterNode(self) -> "GuideGenParameterNode | None":
        """The state in the scene."""
        return self.widget.parameterNode

    def refresh(self) -> None:
        """Show the state; called at each change of it, so it must be cheap when nothing of this part has changed."""

    def sceneChanged(self) -> None:
        """Show what is in the scene, apart from the state: nodes came or went."""

    def enter(self) -> None:
        """The user comes to the module."""

    def exit(self) -> None:
        """The user leaves the module, or the scene is closed."""

    def cleanup(self) -> None:
        """The module goes: end what would call back."""


def enable(button: Any, hindrance: str, tip: str) -> None:
    """A button with its tooltip; where something hinders (not empty), it is grey and says what."""
    button.enabled = not hindrance
    button.toolTip = hindrance or tip
