"""How alike generated CTs are to each other, and to real scans."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from GuideGenLib.data.torso_position import Placed, expected_shift, place
from GuideGenLib.evaluation.realism.distances import mean_known
from GuideGenLib.evaluation.realism.generated_scans import Made
from GuideGenLib.evaluation.realism.memorisation import Likeness, likeness, nearest
from GuideGenLib.evaluation.realism.real_scans import Reals
from GuideGenLib.evaluation.realism.texture import similarity
from GuideGenLib.evaluation.report.cells import NONE, number
from GuideGenLib.evaluation.report.section import Figure, Section, Table, mean_figure

PAIRS = 2
"""Pairs of generated CTs for each pair of real ones."""
MOST_PAIRS = 40


# ---------------------------------------------------------------- diversity


def add_diversity(section: Section, made: Sequence[Made], reals: Reals) -> None:
    """MS-SSIM between generated CTs as a whole, and in the slices that pairs of real scans have in common."""
    rng = np.random.default_rng(0)
    pairs = list(combinations([one.placed for one in made], 2))
    whole = [_alike(*pairs[index]) for index in rng.permutation(len(pairs))[:MOST_PAIRS]]
    section.figures.append(
        mean_figure(
            "MS-SSIM between generated CTs",
            [value for value in whole if value is not None],
            lower_is_better=True,
            note="cases are pairs, laid over each other at 6 mm; three scales, -200 to 300 HU; low where they differ",
        )
    )
    torsos = [one.placed for one in made if one.is_torso]
    if len(torsos) < 2:
        return
    real, generated = [], []
    for a, b in combinations(reals.scans, 2):
        value, slices = _common(a, b)
        if value is None:
            continue
        chosen = [rng.permutation(len(torsos))[:2] for _ in range(PAIRS)]
        mine = mean_known([_alike(torsos[i], torsos[j], _moved(slices, a, torsos[i])) for i, j in chosen])
        if mine is not None:
            real.append(value)
            generated.append(mine)
    if real:
        section.figures.append(
            mean_figure(
                "MS-SSIM where real scans overlap",
                generated,
                ceiling=float(np.mean(real)),
                lower_is_better=True,
                note=f"slices that two real scans share, in {PAIRS} pairs of generated torsos; real CT: the two scans",
            )
        )


def _alike(a: Placed, b: Placed, slices: tuple[int, int] | None = None) -> float | None:
    placement = place(a.small, b.small, expected_shift(a, b))
    return similarity(a.small, b.small, placement.shift, slices) if placement else None


def _common(a: Placed, b: Placed) -> tuple[float | None, tuple[int, int]]:
    """MS-SSIM of two scans, and the slices of `a` that `b` shows, too."""
    placement = place(a.small, b.small, near) if (near := expected_shift(a, b)) else None
    if placement is None:
        return None, (0, 0)
    bottom = placement.shift[0]
    return similarity(a.small, b.small, placement.shift), (
        max(0, bottom),
        min(len(a.small.hu), bottom + len(b.small.hu)),
    )


def _moved(slices: tuple[int, int], scan: Placed, torso: Placed) -> tuple[int, int]:
    """The slices of a torso at the height of those of a scan; both have landmarks."""
    shift = expected_shift(torso, scan)
    assert shift is not None
    first, stop = (max(0, round(end + shift[0])) for end in slices)
    return first, stop


# ---------------------------------------------------------------- neighbours


def add_nearest_scans(section: Section, made: Sequence[Made], reals: Reals) -> None:
    """How near generated CTs come to scans of the training, beside how near these come to each other."""
    names = "Correlation with the nearest training scan", "HU difference to the nearest training scan"
    training = [scan for scan in reals.scans if scan.name not in reals.held_out]
    if not training:
        section.figures += [Figure(name, None, None, None, 0) for name in names]
        return
    found = {scan.name: [likeness(one.placed, scan) for one in made] for scan in reals.scans}
    between = {
        scan.name: nearest([likeness(scan, other) for other in training if other is not scan]) for scan in reals.scans
    }
    mine = [nearest([found[scan.name][index] for scan in training]) for index in range(len(made))]
    closest, real = [one for one in mine if one], [one for scan in training if (one := between[scan.name])]
    note = (
        "at 6 mm after the best shift, where both have their body; real CT: a training scan and the nearest other one"
    )
    for name, field in zip(names, ("r", "difference"), strict=True):
        values, ceiling = [getattr(one, field) for one in closest], mean_known([getattr(one, field) for one in real])
        section.figures.append(mean_figure(name, values, ceiling=ceiling, lower_is_better=field == "r", note=note))
    rows = []
    for scan in reals.scans:
        role = "held out" if scan.name in reals.held_out else "training"
        seen = [one for one in found[scan.name] if one]
        mean = Likeness(*np.mean([(one.r, one.difference) for one in seen], axis=0)) if seen else None
        rows.append([scan.name, role, *_pair(mean), *_pair(nearest(seen)), *_pair(between[scan.name])])
    header = ["real scan", "", "mean r", "mean HU", "nearest r", "nearest HU", "real r", "real HU"]
    title = (
        "Generated CTs as each real scan sees them (correlation, HU difference), and its nearest other training scan"
    )
    section.tables.append(Table(title, header, rows))


def _pair(one: Likeness | None) -> tuple[str, str]:
    return (NONE, NONE) if one is None else (number(one.r), number(one.difference))
