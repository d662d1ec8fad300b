"""HU and noise inside the organs of generated CTs, beside the anatomy table and labelled real scans."""

from collections.abc import Callable, Sequence
from itertools import combinations

from GuideGenLib.evaluation.realism.distances import mean_known
from GuideGenLib.evaluation.realism.generated_scans import Made
from GuideGenLib.evaluation.realism.real_scans import Reals
from GuideGenLib.evaluation.realism.texture import (
    NOISE,
    RIM,
    SPACING_MM,
    TISSUES,
    MeasuredTexture,
    mean_of,
    sd_of,
    spectrum_distance,
    wasserstein,
)
from GuideGenLib.evaluation.report.cells import NONE, number
from GuideGenLib.evaluation.report.section import Figure, Section, Table, mean_figure

WITHIN_HU = 20.0
Distance = Callable[[MeasuredTexture, MeasuredTexture, str], float | None]


def spread_distance(a: MeasuredTexture, b: MeasuredTexture, tissue: str) -> float | None:
    """Wasserstein-1 distance in HU of a tissue in two CTs, one shifted onto the other; None where one lacks it."""
    if tissue not in a.histograms or tissue not in b.histograms:
        return None
    return wasserstein(a.histograms[tissue], b.histograms[tissue], shape=True)


def noise_distance(a: MeasuredTexture, b: MeasuredTexture, tissue: str) -> float | None:
    """Decades between the noise spectra of a tissue in two CTs; None where one lacks it."""
    if tissue not in a.spectra or tissue not in b.spectra:
        return None
    return spectrum_distance(a.spectra[tissue], b.spectra[tissue])


def add_hu(section: Section, made: Sequence[Made], reals: Reals) -> None:
    """Means against the table, spread against labelled real scans."""
    off = [
        mean_known([abs(mean_of(rows) - one.table[tissue]) for tissue, rows in one.texture.histograms.items()])
        for one in made
    ]
    section.figures.append(
        mean_figure(
            "Mean HU of organs off the table",
            [value for value in off if value is not None],
            wanted=WITHIN_HU,
            lower_is_better=True,
            note=f"over {len(TISSUES)} tissues less their outer {RIM * SPACING_MM:g} mm, at the case's phase and age",
        )
    )
    real = list(reals.textures.values())
    note = "Wasserstein-1 in HU, one shifted onto the other, as contrast differs; real CT: one labelled scan to another"
    section.figures.append(
        _compared("HU spread in organs off real scans", made, real, list(TISSUES), spread_distance, note)
    )
    rows = []
    for tissue in TISSUES:
        mine = [one for one in made if tissue in one.texture.histograms]
        theirs = [one.histograms[tissue] for one in real if tissue in one.histograms]
        if not mine:
            continue
        figures = [
            mean_known([mean_of(one.texture.histograms[tissue]) for one in mine]),
            mean_known([one.table[tissue] for one in mine]),
            mean_known([sd_of(one.texture.histograms[tissue]) for one in mine]),
            mean_known([spread_distance(one.texture, b, tissue) for one in mine for b in real]),
            mean_known([spread_distance(a, b, tissue) for a, b in combinations(real, 2)]),
        ]
        spreads = ", ".join(number(sd_of(one)) for one in theirs) or NONE
        rows.append([tissue, *map(number, figures[:3]), spreads, *map(number, figures[3:])])
    if rows:
        scans = f"; real: {', '.join(reals.textures)}" if reals.textures else ""
        header = ["tissue", "mean", "table", "SD", "SD of real", "spread off real", "real off real"]
        section.tables.append(Table(f"HU inside organs at {SPACING_MM:g} mm{scans}", header, rows))


def add_noise(section: Section, made: Sequence[Made], reals: Reals) -> None:
    """Noise spectra against labelled real scans."""
    real = list(reals.textures.values())
    note = "decades of power, mean over five frequencies; real CT: one labelled scan to another"
    section.figures.append(
        _compared("Noise spectra in organs off real scans", made, real, list(NOISE), noise_distance, note)
    )


def _compared(
    name: str,
    made: Sequence[Made],
    real: Sequence[MeasuredTexture],
    tissues: Sequence[str],
    distance: Distance,
    note: str,
) -> Figure:
    """A distance between textures, mean over tissues and real scans for each case, beside that between real scans."""
    values = [mean_known([distance(one.texture, b, tissue) for b in real for tissue in tissues]) for one in made]
    between = mean_known([distance(a, b, tissue) for a, b in combinations(real, 2) for tissue in tissues])
    known = [value for value in values if value is not None]
    return mean_figure(name, known, ceiling=between, lower_is_better=True, note=note)
