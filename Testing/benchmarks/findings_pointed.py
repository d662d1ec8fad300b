"""Whether each finding is drawn where one points, or says in one line why not, and whether one step takes it back.

    python Testing/benchmarks/findings_pointed.py --people FOLDER

In three people, through the scene that page and module edit: pointed at is where the finding lies that a text draws, in
its usual size.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.findings.reading import recipes
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.scene.geometry import ras_of
from GuideGenLib.scene.segments.kinds import pointed_kind
from GuideGenLib.scene.segments.lesions import add_finding
from GuideGenLib.scene.segments.segmentation import add_anatomy, read_anatomy
from Testing.benchmarks.findings_drawn import STEP, Labels, draw, finding_of, fitting, people

PEOPLE = 3


def place_of(anatomy: Labels, recipe: Recipe) -> tuple[int, int, int]:
    """The voxel of a finding that a text draws which is nearest to its middle. Raises LesionError."""
    drawn = draw(anatomy, recipe, finding_of(recipe, "moderate"), seed=3)
    if recipe.label is None:
        return drawn.middle
    places = np.argwhere(drawn.labels == values()[recipe.label["key"]])
    z, y, x = places[np.linalg.norm(places - places.mean(axis=0), axis=1).argmin()].tolist()
    return z, y, x


def outcome(scene: Any, anatomy: Labels, recipe: Recipe) -> str:
    """What becomes of one: "drawn and taken back", the line that says why not, or what is wrong."""
    import slicer

    image = image_from_array(anatomy, STEP, (0.0, 0.0, 0.0), labels=True)
    key = recipe.label["key"] if recipe.label is not None else recipe.key
    z, y, x = place_of(anatomy, recipe)
    node = add_anatomy(scene, image)
    before = sitk.GetArrayFromImage(read_anatomy(node))
    history = slicer.vtkSegmentationHistory()
    history.SetSegmentation(node.GetSegmentation())
    history.SaveState()
    try:
        size = pointed_kind(key).usual
        add_finding(scene, node, ras_of(image.TransformIndexToPhysicalPoint((x, y, z))), key, size, seed=3)
    except GuideGenError as error:
        same = np.array_equal(before, sitk.GetArrayFromImage(read_anatomy(node)))
        return f"refused: {error.message}" if same else f"WRONG: refused, and changed: {error.message}"
    after = sitk.GetArrayFromImage(read_anatomy(node))
    if not (after == values()[key]).any():
        return "WRONG: nothing was drawn"
    history.RestorePreviousState()
    back = np.array_equal(before, sitk.GetArrayFromImage(read_anatomy(node)))
    return "drawn and taken back" if back else "WRONG: one step does not take it back"


def main() -> None:
    """Print what becomes of each in each of the people; exit with 1 where something is wrong."""
    from trame_slicer.core import SlicerApp

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, help="where the anatomies are kept, drawn where they are not there")
    arguments = parser.parse_args()
    scene, anatomies, told = SlicerApp().scene, people(None, arguments.people), Counter[str]()
    for recipe in recipes():
        for name in fitting(recipe, anatomies)[:PEOPLE]:
            scene.Clear(False)
            try:
                found = outcome(scene, anatomies[name], recipe)
            except GuideGenError as error:
                found = f"no place in this person: {error.message}"
            told[found.split(":")[0]] += 1
            if found != "drawn and taken back":
                print(f"{recipe.key} in {name}: {found}", flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in told.most_common()))
    sys.exit(1 if told["WRONG"] else 0)


if __name__ == "__main__":
    main()
