"""What is drawn on every view, so that each picture of it has it: the mark, and the letters of the directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.runs.results import is_run

MARK, UPLOADED = "SYNTHETIC", "UPLOADED"
"""What the mark says of the CT, or of the anatomy where there is no CT. An uploaded CT may be a patient's."""

DATED = "CT OUT OF DATE"
"""Added to it where the CT does not show the anatomy any more."""

MARK_COLOR = (1.0, 0.7, 0.2)
LETTER_COLOR = (0.95, 0.95, 0.95)
HEADER_PX = 28
"""Height of the bar that the page lays over the upper edge of a view."""

LETTERS = ("RL", "AP", "SI")
"""For a positive and a negative x, y, z of RAS."""

TILTED = 0.34
"""An edge gets a letter for each direction that it leans to by more than about 20 degrees."""


def mark_of(ct: Any, segmentation: Any) -> str:
    """The mark of what a CT and a segmentation node (either may be None) show."""
    made = provenance_of(ct) is not None if ct is not None else segmentation is None or is_run(segmentation)
    return MARK if made else UPLOADED


class Annotations:
    """Texts on a trame_slicer view: MARK in a corner, and for slice views the letters at the four edges.

    They are placed anew before each frame, so they are right for whatever the view shows, in any size.
    """

    def __init__(self, view: Any, letters: bool) -> None:
        self._view = view
        # In a slice view segments would hide what is in their renderer; trame_slicer has a second one over it.
        self._renderer = view.render_window().GetRenderers().GetItemAsObject(1) if letters else view.first_renderer()
        self._size: tuple[int, int] = (0, 0)
        self._mark = self._add(MARK, MARK_COLOR, 0.0, 0.0)
        self._mark.GetTextProperty().SetOpacity(0.85)
        self._caption = self._add("", LETTER_COLOR, 1.0, 0.0)
        self._letters: dict[str, Any] = {}
        if letters:
            self._letters = {
                "left": self._add("", LETTER_COLOR, 0.0, 0.5),
                "right": self._add("", LETTER_COLOR, 1.0, 0.5),
                "bottom": self._add("", LETTER_COLOR, 0.5, 0.0),
                "top": self._add("", LETTER_COLOR, 0.5, 1.0),
            }
        view.render_window().AddObserver("StartEvent", self._place)

    def set_mark(self, text: str) -> None:
        """MARK or UPLOADED, with DATED where that holds."""
        self._mark.SetInput(text)

    def set_caption(self, text: str) -> None:
        """What the lower right corner says: window and thickness."""
        if text != self._caption.GetInput():
            self._caption.SetInput(text)
            self._view.schedule_render()

    @property
    def caption(self) -> str:
        """What it says now."""
        return str(self._caption.GetInput())

    @property
    def letters(self) -> dict[str, str]:
        """The letters by edge ("left", "right", "bottom", "top"), as the last frame has them."""
        return {edge: actor.GetInput() for edge, actor in self._letters.items()}

    def _add(self, text: str, color: Sequence[float], x: float, y: float) -> Any:
        """A text whose side nearest to the point (shares of the view) keeps its distance from it."""
        import vtk

        actor = vtk.vtkTextActor()
        actor.SetInput(text)
        actor.PickableOff()
        look = actor.GetTextProperty()
        look.SetFontFamilyToArial()
        look.SetBold(True)
        look.SetShadow(True)
        look.SetColor(*color)
        look.SetJustification(round(2 * x))
        look.SetVerticalJustification(round(2 * y))
        self._renderer.AddViewProp(actor)
        return actor

    def _place(self, *_: Any) -> None:
        width, height = self._view.render_window().GetSize()
        for edge, text in self._edges().items():
            if self._letters[edge].GetInput() != text:
                self._letters[edge].SetInput(text)
        if (width, height) == self._size:
            return
        self._size = (width, height)
        font = round(min(40, max(12, min(width, height) / 32)))
        gap = max(6, font // 2)
        for actor in (self._mark, self._caption, *self._letters.values()):
            actor.GetTextProperty().SetFontSize(font)
        self._mark.SetPosition(gap, gap)
        self._caption.SetPosition(width - gap, gap)
        if self._letters:
            self._letters["left"].SetPosition(gap, height / 2)
            self._letters["right"].SetPosition(width - gap, height / 2)
            self._letters["bottom"].SetPosition(width / 2, gap)
            self._letters["top"].SetPosition(width / 2, height - gap - HEADER_PX)

    def _edges(self) -> dict[str, str]:
        if not self._letters:
            return {}
        matrix = self._view.get_view_node().GetSliceToRAS()
        right = [matrix.GetElement(row, 0) for row in range(3)]
        up = [matrix.GetElement(row, 1) for row in range(3)]
        return {
            "left": letters_of([-value for value in right]),
            "right": letters_of(right),
            "bottom": letters_of([-value for value in up]),
            "top": letters_of(up),
        }


def letters_of(direction: Sequence[float]) -> str:
    """The letters that a direction (RAS) points to, the strongest first: "L", or "LP" for a tilted one."""
    length = sum(value * value for value in direction) ** 0.5
    parts = zip(direction, LETTERS, strict=True)
    leanings = sorted(((abs(value) / length, pair[value < 0]) for value, pair in parts), reverse=True)
    return "".join(letter for share, letter in leanings if share > TILTED)
