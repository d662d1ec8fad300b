"""What was generated for an evaluation, to be looked at before its figures are believed."""

from collections.abc import Sequence
from pathlib import Path

import SimpleITK as sitk

from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.report.montage import tile, write_montage
from GuideGenLib.evaluation.report.section import Section, Table
from GuideGenLib.generator.preview import write_preview

SHOWN = 2


def show_examples(cases: Sequence[GeneratedCase], output: Path) -> Section:
    """The section with the prompts, all anatomies on one sheet, and the first SHOWN cases with their CT."""
    section = Section("examples", "Generated cases")
    names = [str(number) for number in range(1, len(cases) + 1)]
    rows = [(name, str(case.seed), case.text) for name, case in zip(names, cases, strict=True)]
    section.tables.append(Table("Prompts", ("case", "seed", "text"), rows))
    sheet = output / "anatomies.png"
    write_montage([tile(case.labels()[0]) for case in cases], names, sheet)
    section.pictures.append(("Anatomies: a coronal and an axial slice of each case", sheet))
    for name, case in list(zip(names, cases, strict=True))[:SHOWN]:
        picture = output / f"case_{name}.png"
        anatomy, ct = (sitk.ReadImage(str(case.folder / file)) for file in ("anatomy.nii.gz", "ct.nii.gz"))
        write_preview(anatomy, ct, picture, caption=case.text)
        section.pictures.append((f"Case {name}: {case.text}", picture))
    return section
