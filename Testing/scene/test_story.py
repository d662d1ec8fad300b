"""The whole story at library level, with the real worker, a real scene and a tiny bundle: text, anatomy, CT, an edit in
the segmentation, the CT again, export, reload elsewhere, and on."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from GuideGenLib.anatomy.label_volumes import read_anatomy as read_anatomy_file
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import read_ct as read_ct_file
from GuideGenLib.description import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.engine import Client, CTRequest, MaskRequest, RegenerateRequest
from GuideGenLib.generator import RunSettings
from GuideGenLib.scene import files
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.geometry import image_from_volume
from GuideGenLib.scene.runs.comparison import compare, show_changes
from GuideGenLib.scene.runs.run import add_ct_to_run, add_run, runs, shown_anatomy
from GuideGenLib.scene.segments.edits import find_edits
from GuideGenLib.scene.segments.segmentation import read_anatomy, set_terminology
from Testing.engine.conftest import done
from Testing.tiny_bundle import write_tiny_bundle

TEXT = (
    "This patient is a white male. In this medical CT scan, his clinical status can be described as an advanced lung "
    "cancer in the upper left lobe, with a TNM staging of T3NMX."
)
SEED, MARGIN_MM = 3, 15.0
HALF = 3
"""Half a painted cube, in voxels of 3 mm."""

GO_ON = """
import json, sys
import numpy as np, SimpleITK as sitk
from pathlib import Path
from GuideGenLib.anatomy.table import values
from GuideGenLib.engine import Client, RegenerateRequest
from GuideGenLib.generator import RunSettings
from GuideGenLib.scene import files, headless
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.segments.edits import find_edits
from GuideGenLib.scene.geometry import ras_of
from GuideGenLib.scene.segments.lesions import add_finding
from GuideGenLib.scene.runs.run import add_ct_to_run, runs, shown_anatomy
from GuideGenLib.scene.segments.segmentation import read_anatomy
from Testing.engine.conftest import done

source, target, bundle, margin = sys.argv[1:]
scene = (alone := headless.new_scene()).scene
files.load_mrb(scene, source)
run, = runs(scene)
before = shown_anatomy(run.ct)
voxels = np.argwhere(sitk.GetArrayViewFromImage(before) == values()["liver"])[:, ::-1]
nearest = voxels[np.linalg.norm(voxels - np.median(voxels, axis=0), axis=1).argmin()]
point = ras_of(before.TransformIndexToPhysicalPoint(nearest.tolist()))
unedited = find_edits(before, read_anatomy(run.segmentation, before))
add_finding(scene, run.segmentation, point, "liver_tumor", 15.0, 0)
edited = read_anatomy(run.segmentation, before)
made = run.provenance
client = Client(bundle=Path(bundle), device="cpu")
settings = RunSettings(seed=made["settings"]["seed"], margin_mm=float(margin), ct_steps=1)
request = RegenerateRequest(read_ct(run.ct), before, edited, made["description"], settings)
result = done(client, client.submit(request)).result
client.close()
old = sitk.GetArrayFromImage(read_ct(run.ct))
add_ct_to_run(scene, run, result.ct, edited, result.provenance, "CT of the second edit")
files.save_mrb(scene, target)
print(json.dumps({
    "torch": "torch" in sys.modules,
    "cts": len(run.cts),
    "hashes": [sitk.Hash(read_ct(ct)) for ct in run.cts],
    "anatomy": sitk.Hash(before),
    "text": made["text"],
    "unedited": len(unedited),
    "changed": int((sitk.GetArrayFromImage(result.ct) != old).sum()),
}))
"""


def cube(image: sitk.Image, key: str) -> tuple[slice, ...]:
    """Voxels [z, y, x] of a cube about a voxel of that label, the one that has the most of its kind around it."""
    of_label = (sitk.GetArrayViewFromImage(image) == values()[key]).astype(np.float32)
    share = ndimage.uniform_filter(of_label, 2 * HALF + 1)[HALF:-HALF, HALF:-HALF, HALF:-HALF]
    return tuple(slice(n, n + 2 * HALF + 1) for n in np.unravel_index(share.argmax(), share.shape))


def mask_of(array: np.ndarray, like: sitk.Image) -> sitk.Image:
    mask = sitk.GetImageFromArray(array.astype(np.uint8))
    mask.CopyInformation(like)
    return mask


def edit_like_a_user(node: Any, anatomy: sitk.Image, paint: Callable[..., str]) -> np.ndarray:
    """Paint liver into the stomach, erase some of the spleen, add a tumour to the new liver; where, as [z, y, x]."""
    labels, segments = sitk.GetArrayFromImage(anatomy), node.GetSegmentation()
    painted, erased = cube(anatomy, "stomach"), cube(anatomy, "spleen")
    touched = np.zeros(labels.shape, bool)
    touched[painted] = True
    touched[erased] |= labels[erased] == values()["spleen"]

    liver = labels == values()["liver"]
    liver[painted] = True
    others = [segments.GetNthSegmentID(index) for index in range(segments.GetNumberOfSegments())]
    paint(node, mask_of(liver, anatomy), "liver", overwrite=others)

    spleen = labels == values()["spleen"]
    spleen[painted] = spleen[erased] = False
    paint(node, mask_of(spleen, anatomy), "spleen")

    tumor = np.zeros(labels.shape, bool)
    tumor[tuple(slice(s.start + 2, s.stop - 2) for s in painted)] = True
    added = paint(node, mask_of(tumor, anatomy), name="my tumour")  # it may overlap its organ
    set_terminology(segments.GetSegment(added), "liver_tumor")
    return touched


@pytest.mark.large
def test_text_to_scene_to_edit_to_ct_to_files_and_on(scene: Any, paint: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "ü 名 folder"
    folder.mkdir()
    bundle = write_tiny_bundle(tmp_path / "tiny")
    client = Client(bundle=bundle, device="cpu", threads=1)
    description = to_json(parse(TEXT))
    settings = RunSettings(
        seed=SEED, region="torso", mask_steps=1, ct_steps=1, spacing_mm=3.0, margin_mm=MARGIN_MM, anatomy_mm=3.0
    )

    # Text to anatomy to CT, in the scene.
    drawn = done(client, client.submit(MaskRequest(description, settings))).result
    run = add_run(scene, drawn.anatomy, None, drawn.provenance, "Run 1")
    before = read_anatomy(run.segmentation)
    raw, read = (sitk.GetArrayViewFromImage(image) for image in (drawn.anatomy, before))
    filled = raw != read  # untrained networks leave air within the body, which is read as body
    assert (raw[filled] == 0).all() and (read[filled] == values()["body"]).all()
    assert filled.mean() < 0.01
    made = done(client, client.submit(CTRequest(before, description, settings))).result
    run = add_ct_to_run(scene, run, made.ct, before, made.provenance)

    # The user edits; what was edited is found, and what was erased is body.
    touched = edit_like_a_user(run.segmentation, before, paint)
    edited = read_anatomy(run.segmentation, before)
    assert sitk.Hash(shown_anatomy(run.ct)) == sitk.Hash(before), "the CT still shows the anatomy before the edit"
    old, new = sitk.GetArrayFromImage(before), sitk.GetArrayFromImage(edited)
    assert ((old != new) <= touched).all()
    assert (new[touched & (old == values()["spleen"]) & (new != values()["liver"])] != values()["spleen"]).any()
    changes = {change.key: change for change in find_edits(before, edited)}
    assert changes["liver"].added_ml > 0 and changes["liver"].removed_ml == 0
    assert changes["spleen"].removed_ml > 0 and changes["spleen"].added_ml == 0
    assert abs(changes["liver_tumor"].added_ml - 27 * 0.027) < 1e-6

    # The CT follows there, and only there.
    request = RegenerateRequest(read_ct(run.ct), before, edited, description, settings)
    again = done(client, client.submit(request)).result
    client.close()
    run = add_ct_to_run(scene, run, again.ct, edited, again.provenance, "CT after edit")
    changed = sitk.GetArrayFromImage(image_from_volume(compare(scene, *run.cts))) != 0
    distance = ndimage.distance_transform_edt(old == new) * 3.0
    assert changed[old != new].any()
    assert distance[changed].max() <= MARGIN_MM
    assert show_changes(scene, before, edited) is not None

    # Export.
    paths = files.export_folder(run.segmentation, run.ct, folder / "case")
    assert sitk.Hash(read_anatomy_file(paths[0])) == sitk.Hash(edited)
    assert sitk.Hash(read_ct_file(paths[2])) == sitk.Hash(again.ct)
    assert json.loads(paths[3].read_text(encoding="utf-8"))["text"] == TEXT

    # Another process takes it from there.
    files.save_mrb(scene, folder / "case.mrb")
    told = subprocess.run(
        [sys.executable, "-c", GO_ON, folder / "case.mrb", folder / "next.mrb", bundle, str(MARGIN_MM)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert told.returncode == 0, told.stderr[-3000:]
    found = json.loads(told.stdout)
    assert found["hashes"] == [sitk.Hash(made.ct), sitk.Hash(again.ct)]
    assert found["anatomy"] == sitk.Hash(edited)
    assert found["text"] == TEXT
    assert found["unedited"] == 0
    assert found["changed"] > 0
    assert not found["torch"], "the scene and the client need none"

    # And back.
    scene.Clear(False)
    files.load_mrb(scene, folder / "next.mrb")
    (run,) = runs(scene)
    assert [node.GetName() for node in run.cts] == ["CT", "CT after edit", "CT of the second edit"]
    assert sitk.Hash(read_ct(run.cts[1])) == sitk.Hash(again.ct)
    assert sitk.Hash(shown_anatomy(run.ct)) == sitk.Hash(read_anatomy(run.segmentation))
