"""What can be measured, each a kind of markups node of the scene, and how it looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Point = Sequence[float]

COLOR = (0.45, 0.95, 1.0)
"""Cyan: no segment and no cross-hair of the page has it."""

TEXT_SCALE, GLYPH_SCALE = 3.2, 1.6
"""Share of the view's size, in percent."""

CORNERS = 8
"""Control points of a region: so few that each can be dragged, so many that the curve is an ellipse to 1 %."""

MEASURE = "GuideGen.Measure"
"""Attribute of the nodes that are made here, with the name of their kind."""


@dataclass(frozen=True)
class Kind:
    """One tool. points: that are placed with the mouse; node: its MRML class; format: of what it measures itself."""

    name: str
    title: str
    icon: str
    points: int
    node: str
    measurement: str
    format: str

    def add(self, scene: Any) -> Any:
        """A new node of this kind without points."""
        node = scene.AddNewNodeByClass(self.node, scene.GenerateUniqueName(self.title))
        node.SetAttribute(MEASURE, self.name)
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        for color in (display.SetColor, display.SetSelectedColor):
            color(*COLOR)
        display.SetTextScale(TEXT_SCALE)
        display.SetGlyphScale(GLYPH_SCALE)
        display.SetPropertiesLabelVisibility(True)
        text = display.GetTextProperty()
        text.SetBold(True)
        text.SetShadow(True)
        measurement = node.GetMeasurement(self.measurement)
        measurement.SetEnabled(True)
        measurement.SetPrintFormat(self.format)
        return node


RULER = Kind("ruler", "Ruler", "mdi-ruler", 2, "vtkMRMLMarkupsLineNode", "length", "%.1f %s")
REGION = Kind(
    "region", "Region", "mdi-ellipse-outline", 2, "vtkMRMLMarkupsClosedCurveNode", "area", "%.2f %s"
)  # fmt: skip
ANGLE = Kind("angle", "Angle", "mdi-angle-acute", 3, "vtkMRMLMarkupsAngleNode", "angle", "%.1f°")
KINDS = {kind.name: kind for kind in (RULER, REGION, ANGLE)}


def ellipse(start: Point, end: Point) -> list[tuple[float, float]]:
    """Points of the ellipse in the rectangle between two corners (x, y)."""
    (x0, y0), (x1, y1) = start, end
    angles = [2 * math.pi * number / CORNERS for number in range(CORNERS)]
    return [
        ((x0 + x1) / 2 + abs(x1 - x0) / 2 * math.cos(angle), (y0 + y1) / 2 + abs(y1 - y0) / 2 * math.sin(angle))
        for angle in angles
    ]
