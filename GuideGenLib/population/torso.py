"""The joined torso: one person from neck base to femoral heads, made of two labelled scans.

lidc_0001 shows the trunk down to L3, totalseg_example from the lung bases down to the hips. The second is registered
onto the first and the two are joined over a ramp of 42 mm; structures that one scan shows whole and the other does
not come from that one alone. Both are part of the data described in the model card, neither is shipped.
"""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import largest_component
from GuideGenLib.core.files import atomic
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.data.layouts import find_case, read_case
from GuideGenLib.data.tissues import closed, opened
from GuideGenLib.population.registration import Groups, Spacing, Warp, lattice, register, sample

SHAPE = (192, 112, 128)
SPACING: Spacing = (3.0, 3.0, 3.0)
UPPER, LOWER = "lidc_0001", "totalseg_example"

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
TISSUES = ("body", "muscle", "torso_fat", "subcutaneous_fat")
SPECKLE = (*TISSUES, "lung_vessel", "colon_gas", "stomach_gas")
MANY = (
    "ribs_left", "ribs_right", "costal_cartilages", "great_arteries", "great_veins", "pulmonary_vein", "colon",
    "small_bowel", "vertebrae_cervical", "vertebrae_thoracic", "vertebrae_lumbar", "sternum", "thyroid",
)  # fmt: skip


@dataclass(frozen=True)
class Torso:
    """labels uint8 and ct int16 (HU), both [z, y, x] in the canonical frame; spacing (z, y, x) in mm."""

    labels: NDArray[np.uint8]
    ct: NDArray[np.int16]
    spacing: Spacing


def _read(path: Path) -> tuple[NDArray[np.int16], Spacing]:
    image = sitk.DICOMOrient(sitk.ReadImage(str(path)), "LPS")
    x, y, z = image.GetSpacing()
    return sitk.GetArrayFromImage(image), (z, y, x)


def source_names(data_dir: Path) -> dict[str, int]:
    """Value of each structure in the label maps of the data, by TotalSegmentator name."""
    with (data_dir / "totalsegmentator_v2_labels.csv").open(newline="", encoding="utf-8") as file:
        return {row["structure"]: int(row["label"]) for row in csv.DictReader(file)}


def read_labelled(data_dir: Path, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int16], Spacing]:
    """One of the two labelled scans in our labels, at its own spacing in the canonical frame.

    Returns labels uint8 with every tissue named (0 is air outside the body), CT int16 in HU, spacing (z, y, x) in mm.
    Raises FileNotFoundError when `data_dir` does not hold the scan, DataError when its files cannot be used.
    """
    for part in ("ct", "labels"):
        if not (data_dir / part / f"{name}.nii.gz").is_file():
            raise FileNotFoundError(f"no {part} of {name} in {data_dir}")
    labels, ct, spacing = read_case(find_case(data_dir, name))
    assert labels is not None
    return labels, ct, spacing


LANDMARKS = ("vertebrae_T12", "vertebrae_L1", "vertebrae_L2")
WEIGHTS = {
    **dict.fromkeys((*LANDMARKS, "vertebrae_L3"), 3.0),
    **dict.fromkeys(("spinal_cord", "autochthon_left", "autochthon_right", "aorta", "inferior_vena_cava"), 1.0),
    **dict.fromkeys(("kidney_left", "kidney_right", "liver", "spleen"), 0.8),
    **dict.fromkeys(("iliopsoas_left", "iliopsoas_right", "lung_lower_lobe_left", "lung_lower_lobe_right"), 0.5),
    **dict.fromkeys(("stomach", "pancreas", "duodenum", "colon"), 0.4),
}


def _groups(data_dir: Path, mapped: dict[str, NDArray[np.uint8]]) -> Groups:
    """What the registration matches: single structures by their source name, ribs, the skin and the inside."""
    source = source_names(data_dir)
    raw = {name: _read(data_dir / "labels" / f"{name}.nii.gz")[0] for name in (UPPER, LOWER)}
    groups = {key: (raw[UPPER] == source[key], raw[LOWER] == source[key], w) for key, w in WEIGHTS.items()}
    for side in ("left", "right"):
        upper, lower = (select(mapped[name], (f"ribs_{side}",)) for name in (UPPER, LOWER))
        groups[f"ribs_{side}"] = (upper, lower, 0.3)
    groups["body"] = (mapped[UPPER] > 0, mapped[LOWER] > 0, 4.0)
    inside = [~select(mapped[name], ("background", "subcutaneous_fat")) for name in (UPPER, LOWER)]
    groups["inside"] = (inside[0], inside[1], 3.0)
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


def tidy(labels: NDArray[np.uint8], spacing: Spacing = SPACING, *, speckle: int = 12) -> NDArray[np.uint8]:
    """One component for each organ that is one piece; small pieces of the others go to what surrounds them.

    A gap that the join cut is closed over 9 mm first, through tissue and never through another organ.
    """
    value = values()
    result = labels.copy()
    orphan = np.zeros(labels.shape, dtype=bool)
    for key, number in value.items():
        mask = result == number
        if key == "background" or not mask.any():
            continue
        parts, count = ndimage.label(mask)
        if key not in (*SPECKLE, *MANY) and count > 1:
            mask = mask | (closed(mask, 9.0, spacing) & select(result, TISSUES))
            parts, count = ndimage.label(mask)
            sizes = np.bincount(parts.ravel())
            sizes[0] = 0
            main = parts == sizes.argmax()
            result[main] = number
            orphan |= (labels == number) & ~main
        else:
            sizes = np.bincount(parts.ravel())
            least = speckle if key in ("lung_vessel", "colon_gas", "stomach_gas") else 3 * speckle
            orphan |= mask & (sizes < least)[parts]
    known = ~orphan & (result > 0)
    index = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    result[orphan] = result[tuple(axis[orphan] for axis in index)]
    return result


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


def build_torso(data_dir: Path, progress: Progress = silent) -> Torso:
    """Join the two labelled scans of `data_dir`, about two minutes on two cores.

    Raises FileNotFoundError when a scan is missing.
    """
    scans = {}
    for i, name in enumerate((UPPER, LOWER)):
        scans[name] = read_labelled(data_dir, name)
        progress("read", (i + 1) / 2)
    groups = _groups(data_dir, {name: scan[0] for name, scan in scans.items()})
    warp = register(groups, LANDMARKS, scans[UPPER][2], scans[LOWER][2], still_below=0.0, progress=progress)
    return join(scans[UPPER], scans[LOWER], warp, progress)


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


def cached_torso(data_dir: Path, folder: Path, progress: Progress = silent) -> Torso:
    """The joined torso, read from `folder`/torso.npz or built and written there."""
    path = folder / "torso.npz"
    if path.is_file():
        with np.load(path) as stored:
            z, y, x = (float(s) for s in stored["spacing"])
            return Torso(stored["labels"], stored["ct"], (z, y, x))
    torso = build_torso(data_dir, progress)
    write_torso(torso, folder)
    return torso


def write_torso(torso: Torso, folder: Path) -> Path:
    """Write torso.npz (labels, ct, spacing) into `folder`, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "torso.npz"
    with atomic(target) as private:
        np.savez_compressed(private, labels=torso.labels, ct=torso.ct, spacing=np.array(torso.spacing))
    return target
