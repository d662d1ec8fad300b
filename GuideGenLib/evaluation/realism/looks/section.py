"""What `guidegen evaluate` reports of how CTs look: every CT is read once, and what it shows kept for all figures."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.data.cases import DataError
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.realism.looks import blind_sheet, classifier
from GuideGenLib.evaluation.realism.looks.borders import BONE, BORDERS, Edge, edges
from GuideGenLib.evaluation.realism.looks.crops import PLACES, Crops, crops_of
from GuideGenLib.evaluation.realism.looks.grain import BANDS, Grain, grain
from GuideGenLib.evaluation.realism.looks.lung_tree import ENDS, LungVessels, lung_vessels
from GuideGenLib.evaluation.realism.looks.page import Slice, level_slices, write_page
from GuideGenLib.evaluation.realism.looks.volumes import Source, generated_sources, real_sources
from GuideGenLib.evaluation.realism.texture import NOISE, SPACING_MM
from GuideGenLib.evaluation.report.cells import NONE, number
from GuideGenLib.evaluation.report.section import Figure, Section, Table
from GuideGenLib.judges.shares import interval

GRAIN_RANGE, BORDER_RANGE, VESSEL_RANGE = (0.7, 1.4), (0.8, 1.2), (0.5, 1.5)
"""Generated over real."""
PLEURA_MM = 15.0
MOST_AUC = 0.8
SHEET, KEY, PAGE = "blind_sheet.png", "blind_sheet_key.json", "real_beside_generated.png"
SEED = 14


@dataclass(frozen=True)
class Seen:
    """What one CT shows."""

    source: Source
    grain: Grain
    edges: dict[str, Edge]
    vessels: LungVessels | None
    small: Crops
    large: Crops
    slices: dict[str, Slice]


def look_at(source: Source, number: int) -> Seen:
    """Read a CT and measure it; number: seed of its crops."""
    volume = source.read()
    return Seen(
        source,
        grain(volume.hu, volume.labels),
        edges(volume.hu, volume.labels),
        lung_vessels(volume.hu, volume.labels),
        crops_of(source.name, volume, classifier.SIZE, classifier.SLICES, classifier.EACH, number),
        crops_of(source.name, volume, blind_sheet.SIZE, 1, blind_sheet.EACH, number),
        level_slices(source, volume),
    )


def add_looks(
    section: Section,
    cases: Sequence[GeneratedCase],
    data: Path | None,
    output: Path,
    *,
    log: Callable[[str], None],
    progress: Progress = silent,
) -> None:
    """Add figures, tables and pictures to realism's section; `output`: the report's folder.

    data: folder of real scans, or a store of them. Without it, or where it cannot be prepared, a remark says so.
    """
    sources = generated_sources(cases)
    if data is None or not sources:
        section.remarks.append("How CTs look was not compared: it needs real scans (--data) and generated CTs.")
        return
    try:
        sources += real_sources(data, output / "realism", log)
    except DataError as error:
        section.remarks.append(f"How CTs look was not compared: {error}")
        return
    add_seen(section, sources, output, progress)


def add_seen(section: Section, sources: Sequence[Source], output: Path, progress: Progress = silent) -> None:
    """The same of CTs that are named."""
    seen = []
    for index, source in enumerate(sources):
        seen.append(look_at(source, index))
        progress("looks", (index + 1) / len(sources))
    made, reals = ([one for one in seen if one.source.real is kind] for kind in (False, True))
    if not any(one.source.held_out for one in reals):
        section.remarks.append("No scan of the folder is held out: grain is compared with that of all of them.")
    add_grain(section, made, reals)
    add_borders(section, made, reals)
    add_vessels(section, made, reals)
    add_told(section, made, reals)
    sheet = output / SHEET
    large, its = ([one.large for one in group] for group in (reals, made))
    if blind_sheet.write_blind_sheet(large, its, sheet, output / KEY, SEED):
        section.pictures.append((f"Real or generated? Which is which stands in {KEY}", sheet))
    page = output / PAGE
    if write_page([one.slices for one in reals], [one.slices for one in made], page):
        section.pictures.append(("Real beside generated, at the same grid and scale", page))


def ratio_figure(
    name: str,
    mine: Iterable[float],
    real: Iterable[float],
    wanted: tuple[float, float],
    others: Iterable[float] = (),
    note: str = "",
) -> Figure:
    """Geometric mean of the generated over that of real values, with a bootstrap interval over the generated.

    others: real values whose ratio to `real` is the ceiling.
    """
    logs, known = np.log(list(mine)), np.log(list(real))
    low, high = wanted
    if not len(logs) or not len(known):
        return Figure(name, None, None, None, 0, low, note=note, until=high)
    middle = known.mean()
    ends = interval(len(logs), lambda drawn: np.exp(logs[drawn].mean(axis=-1) - middle))
    rest = np.log(list(others))
    ceiling = float(np.exp(rest.mean() - middle)) if len(rest) else None
    return Figure(name, float(np.exp(logs.mean() - middle)), *ends, len(logs), low, ceiling, note=note, until=high)


def add_grain(section: Section, made: Sequence[Seen], reals: Sequence[Seen]) -> None:
    """Power of the grain over that of held-out scans, and of all, in both bands."""
    held = [one for one in reals if one.source.held_out] or list(reals)
    rows = []
    for tissue in NOISE:
        for band, kind in enumerate(BANDS):
            powers = [
                [one.grain[tissue][band] for one in group if tissue in one.grain] for group in (made, held, reals)
            ]
            note = "real CT: all real scans over those held out" if (tissue, band) == (NOISE[0], 0) else ""
            figure = ratio_figure(
                f"Noise power in {tissue}, {kind}, over real", powers[0], powers[1], GRAIN_RANGE, powers[2], note
            )
            section.figures.append(figure)
            over_all = ratio_figure("", powers[0], powers[2], GRAIN_RANGE).value
            ranges = [f"{number(min(one))} to {number(max(one))}" if one else NONE for one in powers]
            rows.append([tissue, kind, *ranges, number(figure.value), number(over_all)])
    header = ["tissue", "band", "generated", "held out", "all real", "over held out", "over all real"]
    title = (
        f"Noise power in HU² at {SPACING_MM:g} mm: fine is what a mean over 3 voxels takes away, coarse what "
        f"lies between the means over 3 and 9; held out: {', '.join(one.source.name for one in held)}"
    )
    section.tables.append(Table(title, header, rows))


def add_borders(section: Section, made: Sequence[Seen], reals: Sequence[Seen]) -> None:
    """Gradient at the borders of organs over that of all real scans: of those held out two do not show every border."""
    held = [one for one in reals if one.source.held_out]
    rows = []
    for name in (*BORDERS, BONE):
        groups = [[one.edges[name] for one in group if name in one.edges] for group in (made, held, reals)]
        gradients = [[one.gradient for one in group] for group in groups]
        unit = "HU/mm" if name == BONE else "1/mm of the contrast"
        figure = ratio_figure(
            f"Gradient at the border of {name}, over real", gradients[0], gradients[2], BORDER_RANGE, gradients[1]
        )
        section.figures.append(figure)
        widths = [[one.width_mm for one in group if one.width_mm is not None] for group in groups]
        middles = [number(float(np.median(one))) if one else NONE for one in (*gradients, *widths)]
        ends = f"{number(min(gradients[2]))} to {number(max(gradients[2]))}" if gradients[2] else NONE
        rows.append([name, unit, *middles[:3], ends, *middles[3:]])
    header = ["border", "unit", "generated", "held out", "real", "range of real", "mm, generated", "held out", "real"]
    section.tables.append(Table("Steepest gradient at borders, and their width from 10 to 90 %: medians", header, rows))


def add_vessels(section: Section, made: Sequence[Seen], reals: Sequence[Seen]) -> None:
    """Vessels of the lungs beside those of real chests."""
    mine, its = ([one.vessels for one in group if one.vessels is not None] for group in (made, reals))
    names = ("Lung vessels, length per ml, over real", "Lung vessels, generations, over real")
    section.figures.append(ratio_figure(names[0], _lengths(mine), _lengths(its), VESSEL_RANGE))
    generations = [[one.generations for one in group if one.generations is not None] for group in (mine, its)]
    section.figures.append(ratio_figure(names[1], generations[0], generations[1], VESSEL_RANGE))
    gaps = [[one.pleura_mm for one in group if one.pleura_mm is not None] for group in (mine, its)]
    means = [float(np.mean(one)) if one else None for one in gaps]
    ends: tuple[float | None, float | None] = (None, None)
    if gaps[0]:
        ends = interval(len(gaps[0]), lambda drawn: np.array(gaps[0])[drawn].mean(axis=-1))
    section.figures.append(
        Figure(
            "Lung vessels, mm from the pleura", means[0], *ends, len(gaps[0]), PLEURA_MM, means[1],
            lower_is_better=True, note=f"within which {ENDS} % of the pleura has a vessel",
        )
    )  # fmt: skip
    rows = []
    for one in (*made, *reals):
        if one.vessels is not None:
            found = (one.vessels.mm_per_ml, one.vessels.generations, one.vessels.pleura_mm)
            rows.append([one.source.name, "real" if one.source.real else "generated", *map(number, found)])
    section.tables.append(Table("Lung vessels", ["CT", "", "mm per ml", "generations", "mm from the pleura"], rows))


def _lengths(vessels: Iterable[LungVessels]) -> list[float]:
    return [one.mm_per_ml for one in vessels if one.mm_per_ml > 0]


def add_told(section: Section, made: Sequence[Seen], reals: Sequence[Seen]) -> None:
    """Whether a small network tells generated crops from real ones."""
    names = ("Real and generated crops told apart, AUC", "Real and generated crops told apart, accuracy")
    told = classifier.tell_apart([one.small for one in reals], [one.small for one in made])
    if told is None:
        section.figures += [Figure(name, None, None, None, 0, MOST_AUC, lower_is_better=True) for name in names]
        section.remarks.append(f"Telling crops apart needs {classifier.LEAST} real scans and generated CTs.")
        return
    side = classifier.SIZE * SPACING_MM
    note = (
        f"{told.crops} crops of {side:g} mm in {classifier.SLICES} slices, of patients that the network did not learn "
        "from, as many of each place of the body; .5 is chance"
    )
    for name, value in zip(names, (told.auc, told.accuracy), strict=True):
        section.figures.append(Figure(name, value, None, None, told.crops, MOST_AUC, lower_is_better=True, note=note))
    rows = [[place, number(told.by_place[place])] for place in PLACES if place in told.by_place]
    section.tables.append(Table("Crops told apart, by place", ["place", "AUC"], rows))
