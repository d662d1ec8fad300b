"""How ribs run: measured in the labels of three people, mean of both sides.

Directions are degrees about an axis through the chest CENTRE_MM before the canal, 0 at the back and 180 in front.
Heights are parts of the way from the lower end of T12 to the upper end of T1. LIDC-IDRI-0001 and two people of
TotalSegmentator's data set (s0004, s0327); they differ by some .05.
"""

from dataclasses import dataclass

CENTRE_MM = 65.0
STEP = 20
"""Degrees between two heights of a course."""


@dataclass(frozen=True)
class RibCourse:
    """start: direction of the first height, those after it STEP degrees apart; tip: where cartilage begins."""

    start: int
    heights: tuple[float, ...]
    tip: int


COURSES = {
    1: RibCourse(60, (1.02, 0.97, 0.90, 0.84, 0.81), 142),
    2: RibCourse(40, (0.97, 0.95, 0.89, 0.81, 0.76, 0.72), 147),
    3: RibCourse(40, (0.87, 0.86, 0.81, 0.73, 0.65, 0.59), 146),
    4: RibCourse(40, (0.82, 0.79, 0.72, 0.63, 0.54, 0.46), 144),
    5: RibCourse(40, (0.74, 0.70, 0.62, 0.53, 0.42, 0.34), 141),
    6: RibCourse(40, (0.65, 0.60, 0.52, 0.43, 0.31, 0.22), 134),
    7: RibCourse(40, (0.55, 0.50, 0.43, 0.31, 0.16, 0.08), 125),
    8: RibCourse(40, (0.44, 0.39, 0.32, 0.16, 0.03), 116),
    9: RibCourse(40, (0.33, 0.27, 0.18, 0.02, -0.08), 106),
    10: RibCourse(40, (0.21, 0.11, 0.03, -0.09), 99),
    11: RibCourse(40, (0.08, -0.04, -0.12, -0.2), 86),
    12: RibCourse(40, (-0.03, -0.11, -0.2), 58),
}
STERNUM = {1: 0.12, 2: 0.3, 3: 0.43, 4: 0.55, 5: 0.66, 6: 0.78, 7: 0.9}
"""How far down the sternum the cartilage of a rib meets it."""
MARGIN = {8: (7, 0.4), 9: (8, 0.5), 10: (9, 0.5)}
"""The cartilage that one joins which does not reach the sternum, and how far along it."""
