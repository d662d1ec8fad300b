"""Which part of the colon a voxel belongs to, by position in the body.

Bowel labels of generated or cropped volumes break and touch themselves, so an ordering along the gut is not to be
trusted. Position is: each part has a typical course in a frame of spine, promontory and first lumbar vertebra, and a
voxel belongs to the part whose course runs nearest. A part that is not there has a nearest substitute, never none.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.findings.shapes import Spacing

COURSES: dict[str, list[tuple[float, float, float]]] = {
    "cecum": [(-0.75, 0.50, -0.05), (-0.80, 0.55, 0.10)],
    "ascending": [(-0.85, 0.65, 0.25), (-0.90, 0.75, 0.75)],
    "hepatic_flexure": [(-0.85, 0.60, 0.95), (-0.65, 0.30, 0.85)],
    "transverse": [(-0.45, 0.10, 0.73), (0.0, 0.0, 0.62), (0.35, 0.05, 0.72), (0.65, 0.25, 0.95)],
    "splenic_flexure": [(0.85, 0.70, 1.12)],
    "descending": [(0.92, 0.90, 0.90), (0.95, 0.85, 0.50), (0.85, 0.65, 0.15)],
    "sigmoid": [(0.70, 0.45, 0.0), (0.45, 0.45, -0.25), (0.10, 0.65, -0.35), (0.0, 0.85, -0.20)],
    "rectum": [(0.0, 1.0, -0.40), (0.0, 1.10, -1.0)],
}
"""Course of each part as a polyline: to the patient's left in half-widths of the colon, backwards from its front (0) to
the lumbar bodies (1), upwards from the promontory (0) to the top of L1 (1)."""


@dataclass(frozen=True)
class BowelFrame:
    """Origin and unit lengths in mm (z, y, x) of the frame in which the courses are given."""

    origin: np.ndarray
    units: np.ndarray

    def coordinates(self, voxels: np.ndarray, spacing: Spacing) -> np.ndarray:
        """[n, 3] left, back and up coordinates of voxel positions [n, 3] (z, y, x)."""
        return ((voxels * np.asarray(spacing) - self.origin) / self.units)[:, ::-1]


def bowel_voxels(labels: np.ndarray) -> np.ndarray:
    """Boolean volume of the colon with its gas."""
    v = values()
    return (labels == v["colon"]) | (labels == v["colon_gas"])


def bowel_frame(labels: np.ndarray, spacing: Spacing) -> BowelFrame:
    """Frame of the colon from spine and sacrum, or from the colon itself where the volume does not hold them."""
    v = values()
    bowel = np.argwhere(bowel_voxels(labels)) * np.asarray(spacing)

    def points(*keys: str) -> np.ndarray:
        return np.argwhere(np.isin(labels, [v[k] for k in keys])) * np.asarray(spacing)

    lumbar, sacrum = points("vertebrae_lumbar"), points("sacrum")
    spine = np.concatenate([lumbar, sacrum])
    if len(spine) == 0:
        spine = points("vertebrae_thoracic", "spinal_cord")
    middle = float(spine[:, 2].mean()) if len(spine) else float(np.argwhere(labels)[:, 2].mean()) * spacing[2]
    half_width = max(float(np.percentile(np.abs(bowel[:, 2] - middle), 99)), 60.0)
    front = float(np.percentile(bowel[:, 1], 2))
    back = float(lumbar[:, 1].mean()) if len(lumbar) else float(np.percentile(bowel[:, 1], 98))
    bottom = _promontory(lumbar, sacrum, bowel)
    top = float(np.percentile(lumbar[:, 0], 99)) if len(lumbar) else float(np.percentile(bowel[:, 0], 95))
    height = top - bottom if top - bottom > 90 else 165.0
    return BowelFrame(np.array([bottom, front, middle]), np.array([height, max(back - front, 60.0), half_width]))


def _promontory(lumbar: np.ndarray, sacrum: np.ndarray, bowel: np.ndarray) -> float:
    if len(sacrum):
        return float(np.percentile(sacrum[:, 0], 97))
    if len(lumbar):
        return float(lumbar[:, 0].min())
    return float(np.percentile(bowel[:, 0], 20))


def distances_to_parts(coordinates: np.ndarray) -> np.ndarray:
    """[n, 8] distance of points in frame coordinates [n, 3] to the course of each part, in the order of COURSES."""
    return np.stack([_to_polyline(coordinates, np.array(course)) for course in COURSES.values()], axis=1)


def _to_polyline(points: np.ndarray, course: np.ndarray) -> np.ndarray:
    if len(course) == 1:
        return np.linalg.norm(points - course[0], axis=1)
    nearest = np.full(len(points), np.inf)
    for start, stop in pairwise(course):
        along = np.clip((points - start) @ (stop - start) / ((stop - start) @ (stop - start)), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(points - start - along[:, None] * (stop - start), axis=1))
    return nearest


def parts_of(voxels: np.ndarray, frame: BowelFrame, spacing: Spacing) -> np.ndarray:
    """Name of the part of the colon for each voxel position [n, 3]."""
    names = np.array(list(COURSES))
    return names[np.argmin(distances_to_parts(frame.coordinates(voxels, spacing)), axis=1)]


def distances_to_part(
    labels: np.ndarray, spacing: Spacing, part: str, voxels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Distance of voxel positions [n, 3] to the course of a part, and to that of the nearest part, in frame units."""
    distances = distances_to_parts(bowel_frame(labels, spacing).coordinates(voxels, spacing))
    return distances[:, list(COURSES).index(part)], distances.min(axis=1)


def voxels_of_part(labels: np.ndarray, spacing: Spacing, part: str) -> tuple[np.ndarray, str]:
    """Typical voxels [n, 3] of a part of the colon and a note, empty if the part is there.

    A part without voxels is replaced by the nearest stretch of colon, and the note says so.
    """
    frame = bowel_frame(labels, spacing)
    voxels = np.argwhere(bowel_voxels(labels))
    distances = distances_to_parts(frame.coordinates(voxels, spacing))
    wanted = list(COURSES).index(part)
    inside = np.argmin(distances, axis=1) == wanted
    enough = int(2000 / np.prod(spacing)) + 1
    if inside.sum() >= enough:
        near = distances[:, wanted] <= np.quantile(distances[inside, wanted], 0.6)
        return voxels[inside & near], ""
    order = np.argsort(distances[:, wanted])[: 3 * enough]
    instead = list(COURSES)[int(np.bincount(np.argmin(distances[order], axis=1)).argmax())]
    note = f"no colon where the {part} runs: nearest part taken ({instead})".replace("_", " ")
    return voxels[order], note
