"""Each finding at three sizes in two planes with its CT, and the HU in its middle beside what papers say.

    python Testing/benchmarks/findings.py --people FOLDER --out docs/findings
    python Testing/benchmarks/findings.py --people FOLDER --out /tmp/few --only ascites emphysema

writes a picture (JPEG) of each, `sheet.md` that shows them and `table.md` with the HU; docs/findings holds them as they
were last. Each finding is drawn into an anatomy that is drawn once; of the three sizes one CT in the portal venous
phase, of the middle one also in the other phases. --people: where those anatomies are kept.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.description.model import PHASES, Finding
from GuideGenLib.findings.reading import recipes
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.generator import Generator
from GuideGenLib.mask.findings.shaped import SHAPES
from Testing.benchmarks.findings_ct import Box, Scan, box_within, boxes_about, measured, of_finding, scanned
from Testing.benchmarks.findings_drawn import SIZES, STEP, Drawn, Labels, draw, finding_of, fitting, people
from Testing.benchmarks.findings_pictures import Row, write_page, write_picture

SHOWN = "portal_venous"
LOBES_SHOWN = (("right", "upper_lobe"), ("left", "upper_lobe"), ("left", "lower_lobe"))
EVEN = ("bone_loss",)
"""Changes of a tissue that are alike all over an organ: measured in its middle, as a reader does."""
WITHIN = 0.5
"""HU that a mean may be beyond a range, by rounding."""


@dataclass(frozen=True)
class Measured:
    """What is told of a finding: its row of pictures, HU by phase, and those of three sizes in the shown phase."""

    recipe: Recipe
    row: Row
    hu: dict[str, float]
    by_size: list[float]

    def off(self) -> list[str]:
        """The phases and sizes whose HU are outside what is published."""
        if self.recipe.published is None:
            return []
        ranges = self.recipe.published.hu
        told = [(phase, phase, value) for phase, value in self.hu.items() if phase != SHOWN]
        told += [(word, SHOWN, value) for word, value in zip(SIZES, self.by_size, strict=False)]
        return [
            f"{name} {value:.0f} (published {ranges[phase][0]:g} to {ranges[phase][1]:g})"
            for name, phase, value in told
            if not ranges[phase][0] - WITHIN <= value <= ranges[phase][1] + WITHIN
        ]


def measure(generator: Generator, anatomy: Labels, recipe: Recipe, seed: int) -> Measured:
    """Raises LesionError where there is no place for it."""
    findings = three_of(recipe)
    drawn = [draw(anatomy, recipe, finding, seed) for finding in findings]
    masks = [of_finding(one.labels, recipe) for one in drawn]
    masks = masks if recipe.label is not None else [np.logical_or.reduce(masks)] * len(masks)
    boxes = boxes_about(masks, recipe)
    near = box_within(of_finding(drawn[1].labels, recipe))

    def bare(phase: str, part: Box) -> Scan | None:
        return scanned(generator, anatomy[part], (), phase, seed) if recipe.label is None else None

    shown = [
        scanned(generator, one.labels[box], [finding], SHOWN, seed)
        for one, box, finding in zip(drawn, boxes, findings, strict=True)
    ]
    without = bare(SHOWN, boxes[0])
    local = recipe.mechanism == "tissue" and recipe.options["look"] not in EVEN
    by_size = [measured(scan, recipe, without if local else None) for scan in shown]
    hu = {SHOWN: by_size[1]}
    for phase in PHASES:
        if phase != SHOWN:
            scan = scanned(generator, drawn[1].labels[near], [findings[1]], phase, seed)
            hu[phase] = measured(scan, recipe, bare(phase, near) if local else None)
    sizes = [size_of(one, recipe, finding) for one, finding in zip(drawn, findings, strict=True)]
    return Measured(recipe, Row(recipe, shown, sizes, without), {phase: hu[phase] for phase in PHASES}, by_size)


def three_of(recipe: Recipe) -> list[Finding]:
    """A finding in three sizes; what has none in three places."""
    if recipe.sizes is not None:
        return [finding_of(recipe, word) for word in SIZES]
    return [Finding(recipe.kinds[0], recipe.organs[0], side=side, site=site) for side, site in LOBES_SHOWN]


def size_of(drawn: Drawn, recipe: Recipe, finding: Finding) -> str:
    """As measured on the labels; of what has no label the range of its word, and the place of what has no size."""
    if recipe.sizes is None:
        return f"{finding.side} {finding.site}".replace("_", " ")
    unit = recipe.sizes.unit
    if not drawn.records or (unit == "mm" and recipe.mechanism == "fluid"):
        low, high = recipe.sizes.range_of(finding.size_word)
        return f"{low:g} to {high:g} {unit}"
    if recipe.mechanism == "shape":
        measure = SHAPES[recipe.options["shape"]].measured
        return f"{measure(drawn.labels, of_finding(drawn.labels, recipe), STEP):.0f} {unit}"
    first = drawn.records[0]
    return f"{first.volume_ml if unit == 'ml' else first.measured_mm:.0f} {unit}"


def measure_all(arguments: argparse.Namespace) -> Iterator[Measured]:
    """Each finding, what is wrong with it printed on the way."""
    generator = Generator.from_bundle(arithmetic="float32")  # OpenVINO would compile anew for the size of each box
    anatomies = people(generator, arguments.people)
    for recipe in recipes():
        if arguments.only and recipe.key not in arguments.only:
            continue
        for name in fitting(recipe, anatomies):
            try:
                done = measure(generator, anatomies[name], recipe, arguments.seed)
            except GuideGenError as error:
                print(f"{recipe.key} in {name}: {error}", flush=True)
                continue
            told = ", ".join(f"{phase} {value:.0f}" for phase, value in done.hu.items())
            print(f"{recipe.key}: {told}; sizes {[f'{value:.0f}' for value in done.by_size]}", flush=True)
            for one in done.off():
                print(f"  off: {one}", flush=True)
            yield done
            break
        else:
            print(f"{recipe.key}: in nobody", flush=True)


def line(one: Measured) -> str:
    """Of the table: HU measured and published by phase, with the source."""
    published = one.recipe.published
    values = " | ".join(f"{one.hu[phase]:.0f}" for phase in PHASES)
    if published is None:
        return f"| {one.recipe.name} | {values} | not looked up |"
    told = [f"{low:g} to {high:g}" for low, high in published.hu.values()]
    ranges = told[0] if len(set(told)) == 1 else "; ".join(told)
    return f"| {one.recipe.name} | {values} | {ranges} ({published.source}) |"


def write_table(found: list[Measured], path: Path) -> None:
    """Markdown; findings that were measured before keep their lines."""
    old = path.read_text("utf-8").splitlines()[2:] if path.exists() else []
    lines = {text.split("|")[1].strip(): text for text in [*old, *map(line, found)]}
    known = [lines[one.name] for one in recipes() if one.name in lines]
    head = ["| finding | none | arterial | portal venous | delayed | published, in this order |", "|--" * 6 + "|"]
    path.write_text("\n".join([*head, *known]) + "\n", "utf-8")


def main() -> None:
    """Print what is measured, and write sheets and table; exit with 1 where HU are off."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--people", type=Path, help="where the anatomies are kept, drawn where they are not there")
    parser.add_argument("--only", nargs="*", default=[], help="names of files in Resources/findings, without .toml")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    found = []
    for one in measure_all(arguments):
        write_picture(one.row, arguments.out)
        found.append(one)
        write_table(found, arguments.out / "table.md")
    write_page(arguments.out)
    asked = sum(len(one.hu) + len(one.by_size) - 1 for one in found if one.recipe.published)
    off = sum(len(one.off()) for one in found)
    print(f"{asked - off} of {asked} HU within what is published")
    sys.exit(1 if off else 0)


if __name__ == "__main__":
    main()
