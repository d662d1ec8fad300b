"""Realism of generated CTs: how far they are from real ones in features, HU and noise, how diverse, and how new.

With a data folder everything is measured on its scans; without one on the numbers of real scans that ship, and what
needs the scans themselves is left out. Features need an encoder that is no dependency (see `features`).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.core.progress import Progress, silent, within
from GuideGenLib.core.resources import resource
from GuideGenLib.core.volumes import to_canonical
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.data.torso_position import Spacing
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.realism.distances import SPLITS, Cells, Distances, measure_distances, unchanged
from GuideGenLib.evaluation.realism.generated_scans import Made, read_made, torso_of
from GuideGenLib.evaluation.realism.likeness import add_diversity, add_nearest_scans
from GuideGenLib.evaluation.realism.real_scans import Reals, levelled, read_reals, read_reference, write_reference
from GuideGenLib.evaluation.realism.texture_plot import texture_plot
from GuideGenLib.evaluation.realism.texture_section import add_hu, add_noise
from GuideGenLib.evaluation.report.cells import number
from GuideGenLib.evaluation.report.section import Figure, Section, Table
from GuideGenLib.judges.features import Encoder, FeatureEncoderError, kept_blocks
from GuideGenLib.judges.folder import DEFAULT

FLOORS_ALLOWED = 3.0
"""Distances of generated CTs from real ones may be so many times those of real ones from each other."""
ENDS = (2.5, 97.5)
"""Percentiles of the draws that are given as their range."""
OVER_FLOOR, OVER_PLAIN = 1.3, 0.5
"""Wanted at most of FID over its floor, and over that of plain pictures."""
ENCODED = 30
"""Generated torsos that are encoded, at up to a minute each."""
PLAIN = 3
"""Of so many the plain pictures are encoded, too: how far off is a CT that nobody takes for one?"""
RATIOS = ("FID over that of real scans from each other", "FID over that of plain pictures")
REFERENCE = "realism.safetensors"
"""Statistics of real scans, in the folder of the judges."""


def measure_realism(
    cases: Sequence[GeneratedCase],
    data: Path | None,
    output: Path,
    *,
    judges: Path | None = None,
    encoder: Encoder | None = None,
    progress: Progress = silent,
) -> Section:
    """The section of the report; cases without a CT do not count.

    data: folder of real scans; judges: their folder; where there is no data its REFERENCE is taken, or else the
    checkout's; encoder: None takes the public one if it is installed. What takes long is kept in
    `output`/realism and in the cases' folders. Raises DataError for a data folder that cannot be read.
    """
    section = Section("realism", "Realism")
    chosen = [case for case in cases if (case.folder / "ct.nii.gz").is_file()]
    if not chosen:
        section.remarks.append("No case has a CT: nothing was measured.")
        return section
    if encoder is None:
        try:
            encoder = Encoder.load()
        except FeatureEncoderError as error:
            section.remarks.append(f"Distances in feature space were left out: {error}")
    made = read_made(chosen, within(progress, 0.0, 0.3))
    kept = [folder / REFERENCE for folder in (judges, resource(*DEFAULT)) if folder]
    reference = next((file for file in kept if file.is_file()), None)
    reals = _reals(section, made, data, reference, output / "realism", encoder, within(progress, 0.3, 0.6))
    _add_distances(section, made, reals, encoder, within(progress, 0.6, 0.9))
    add_diversity(section, made, reals)
    add_hu(section, made, reals)
    add_noise(section, made, reals)
    add_nearest_scans(section, made, reals)
    path = texture_plot([one.texture for one in made], reals.textures, output / "realism_texture.png")
    section.pictures.append(("HU and noise inside organs: generated CTs (blue) and labelled real scans", path))
    progress("realism", 1.0)
    return section


def _reals(
    section: Section,
    made: Sequence[Made],
    data: Path | None,
    reference: Path | None,
    cache: Path,
    encoder: Encoder | None,
    progress: Progress,
) -> Reals:
    if data is not None:
        torsos = [one.torso for one in made if one.is_torso]
        if not torsos:
            section.remarks.append("No case shows a whole torso: real scans could not be placed in one.")
        cache.mkdir(parents=True, exist_ok=True)
        return read_reals(data, torsos, cache, encoder, progress)
    alone = "what needs the scans themselves (kernel distance, their diversity, nearest scans) was left out"
    how = "name a folder of scans with --data or GUIDEGEN_DATA"
    if reference is None:
        section.remarks.append(f"No real scans: whatever is compared with them was left out; {how}.")
        return Reals([], [], None, "", {})
    section.remarks.append(f"No real scans: shipped statistics of some stand for them, and {alone}; {how}.")
    return read_reference(reference)


def _add_distances(
    section: Section, made: Sequence[Made], reals: Reals, encoder: Encoder | None, progress: Progress
) -> None:
    """Frechet and kernel distance of features; the kernel distance only where there are all features of real scans."""
    names = ("Frechet distance of features (FID)", "Kernel distance of features (KID)")
    torsos = [one for one in made if one.is_torso][:ENCODED]
    found = plain = None
    if encoder is not None and reals.cells and torsos:
        if encoder.weights != reals.encoder:
            section.remarks.append("Features were not compared: the statistics of real scans are of another encoder.")
        else:
            found, plain = _measured(torsos, reals, encoder, progress)
            if found is None:
                section.remarks.append("Features were not compared: too few real scans show the same levels.")
    if found is None or plain is None:
        section.figures += [Figure(name, None, None, None, 0, lower_is_better=True) for name in (*names, *RATIOS)]
        return
    note = (
        f"mean and range of {SPLITS} draws of {found.cells:.0f} cells of 48 mm, as many at each level of the torso in "
        f"half of {len(reals.cells)} real scans and in generated torsos; real CT: the other half of the scans"
    )
    rows = []
    pairs = [
        (found.frechet, found.frechet_floor, plain.frechet),
        (found.kernel, found.kernel_floor, plain.kernel),
    ]
    for name, values in zip(names, pairs[: 2 if reals.whole else 1], strict=False):
        (low, high), mean, floor = np.percentile(values[0], ENDS), float(values[0].mean()), float(values[1].mean())
        section.figures.append(
            Figure(
                name,
                mean,
                float(low),
                float(high),
                len(torsos),
                wanted=FLOORS_ALLOWED * floor,
                ceiling=floor,
                lower_is_better=True,
                note=note,
            )
        )
        rows.append([name, *(_ranged(part) for part in (values[1], values[0], values[2]))])
        if values[2].mean() <= FLOORS_ALLOWED * floor:
            section.remarks.append(
                f"{name}: plain pictures without texture reach the target, too, so few and so different are the real "
                "scans. Where the figure lies between the two, and the noise spectra, tell more than the verdict."
            )
    for name, other, most in zip(RATIOS, (found.frechet_floor, plain.frechet), (OVER_FLOOR, OVER_PLAIN), strict=True):
        ratio = float(found.frechet.mean() / other.mean())
        section.figures.append(Figure(name, ratio, None, None, len(torsos), wanted=most, lower_is_better=True))
    header = ["from half of the real scans", "other half", "generated CTs", "plain pictures"]
    section.figures += [Figure(name, None, None, None, 0, lower_is_better=True) for name in names[len(rows) :]]
    title = (
        "Distances in feature space, with the range of the draws; plain: anatomies in the table's HU, without texture"
    )
    section.tables.append(Table(title, header, rows))
    if reals.basis is not None:
        section.remarks.append(
            f"FID is taken in {reals.basis.axes.shape[1]} principal components of the real cells, which hold "
            f"{100 * reals.basis.explained:.0f} % of their variance; only KID sees what lies outside them."
        )


def _ranged(values: np.ndarray) -> str:
    low, high = np.percentile(values, ENDS)
    return f"{number(float(values.mean()))} ({number(float(low))} to {number(float(high))})"


def _measured(
    torsos: Sequence[Made], reals: Reals, encoder: Encoder, progress: Progress
) -> tuple[Distances | None, Distances | None]:
    """Distances of generated torsos and of plain pictures of the first; None where too little can be compared."""
    generated, plain = [], []
    for index, one in enumerate(torsos):
        folder = one.case.folder
        generated.append(kept_blocks(folder / "ct.nii.gz", folder / "features.npz", encoder))
        if index < PLAIN:
            plain.append(kept_blocks(folder / "anatomy.nii.gz", folder / "plain.npz", encoder, plain_picture))
        progress("realism", (index + 1) / len(torsos))
    shipped = None if reals.whole else reals.basis  # real cells are coordinates in it then
    basis = reals.basis if shipped is None else unchanged(shipped.axes.shape[1])
    found = []
    for sets in (generated, plain):
        cells = []
        for one, blocks in zip(torsos, sets, strict=False):
            assert one.torso.marks is not None
            mine = levelled(blocks, one.torso.marks)
            cells.append(mine if shipped is None else Cells(shipped(mine.features), mine.levels))
        found.append(measure_distances(reals.cells, cells, basis))
    return found[0], found[1]


def plain_picture(anatomy: Path) -> tuple[np.ndarray, Spacing]:
    """An anatomy file as a CT without any texture: each label in the table's HU, [z, y, x], and its spacing in mm."""
    labels, frame = to_canonical(read_anatomy(anatomy), 3.0, labels=True)
    return reference_table(None)[labels], frame.spacing


def write_statistics(cases: Sequence[GeneratedCase], data: Path, output: Path, path: Path) -> None:
    """Write the statistics of real scans that ship, which stand for them where there are none (some 300 kB).

    cases: whose anatomies the scans are placed on; output: the folder of an evaluation, whose caches are used. Raises
    FeatureEncoderError without the encoder, EvaluationError when no case shows a whole torso.
    """
    torsos = [one for one in map(torso_of, cases) if one.marks is not None]
    cache = output / "realism"
    cache.mkdir(parents=True, exist_ok=True)
    write_reference(read_reals(data, torsos, cache, Encoder.load()), path)
