"""What all parts of the panel have in common."""

from typing import TYPE_CHECKING, Any

import qt

from .Signal import Signal

if TYPE_CHECKING:
    from .Logic import GuideGenLogic
    from .ParameterNode import GuideGenParameterNode


class Session:
    """The open scene's state, which all parts of the panel share; None while no scene is shown."""

    def __init__(self) -> None:
        self.parameterNode: GuideGenParameterNode | None = None


class Panel:
    """One part: wires its widgets when it is made, and shows the state in `refresh`. It keeps no state of its own
    that a scene should have, and knows no other part: it tells by its signals what happened.

    ui: the widgets of the form by name; changed: emitted when all parts have to show the state again, though the
    parameter node is the same.
    """

    def __init__(self, ui: Any, logic: "GuideGenLogic", session: Session) -> None:
        self.ui, self.logic, self.session = ui, logic, session
        self.changed = Signal()

    @property
    def parameterNode(self) -> "GuideGenParameterNode | None":
        """The state in the scene."""
        return self.session.parameterNode

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


def enable(widget: Any, hindrance: str, tip: str) -> None:
    """A widget with its tooltip; where something hinders (not empty), it is grey and says what."""
    switch(widget, not hindrance)
    widget.toolTip = hindrance or tip


def switch(widget: Any, enabled: bool) -> None:
    """Grey a widget out, or not. Qt moves the focus on from one that is greyed out, and Slicer scrolls the panel after
    it: the focus is given up before."""
    focused = qt.QApplication.focusWidget() if not enabled else None
    if focused is not None and (focused == widget or widget.isAncestorOf(focused)):
        focused.clearFocus()
    widget.enabled = enabled
