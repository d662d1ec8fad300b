"""Does the CT show its anatomy? A segmenter reads the generated CT, and its labels are compared with the mask.

The measure is that of the paper's table (METHOD.md, section 5): Dice of ten organs. Beside it stand the paper's rows,
which were taken with other data, masks and segmenter, and what our segmenter reaches on a real scan that it never saw.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from GuideGenLib.anatomy import table
from GuideGenLib.anatomy.structures import select
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import atomic, write_json
from GuideGenLib.core.resample import nearest
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.report.section import NOT_MEASURABLE, SEES, Figure, Section, Table, mean_figure, sees
from GuideGenLib.judges.agreement import ORGANS, compare_labels, compare_organs
from GuideGenLib.judges.segmenter import SPACING
from GuideGenLib.judges.shares import interval

if TYPE_CHECKING:
    from GuideGenLib.judges.folder import Judges

WANTED_MEAN, WANTED_WORST, PAPER_MEAN = 0.75, 0.5, 0.65
PAPER = {
    "MAISI": (0.73, 0.72, 0.80, 0.60, 0.43, 0.84, 0.49, 0.35, 0.55, 0.40, 0.59),
    "Zhuang's": (0.43, 0.43, 0.62, 0.36, 0.21, 0.69, 0.37, 0.23, 0.26, 0.24, 0.38),
    "MedDDPM": (0.35, 0.36, 0.39, 0.54, 0.29, 0.34, 0.47, 0.43, 0.67, 0.22, 0.41),
    "MedSyn": (0.52, 0.51, 0.51, 0.40, 0.07, 0.59, 0.12, 0.01, 0.54, 0.22, 0.35),
    "GuideGen": (0.75, 0.72, 0.90, 0.63, 0.46, 0.84, 0.51, 0.41, 0.70, 0.53, 0.65),
}
"""Published Dice of the organs in the order of ORGANS, and their average (arXiv 2403.07247)."""
OURS = PAPER["GuideGen"]
SHOWN = 4
MONTAGE = "alignment.png"
SEGMENTATION, SEGMENTATION_NOTE = "segmentation.npz", "segmentation.json"
CT_WINDOW = (-160.0, 240.0)


def segmentation(case: GeneratedCase, judges: "Judges") -> np.ndarray:
    """What the segmenter sees in a case's CT: uint8 [z, y, x] at 3 mm, TUMOUR for lesions.

    Kept in the case's folder beside the CT that it belongs to, since several parts of an evaluation ask for it.
    """
    kept, note = case.folder / SEGMENTATION, case.folder / SEGMENTATION_NOTE
    ct = (case.folder / "ct.nii.gz").stat()
    identity: dict[str, Any] = {"judges": judges.identity, "ct_bytes": ct.st_size, "ct_written_ns": ct.st_mtime_ns}
    if kept.is_file() and note.is_file() and json.loads(note.read_text(encoding="utf-8")) == identity:
        with np.load(kept) as stored:
            return stored["labels"]
    found = judges.segmenter.segment(*case.hu(SPACING))
    note.unlink(missing_ok=True)
    with atomic(kept) as private, private.open("wb") as file:
        np.savez_compressed(file, labels=found)
    write_json(identity, note)
    return found


def conditioning_mask(case: GeneratedCase, shape: tuple[int, ...]) -> np.ndarray:
    """The case's label values uint8 at 3 mm on the grid of its CT: two centred grids that differ by a voxel at most."""
    labels, spacing = case.labels(SPACING)
    if any(abs(one - two) > 1 for one, two in zip(labels.shape, shape, strict=True)):
        raise EvaluationError(
            f"anatomy and CT of {case.folder} have different extents ({labels.shape} and {shape} voxels of 3 mm)",
            "delete the folder, the case is made anew",
        )
    return labels[np.ix_(*(nearest(old, spacing, new, SPACING) for old, new in zip(labels.shape, shape, strict=True)))]


def measure_alignment(cases: Sequence[GeneratedCase], judges: "Judges", output: Path) -> Section:
    """Dice and surface distances between the conditioning masks and what the segmenter finds in the CTs.

    Organs that neither mask nor segmentation shows (under 1 ml) do not count. Writes `output`/alignment.png.
    Raises EvaluationError without cases.
    """
    if not cases:
        raise EvaluationError("no generated case to measure the alignment on", "ask for at least one")
    scores, every = [], []
    pictures: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for case in cases:
        found = segmentation(case, judges)
        mask = conditioning_mask(case, found.shape)
        scores.append(compare_organs(found, mask, SPACING))
        every.append(compare_labels(found, mask, SPACING))
        if len(pictures) < SHOWN:
            pictures.append((case.hu(SPACING)[0], mask, found))
    values = np.array([[one[organ] for organ in ORGANS] for one in scores])  # [cases, organs, 3]
    section = Section("alignment", "Does the CT show its anatomy?")
    section.figures += _figures(values, judges.ceilings)
    told = judges.about["segmenter"]["ceilings"]
    section.tables.append(_paper_table(values[..., 0], judges.ceilings, told.get("rendered", {}).get("dice", {})))
    section.tables += [_distance_table(values), _label_table(every, told.get("labels", {}))]
    section.pictures.append(("CT, conditioning mask, segmentation of the CT; axial and coronal", output / MONTAGE))
    write_pictures(pictures, output / MONTAGE)
    section.remarks += _remarks(judges)
    return section


def _figures(values: np.ndarray, ceilings: dict[str, float]) -> list[Figure]:
    """Mean of the organs, of those that the judge sees, the worst one, and each organ.

    values [cases, organs, 3] with NaN where it does not count.
    """
    dice = values[..., 0]
    known = [ceilings[organ] for organ in ORGANS if organ in ceilings]
    overall = float(np.mean(known)) if known else None
    lowest = float(np.min(known)) if known else None
    seen = [index for index, organ in enumerate(ORGANS) if organ in ceilings and sees(ceilings[organ])]
    result = [_over_organs("mean DSC of the organs", dice, np.nanmean, WANTED_MEAN, overall, PAPER_MEAN)]
    if seen and len(seen) < len(ORGANS):
        names = [list(ORGANS)[index] for index in seen]
        ceiling = float(np.mean([ceilings[name] for name in names]))
        paper = float(np.mean([OURS[index] for index in seen]))
        name = "mean DSC of the organs that the judge sees"
        mean = _over_organs(name, dice[:, seen], np.nanmean, WANTED_MEAN, ceiling, paper)
        result.append(replace(mean, note=f"These are {', '.join(names)}; the paper's mean is of the same."))
    result.append(_over_organs("DSC of the worst organ", dice, np.nanmin, WANTED_WORST, lowest, min(OURS[:-1])))
    for index, organ in enumerate(ORGANS):
        own = ceilings.get(organ)
        name, each = f"DSC {organ}", dice[:, index].tolist()
        result.append(mean_figure(name, each, ceiling=own, paper=OURS[index], judge=own))
    return result


def _over_organs(
    name: str, dice: np.ndarray, reduce: Any, wanted: float, ceiling: float | None, paper: float
) -> Figure:
    """A statistic of the organs' means over the cases, its interval a bootstrap over the cases."""
    if not np.isfinite(dice).any():
        return Figure(name, None, None, None, 0, wanted, ceiling, paper, judge=ceiling)
    dice = dice[np.isfinite(dice).any(axis=1)]
    low, high = interval(len(dice), lambda drawn: reduce(_organ_means(dice[drawn]), axis=-1))
    value = float(reduce(_organ_means(dice)))
    return Figure(name, value, low, high, len(dice), wanted, ceiling, paper, judge=ceiling)


def _organ_means(dice: np.ndarray) -> np.ndarray:
    """Mean over the cases [..., cases, organs] -> [..., organs]; NaN for an organ that no case shows."""
    shown = np.isfinite(dice)
    total, count = np.where(shown, dice, 0.0).sum(axis=-2), shown.sum(axis=-2)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _paper_table(dice: np.ndarray, ceilings: dict[str, float], rendered: dict[str, float]) -> Table:
    """The paper's table with our row, and the segmenter's own on a real scan and on rendered people."""
    means = _organ_means(dice)
    rows = [(name, *(_two(value) for value in row)) for name, row in PAPER.items()]
    judges = [*(ceilings.get(organ) for organ in ORGANS), float(np.mean(list(ceilings.values()))) if ceilings else None]
    ours = zip((*means, float(np.nanmean(means))), judges, strict=True)
    shown = (_two(value) if sees(judge) else NOT_MEASURABLE for value, judge in ours)
    rows.append((f"this model, {len(dice)} cases", *shown))
    for name, known in (("real CT (held out)", ceilings), ("rendered people (held out)", rendered)):
        if known:
            each = [known.get(organ, float("nan")) for organ in ORGANS]
            rows.append((name, *(_two(value) for value in (*each, float(np.mean(list(known.values())))))))
    return Table("DSC of segmented CT and conditioning mask", ("", *ORGANS, "mean"), rows)


def _distance_table(values: np.ndarray) -> Table:
    """Surface distances in mm of the organs, means over the cases that show them on both sides."""
    means = _organ_means(values[..., 1]), _organ_means(values[..., 2])
    counts = np.isfinite(values[..., 1]).sum(axis=0)
    rows = [
        (organ, _one(means[0][index]), _one(means[1][index]), str(counts[index])) for index, organ in enumerate(ORGANS)
    ]
    return Table("Distance of the surfaces in mm", ("organ", "mean", "95 %", "cases"), rows)


def _label_table(every: Sequence[dict[str, float]], ceilings: dict[str, float]) -> Table:
    """Every label that a case shows, by the names of the anatomy table."""
    rows = []
    for key in every[0]:
        known = [one[key] for one in every if np.isfinite(one[key])]
        if known:
            ceiling = ceilings.get(key, float("nan"))
            rows.append((table.label(key).name, _two(float(np.mean(known))), str(len(known)), _two(ceiling)))
    return Table("DSC of every label", ("label", "DSC", "cases", "real CT"), rows)


def _remarks(judges: "Judges") -> list[str]:
    scan = judges.about["segmenter"]["ceilings"].get("scan", "a real scan")
    return [
        f"The segmenter never saw a generated CT, nor the scan {scan} on which its score on real CT was taken; a dash "
        "stands where that one scan does not show the organ.",
        "It learned organ shapes from imagined people (others than the generator's), so it may find an organ where it "
        "expects one: compare with the real scan's column.",
        f"Where it scores below {SEES:g} on the real scan, the table says `{NOT_MEASURABLE}` in place of a number.",
        "The paper's rows are its published figures, from other masks and another segmenter: they tell no rank.",
        "Lesions count as the organ that bears them; lung with its vessels, stomach and colon with gas, both kidneys.",
    ]


def _two(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "-"


def _one(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else "-"


# ---------------------------------------------------------------- pictures


def write_pictures(triples: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], path: Path) -> None:
    """A row for each (HU, mask, segmentation) at 3 mm: an axial slice through the liver and a coronal one, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Sheet

    strips = [_strip(*triple) for triple in triples]
    height, width = (max(strip.shape[axis] for strip in strips) for axis in (0, 1))
    sheet = np.zeros((len(strips) * height, width, 3), np.uint8)
    for row, strip in enumerate(strips):
        sheet[row * height : row * height + strip.shape[0], : strip.shape[1]] = strip
    figure = Sheet(figsize=(2 * width / 100, 2 * sheet.shape[0] / 100), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(sheet, interpolation="nearest", aspect="auto")
    with atomic(path) as private:
        figure.savefig(private, format="png", metadata={"Title": "SYNTHETIC"})


def _strip(hu: np.ndarray, mask: np.ndarray, found: np.ndarray) -> np.ndarray:
    """RGB uint8 [h, w, 3]: CT, mask and segmentation in the axial, then in the coronal plane, front or head up."""
    shown = select(mask, ["liver"])
    shown = shown if shown.any() else mask > 0
    z, y, _ = np.argwhere(shown).mean(axis=0).astype(int) if shown.any() else np.array(mask.shape) // 2
    low, high = CT_WINDOW
    grey = (np.clip((hu - low) / (high - low), 0, 1) * 255).astype(np.uint8)[..., None].repeat(3, axis=-1)
    colours = table.colors()
    volumes = [grey, colours[mask], colours[found]]
    tiles = [volume[z] for volume in volumes] + [volume[::-1, y] for volume in volumes]
    height = max(len(one) for one in tiles)
    padded = [np.pad(one, ((0, height - len(one) + 2), (0, 2), (0, 0))) for one in tiles]
    return np.concatenate(padded, axis=1)
