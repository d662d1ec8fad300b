"""What is known of each thoracic and lumbar vertebra of an adult: names, and sizes in mm.

Bodies and canals are rounded from Panjabi (Spine 1991;16:888 thoracic, 1992;17:299 lumbar). Heights of a body with its
disc and the courses of processes are by judgement from label maps; only how heights are to each other counts.
"""

from dataclasses import dataclass

LUMBAR, THORACIC = ("L1", "L2", "L3", "L4", "L5"), tuple(f"T{number}" for number in range(12, 0, -1))
PITCH = {
    **dict(zip(LUMBAR, (34.0, 36.0, 37.0, 37.0, 35.0), strict=True)),
    **dict(zip(THORACIC, (31.0, 29.0, 28.0, 26.0, 25.0, 24.0, 23.0, 23.0, 22.0, 21.0, 20.0, 20.0), strict=True)),
}
"""Height of a body and its disc."""


@dataclass(frozen=True)
class Form:
    """One vertebra. Lengths in mm, from the middle of the canal where they are distances.

    disc: part of PITCH that is disc; width, depth: of the body; canal: half the width of the canal; across: end of a
    transverse process to the side; spinous: length of the spinous process behind the arch; falls: by how many degrees
    it points down; tall: half its height.
    """

    disc: float
    width: float
    depth: float
    canal: float
    across: float
    spinous: float
    falls: float
    tall: float


FORMS = {
    "T1": Form(0.2, 29, 18, 9, 34, 28, 15, 5.5),
    "T2": Form(0.19, 27, 19, 8, 31, 27, 25, 5.5),
    "T3": Form(0.18, 26, 20, 7.5, 28, 27, 35, 5.5),
    "T4": Form(0.18, 26, 22, 7.5, 28, 28, 45, 5.5),
    "T5": Form(0.18, 27, 24, 7.5, 28, 29, 52, 5.5),
    "T6": Form(0.18, 28, 26, 7.5, 28, 30, 56, 5.5),
    "T7": Form(0.18, 29, 27, 7.5, 28, 30, 56, 5.5),
    "T8": Form(0.18, 30, 28, 7.5, 27, 29, 52, 5.5),
    "T9": Form(0.19, 32, 29, 7.5, 26, 27, 45, 5.5),
    "T10": Form(0.2, 34, 30, 7.5, 24, 24, 36, 6.5),
    "T11": Form(0.22, 37, 31, 8, 22, 22, 24, 7),
    "T12": Form(0.23, 40, 32, 8.5, 20, 20, 12, 8),
    "L1": Form(0.25, 42, 33, 9, 29, 21, 8, 7.0),
    "L2": Form(0.26, 44, 34, 9, 32, 23, 6, 7.5),
    "L3": Form(0.27, 46, 35, 9.5, 35, 24, 5, 8.0),
    "L4": Form(0.28, 48, 35, 10, 33, 22, 5, 7.5),
    "L5": Form(0.3, 50, 35, 11, 36, 16, 8, 6.0),
}
