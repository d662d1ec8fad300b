"""How well the classes of a vocabulary fit what a label map shows: where they lie to each other, how large they are.

A liver is not where a lung is. For every two structures the way from the middle of one to that of the other is
compared with the one in the torso frame (`anatomy.torso_frame`), and every structure's volume with the range between
people; what the ends of the volume cut may be smaller and have its middle elsewhere. Nothing is registered: people
differ in size and posture by less than organs lie apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.torso_frame import Frame, torso_frame

LOOKED_AT_MM = 3.0
"""Voxels closer together than this are skipped: middles and volumes hardly change."""
OFF_MM, OFF_SHARE, CUT_MM = 30.0, 0.2, 40.0
"""By so much, and by so much of the way, may a structure lie elsewhere than in the frame; by more where one is cut."""
MORE_OR_LESS = 2.0
"""By such a factor may a structure be larger or smaller than in the people that were measured."""


@dataclass(frozen=True)
class Seen:
    """A value of a label map: ml; middle (z, y, x) in mm, LPS; cut: whether the ends of the volume cut it."""

    ml: float
    middle: NDArray[np.float64]
    cut: bool


@dataclass(frozen=True)
class Fit:
    """Of `structures` that could be compared, how many lie and measure as in people, and the values that do not."""

    in_place: int
    structures: int
    odd: tuple[int, ...] = ()

    @property
    def share(self) -> float:
        return self.in_place / self.structures if self.structures else 0.0

    def __str__(self) -> str:
        return f"{self.in_place} of {self.structures} structures lie and measure as in people"


def seen_in(image: sitk.Image) -> dict[int, Seen]:
    """What a label map shows, by value, without 0. Its values are whole and not negative, uint16 or smaller."""
    oriented = sitk.DICOMOrient(image, "LPS")
    full = sitk.GetArrayViewFromImage(oriented)
    spacing = np.array(oriented.GetSpacing()[::-1])
    step = np.maximum(1, np.floor(LOOKED_AT_MM / spacing)).astype(int)
    array = full[tuple(slice(None, None, int(n)) for n in step)]
    numbers = np.flatnonzero(np.bincount(array.ravel()))
    places = np.zeros(int(numbers[-1]) + 1, np.intp)
    places[numbers] = np.arange(len(numbers))
    index = places[array]
    counts = np.bincount(index.ravel(), minlength=len(numbers))
    middles = np.stack([_middles(np.moveaxis(index, axis, 0), counts) for axis in range(3)], axis=1) * step * spacing
    middles = middles[:, ::-1] @ np.array(oriented.GetDirection()).reshape(3, 3).T  # x, y, z in mm
    faces = [full.take(end, axis) for axis in range(3) for end in (0, -1)]
    cut = set(np.concatenate([np.unique(face) for face in faces]).tolist())
    ml = counts * float(np.prod(spacing * step)) / 1000
    found = enumerate(numbers.tolist())
    return {value: Seen(float(ml[n]), middles[n, ::-1], value in cut) for n, value in found if value}


def fit_of(seen: Mapping[int, Seen], meaning: Mapping[int, Sequence[str]]) -> Fit:
    """How well what was seen fits a vocabulary.

    meaning: the keys of our table that a value stands for, together or one of them; none for what we cannot compare. A
    structure is in its place where most others lie about it as they should. One alone is judged by its volume.
    """
    frame = torso_frame()
    shown = _together(seen, meaning)
    placed = {keys: _middle(keys, frame) for keys in shown if any(key in frame.middles for key in keys)}
    measured = {keys for keys in shown if keys in placed or _volumes(keys, frame)}
    odd = []
    for keys in measured:
        others = [other for other in placed if other != keys] if keys in placed else []
        met = [_lies(shown[keys], shown[other], placed[keys] - placed[other]) for other in others]
        if not _measures(shown[keys], _volumes(keys, frame)) or (met and 2 * sum(met) < len(met)):
            odd.append(keys)
    values = sorted(value for value in seen if tuple(meaning.get(value, ())) in odd)
    return Fit(len(measured) - len(odd), len(measured), tuple(values))


def _together(seen: Mapping[int, Seen], meaning: Mapping[int, Sequence[str]]) -> dict[tuple[str, ...], Seen]:
    """What was seen by the keys of it: ribs are one. Where some of them alone are there, the whole counts as cut."""
    parts: dict[tuple[str, ...], list[int]] = {}
    for value, keys in meaning.items():
        if keys:
            parts.setdefault(tuple(keys), []).append(value)
    found = {}
    for keys, wanted in parts.items():
        there = [seen[value] for value in wanted if value in seen]
        if there:
            ml = [one.ml for one in there]
            middle = np.average([one.middle for one in there], axis=0, weights=ml)
            cut = len(there) < len(wanted) or any(one.cut for one in there)
            found[keys] = Seen(sum(ml), middle, cut)
    return found


def _middles(index: NDArray[np.intp], counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean place of each number along the first axis, in voxels."""
    along = np.stack([np.bincount(plane.ravel(), minlength=len(counts)) for plane in index])
    return np.arange(len(along)) @ along / np.maximum(counts, 1)


def _lies(one: Seen, other: Seen, way: NDArray[np.float64]) -> bool:
    """Is the way from `other` to `one` the one in the frame?"""
    most = OFF_MM + OFF_SHARE * float(np.linalg.norm(way)) + CUT_MM * (one.cut or other.cut)
    return bool(np.linalg.norm(one.middle - other.middle - way) <= most)


def _measures(one: Seen, volumes: tuple[float, float] | None) -> bool:
    if volumes is None:
        return True
    return one.ml <= volumes[1] * MORE_OR_LESS and (one.cut or one.ml >= volumes[0] / MORE_OR_LESS)


def _middle(keys: Sequence[str], frame: Frame) -> NDArray[np.float64]:
    """The middle of structures together, each counting as it is large."""
    known = [key for key in keys if key in frame.middles]
    sizes = [sum(frame.volumes_ml.get(key, (1.0, 1.0))) for key in known]
    middle: NDArray[np.float64] = np.average([frame.middles[key] for key in known], axis=0, weights=sizes)
    return middle


def _volumes(keys: Sequence[str], frame: Frame) -> tuple[float, float] | None:
    """Least of one and most of all of them; None where it is not known."""
    known = [frame.volumes_ml[key] for key in keys if key in frame.volumes_ml]
    return (min(low for low, _ in known), sum(high for _, high in known)) if len(known) == len(keys) > 0 else None
