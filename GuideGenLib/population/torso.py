"""The joined torso: one person from neck base to femoral heads, made of two labelled scans.

One shows the trunk down into the loins, the other from there down to the hips. The second is registered onto the first
and the two are joined over a ramp of 42 mm; structures that one scan shows whole and the other does not come from that
one alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import opened
from GuideGenLib.core.components import largest_component
from GuideGenLib.core.files import atomic
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.data.layouts import DataError
from GuideGenLib.data.notes import Notes, read_notes
from GuideGenLib.data.scan_measures import VESSEL
from GuideGenLib.data.store import CaseRecord, Store
from GuideGenLib.population.registration import Groups, Spacing, Warp, lattice, register, sample
from GuideGenLib.population.tidying import TISSUES, tidy

SHAPE = (192, 112, 128)
SPACING: Spacing = (3.0, 3.0, 3.0)

FROM_UPPER = (
    "liver", "spleen", "pancreas", "stomach", "stomach_gas", "portal_splenic_vein", "ribs_left", "ribs_right",
    "costal_cartilages", "sternum", "lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right",
    "lung_middle_lobe_right", "lung_lower_lobe_right", "lung_vessel", "heart", "esophagus",
)  # fmt: skip
FROM_LOWER = ("gallbladder", "kidney_left", "kidney_right", "adrenal_left", "adrenal_right", "duodenum")
THIN = (
    "ribs_left", "ribs_right", "adrenal_left", "adrenal_right", "portal_splenic_vein", "great_arteries", "great_veins",
    "iliac_artery_left", "iliac_artery_right", "iliac_vein_left", "iliac_vein_right", "esophagus", "trachea",
    "lung_vessel", "clavicle_left", "clavicle_right", "scapula_left", "scapula_right", "pulmonary_vein",
    "costal_cartilages", "spinal_cord", "pancreas", "duodenum", "superior_vena_cava", "thyroid", "stomach_gas",
    "colon_gas",
)  # fmt: skip


@dataclass(frozen=True)
class Torso:
    """labels uint8 and ct int16 (HU), both [z, y, x] in the canonical frame; spacing (z, y, x) in mm; sources: names of
    the scans that it is joined of."""

    labels: NDArray[np.uint8]
    ct: NDArray[np.int16]
    spacing: Spacing
    sources: tuple[str, ...] = ()


LANDMARKS = ("last thoracic vertebra", "first lumbar vertebra", "second lumbar vertebra")
VERTEBRA_MM = 32.0
"""Height of a vertebra with its disc at the lower end of the chest, by which the three are told apart."""
WEIGHTS = {
    **dict.fromkeys(("vertebrae_thoracic", "vertebrae_lumbar"), 3.0),
    **dict.fromkeys(("spinal_cord", "autochthon_left", "autochthon_right", "aorta", "inferior_vena_cava"), 1.0),
    **dict.fromkeys(("kidney_left", "kidney_right", "liver", "spleen"), 0.8),
    **dict.fromkeys(("iliopsoas_left", "iliopsoas_right", "lung_lower_lobe_left", "lung_lower_lobe_right"), 0.5),
    **dict.fromkeys(("stomach", "pancreas", "duodenum", "colon"), 0.4),
    **dict.fromkeys(("ribs_left", "ribs_right"), 0.3),
}
LANDMARK_WEIGHT, BODY_WEIGHT, INSIDE_WEIGHT = 3.0, 4.0, 3.0


def chosen_scans(records: Sequence[CaseRecord]) -> tuple[CaseRecord, CaseRecord]:
    """(upper, lower): of the labelled scans those that show the most structures, one with the chest down into the
    loins, the other with the pelvis up into them. Raises DataError where there is none."""
    labelled = [record for record in records if record.ct is not None and not record.ct.segmented]
    spine = {"vertebrae_thoracic", "vertebrae_lumbar"}
    found = []
    for region in ("chest", "pelvis"):
        showing = [record for record in labelled if region in record.regions and spine <= set(record.structures)]
        if not showing:
            raise DataError(
                f"no labelled scan shows {region} and loins", "add one, the first torso is made of two scans"
            )
        found.append(max(showing, key=lambda record: (len(record.structures), record.name)))
    return found[0], found[1]


def read_scan(store: Store, record: CaseRecord) -> tuple[NDArray[np.uint8], NDArray[np.int16], Spacing]:
    """Labels with the lung vessels, HU and spacing of a stored scan."""
    assert record.ct is not None
    labels, hu, marks = (np.asarray(store.volume(record, key)) for key in ("labels", "hu", "marks"))
    return np.where(marks & VESSEL, values()["lung_vessel"], labels).astype(np.uint8), hu, (record.ct.spacing,) * 3


def _landmarks(labels: NDArray[np.uint8], spacing: Spacing) -> dict[str, NDArray[np.bool_]]:
    """The three vertebrae about the lower end of the chest, told apart by their distance from it."""
    thoracic, lumbar = (labels == values()[key] for key in ("vertebrae_thoracic", "vertebrae_lumbar"))
    height = np.arange(len(labels))[:, None, None] * spacing[0]
    border = (np.flatnonzero(thoracic.any((1, 2)))[0] + np.flatnonzero(lumbar.any((1, 2)))[-1]) / 2 * spacing[0]
    upper = thoracic & (height < border + VERTEBRA_MM)
    lower = [lumbar & (height > border - (n + 1) * VERTEBRA_MM) & (height <= border - n * VERTEBRA_MM) for n in (0, 1)]
    return dict(zip(LANDMARKS, (upper, *lower), strict=True))


def _groups(upper: NDArray[np.uint8], lower: NDArray[np.uint8], spacings: tuple[Spacing, Spacing]) -> Groups:
    """What the registration matches: bones, organs, the landmarks, the skin and the inside."""
    groups = {key: (upper == values()[key], lower == values()[key], w) for key, w in WEIGHTS.items()}
    groups = {key: group for key, group in groups.items() if group[0].any() and group[1].any()}
    marks = [_landmarks(labels, spacing) for labels, spacing in zip((upper, lower), spacings, strict=True)]
    groups |= {key: (marks[0][key], marks[1][key], LANDMARK_WEIGHT) for key in LANDMARKS}
    groups["body"] = (upper > 0, lower > 0, BODY_WEIGHT)
    inside = [~select(labels, ("background", "subcutaneous_fat")) for labels in (upper, lower)]
    groups["inside"] = (inside[0], inside[1], INSIDE_WEIGHT)
    return groups


def overlap_dice(groups: Groups, warp: Warp, fixed_spacing: Spacing, moving_spacing: Spacing) -> dict[str, float]:
    """Dice of each group where both scans see it, on a grid of 3 mm in the fixed scan."""
    shape = next(iter(groups.values()))[0].shape
    moving_shape = next(iter(groups.values()))[1].shape
    grid = tuple(int((n - 1) * s / 3) + 1 for n, s in zip(shape, fixed_spacing, strict=True))
    points = lattice(grid, SPACING)  # type: ignore[arg-type]
    moved = warp(points)
    end = torch.tensor([(n - 1) * s for n, s in zip(moving_shape, moving_spacing, strict=True)])
    seen = ((moved >= 0) & (moved <= end)).all(-1)
    result = {}
    for key, (fixed, moving, _) in groups.items():
        a = sample(torch.from_numpy(fixed[None].astype(np.float32)), points, fixed_spacing)[0] > 0.5
        b = sample(torch.from_numpy(moving[None].astype(np.float32)), moved, moving_spacing)[0] > 0.5
        both, total = (a & b & seen).sum(), (a & seen).sum() + (b & seen).sum()
        result[key] = float(2 * both / total.clamp_min(1))
    return result


@dataclass(frozen=True)
class _Scan:
    """One scan and where the voxels of the canvas lie in it (mm)."""

    labels: NDArray[np.uint8]
    ct: NDArray[np.int16]
    spacing: Spacing
    points: Tensor

    def votes(self, mask: NDArray[np.bool_], sigma: float = 1.8) -> NDArray[np.float32]:
        """Share of a structure around each voxel of the canvas."""
        soft = ndimage.gaussian_filter(mask.astype(np.float32), [sigma / s for s in self.spacing], mode="nearest")
        return sample(torch.from_numpy(soft)[None], self.points, self.spacing)[0].numpy()

    def hu(self) -> NDArray[np.float32]:
        """The CT on the canvas, freed of detail below its voxels."""
        sigma = [0.4 * 3.0 / s if s < 3.0 else 0.0 for s in self.spacing]
        soft = ndimage.gaussian_filter(self.ct.astype(np.float32), sigma)
        return sample(torch.from_numpy(soft)[None], self.points, self.spacing)[0].numpy()

    def distance(self) -> NDArray[np.float32]:
        """Signed distance to the skin on the canvas, mm, positive inside."""
        body = self.labels > 0
        inner = ndimage.distance_transform_edt(body, sampling=self.spacing)
        outer = ndimage.distance_transform_edt(~body, sampling=self.spacing)
        signed = torch.from_numpy((inner - outer).astype(np.float32))[None]
        # Beyond the sides of the field of view a body that it cuts is rounded off.
        end = torch.tensor([(n - 1) * s for n, s in zip(self.labels.shape, self.spacing, strict=True)])
        beyond = (self.points - self.points.clamp(torch.zeros(3), end))[..., 1:].norm(dim=-1)
        return (sample(signed, self.points, self.spacing)[0] - 2.5 * beyond).numpy()


def _canvas(upper: _Scan, lower: _Scan, warp: Warp) -> Tensor:
    """Points [192, 112, 128, 3] of the canvas in the upper scan, mm: the whole trunk fills it from end to end.

    One scale for all axes (within 1 to 1.1) brings the end of the femora to the bottom. The trunk is centred, and the
    sideways lean between the two scans is shared out so that neither leans more than half of it.
    """
    end = [(n - 1) * s for n, s in zip(upper.labels.shape, upper.spacing, strict=True)]
    centre = torch.tensor([e / 2 for e in end], dtype=torch.float32)
    lean = -0.5 * float(torch.atan2(warp.matrix[2, 0] - warp.matrix[0, 2], warp.matrix[0, 0] + warp.matrix[2, 2]))
    sin, cos = float(np.sin(lean)), float(np.cos(lean))
    turn = torch.tensor([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])
    # Height at which the axis of the trunk leaves the lower scan.
    line = torch.zeros(4000, 3)
    line[:, 0] = torch.linspace(-600.0, 0.0, 4000)
    bottom = float(line[warp(line @ turn.T + centre)[:, 0] > 0][0, 0])
    length = end[0] / 2 - bottom
    scale = float(np.clip((SHAPE[0] - 1) * SPACING[0] / length, 1.0, 1.1))
    points = lattice(SHAPE, SPACING) / scale
    points = points - torch.tensor([(SHAPE[0] - 1) * 3.0 / scale - end[0] / 2, *(points[0, -1, -1, 1:] / 2).tolist()])
    placed = points @ turn.T + centre
    thin = placed[::4]
    seen = (thin[:, :1, :1, :1] >= 0).numpy()[..., 0]
    above, below = replace(upper, points=thin).distance(), replace(lower, points=warp(thin)).distance()
    body = np.asarray(np.where(seen, above, below) > 0)
    columns, rows = np.asarray(body.any(1)), np.asarray(body.any((0, 2)))
    middle_x = np.median([np.flatnonzero(c)[[0, -1]].mean() for c in columns if c.any()])
    middle_y = np.flatnonzero(rows)[[0, -1]].mean()
    move = torch.tensor([0.0, middle_y - (SHAPE[1] - 1) / 2, middle_x - (SHAPE[2] - 1) / 2], dtype=torch.float32)
    return (points + move * 3.0 / scale) @ turn.T + centre


def _ramp(points: Tensor, warp: Warp, lower_shape: tuple[int, ...], lower_spacing: Spacing) -> NDArray[np.float32]:
    """Share of the upper scan: 0 below, 1 above, over 42 mm at 42 % of the heights that both scans show."""
    height = points[:, 0, 0, 0]
    middle = points[:, SHAPE[1] // 2, SHAPE[2] // 2]
    seen = (height >= 0) & (warp(middle)[:, 0] <= (lower_shape[0] - 1) * lower_spacing[0])
    low, high = float(height[seen].min()), float(height[seen].max())
    share = ((height - (low + 0.42 * (high - low))) / 42.0 + 0.5).clamp(0, 1)
    share = share * share * (3 - 2 * share)
    return share.numpy()[:, None, None].astype(np.float32)


def _join(upper: _Scan, lower: _Scan, ramp: NDArray[np.float32], progress: Progress) -> NDArray[np.uint8]:
    """The labels with most votes, where each scan votes with its share of the ramp."""
    value = values()
    inside = ramp * upper.distance() + (1 - ramp) * lower.distance()
    # Steps of the skin go where the two distances are averaged over a centimetre.
    inside = ndimage.gaussian_filter(inside, 2.0) > 0
    # Opening takes off what is left of a hand that lay on the flank, below the arms: there the sides are air.
    trunk = ramp[:, 0, 0] < 1
    wide = np.pad(inside, ((0, 0), (0, 0), (12, 12)))
    inside[trunk] = largest_component(opened(wide, 30.0, SPACING), faces=True)[trunk, :, 12:-12]
    best = np.full(SHAPE, 0.02, dtype=np.float32)
    labels = np.full(SHAPE, value["torso_fat"], dtype=np.uint8)
    keys = [key for key in value if key != "background"]
    shown = (upper.points[..., 0] >= 0).numpy().astype(np.float32)
    for i, key in enumerate(keys):
        share = ramp
        if key in FROM_UPPER:
            share = shown
        elif key in FROM_LOWER:
            share = np.zeros_like(ramp)
        votes = np.zeros(SHAPE, dtype=np.float32)
        for scan, part in ((upper, share), (lower, 1 - share)):
            mask = scan.labels == value[key]
            if mask.any() and part.any():
                votes += part * scan.votes(mask, 1.2 if key in THIN else 1.8)
        whole = key in FROM_UPPER or key in FROM_LOWER
        votes *= (1.25 if key in THIN else 1.0) * (1.3 if whole else 1.0)
        better = votes > best
        best[better] = votes[better]
        labels[better] = value[key]
        progress("join", (i + 1) / len(keys))
    # Where the blended skin lies outside that of a scan there are no votes, or those of what its body mask cut.
    outer = inside & ~ndimage.binary_erosion(inside, iterations=2, border_value=1)
    labels[outer & select(labels, TISSUES)] = value["subcutaneous_fat"]
    labels[~inside] = 0
    return labels


def _join_ct(upper: _Scan, lower: _Scan, ramp: NDArray[np.float32], labels: NDArray[np.uint8]) -> NDArray[np.int16]:
    """The CT of the join: at each voxel the scan that shows its label there; where none does, the label's median."""
    value = values()
    total = np.zeros(SHAPE, dtype=np.float32)
    weight = np.zeros(SHAPE, dtype=np.float32)
    share = np.broadcast_to(ramp, SHAPE).copy()
    share[select(labels, FROM_UPPER)] = 1.0
    share[select(labels, FROM_LOWER)] = 0.0
    for scan, part in ((upper, share), (lower, 1 - share)):
        index = (scan.points / torch.tensor(scan.spacing)).round().long()
        for axis, n in enumerate(scan.labels.shape):
            index[..., axis].clamp_(0, n - 1)
        there = scan.labels[index[..., 0].numpy(), index[..., 1].numpy(), index[..., 2].numpy()]
        part = ndimage.gaussian_filter(np.where(there == labels, part + 0.005, 0.0).astype(np.float32), 0.5)
        part = np.where(there == labels, part, 0.0)
        total += part * scan.hu()
        weight += part
    known = weight > 0.02
    ct = np.where(known, total / np.maximum(weight, 1e-3), 0.0)
    for number in np.unique(labels[~known]):
        gap = ~known & (labels == number)
        same = ct[known & (labels == number)]
        ct[gap] = np.median(same) if same.size else 0.0
    blurred = ndimage.gaussian_filter(ct, 0.6)
    ct = np.where(known, ct, blurred)
    ct[labels == value["background"]] = np.minimum(ct[labels == value["background"]], -900)
    return np.clip(ct, -1024, 3071).round().astype(np.int16)


def build_torso(store: Store, progress: Progress = silent) -> Torso:
    """Join two labelled scans of a store, about two minutes on two cores. Raises DataError where it has none."""
    records = [record for record in store.usable() if read_notes(store.folder).get(record.name, Notes()).split is None]
    chosen = chosen_scans(records)
    upper, lower = (read_scan(store, record) for record in chosen)
    groups = _groups(upper[0], lower[0], (upper[2], lower[2]))
    warp = register(groups, LANDMARKS, upper[2], lower[2], still_below=0.0, progress=progress)
    return replace(join(upper, lower, warp, progress), sources=tuple(record.name for record in chosen))


def join(
    upper: tuple[NDArray[np.uint8], NDArray[np.int16], Spacing],
    lower: tuple[NDArray[np.uint8], NDArray[np.int16], Spacing],
    warp: Warp,
    progress: Progress = silent,
) -> Torso:
    """Join two scans (labels, ct, spacing) whose registration is known."""
    nowhere = torch.zeros(1, 3)
    points = _canvas(_Scan(*upper, nowhere), _Scan(*lower, nowhere), warp)
    ramp = _ramp(points, warp, lower[0].shape, lower[2])
    scan_u = _Scan(*upper, points)
    scan_l = _Scan(*lower, warp(points))
    labels = tidy(_join(scan_u, scan_l, ramp, progress))
    return Torso(labels, _join_ct(scan_u, scan_l, ramp, labels), SPACING)


def cached_torso(store: Callable[[], Store], folder: Path, progress: Progress = silent) -> Torso:
    """The joined torso, read from `folder`/torso.npz or built of a store and written there. Raises DataError."""
    path = folder / "torso.npz"
    if path.is_file():
        with np.load(path) as stored:
            z, y, x = (float(s) for s in stored["spacing"])
            sources = tuple(stored["sources"].tolist()) if "sources" in stored else ()
            return Torso(stored["labels"], stored["ct"], (z, y, x), sources)
    torso = build_torso(store(), progress)
    write_torso(torso, folder)
    return torso


def write_torso(torso: Torso, folder: Path) -> Path:
    """Write torso.npz (labels, ct, spacing) into `folder`, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "torso.npz"
    with atomic(target) as private:
        told = {"spacing": np.array(torso.spacing), "sources": np.array(torso.sources, str)}
        np.savez_compressed(private, labels=torso.labels, ct=torso.ct, **told)  # type: ignore[arg-type]
    return target
