"""One sentence, one seed, the same settings: the same patient from the command line, from Python, on the page, in the
module and in a scene file; and after one edit the same CT again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.anatomy.table import labels, values
from GuideGenLib.cli.main import main
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.core.volumes import read_ct, write_volume
from GuideGenLib.description.report import from_json
from GuideGenLib.engine import Client
from GuideGenLib.generator import Generator
from GuideGenLib.scene import ct as scene_ct
from GuideGenLib.scene.files import load_mrb
from GuideGenLib.scene.geometry import oriented_from_image
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.runs.run import runs
from GuideGenLib.scene.segments.segmentation import read_anatomy as read_segments
from GuideGenLib.web.panels.prompt import PromptPanel
from GuideGenLib.web.panels.run import RunPanel
from GuideGenLib.web.panels.settings import SettingsPanel
from GuideGenLib.web.panels.understood import UnderstoodPanel
from GuideGenLib.web.runner import Runner
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.choices import ANATOMY_MM
from Testing.desktop.conftest import bundle, panel, scene, slicer  # noqa: F401 - fixtures
from Testing.desktop.driver import Driver
from Testing.web.fronts import in_own_loop

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."
SEED, SPACING_MM, MARGIN_MM = 7, 6.0, 20.0
MASK_STEPS, CT_STEPS = 4, 1
"""Those of a draft."""


@dataclass(frozen=True)
class Patient:
    """anatomy and ct as they were made; edited, again: the anatomy after `edit`, and the CT that follows it."""

    anatomy: sitk.Image
    ct: sitk.Image
    edited: sitk.Image
    again: sitk.Image


@pytest.fixture
def client(bundle: Path) -> Iterator[Client]:  # noqa: F811
    """One worker for page and module: the arithmetic that it measures to be the faster is then the same for both."""
    made = Client(bundle=bundle, device="cpu")
    yield made
    made.close()


@pytest.mark.large
def test_the_same_patient_on_every_way(panel: Driver, client: Client, bundle: Path, tmp_path: Path):  # noqa: F811
    module, arithmetic = in_module(panel, client)
    options = ["--bundle", str(bundle), "--device", "cpu", "--arithmetic", arithmetic]
    ways = {
        "page": on_page(client, tmp_path),
        "python": in_python(Generator.from_bundle(bundle, "cpu", arithmetic)),
        "command line": on_command_line(tmp_path, options),
        "scene": in_scene_file(client, tmp_path, options),
    }
    assert not np.array_equal(array(module.anatomy), array(module.edited))
    assert not np.array_equal(array(module.ct), array(module.again))
    for way, patient in ways.items():
        for name in ("anatomy", "ct", "edited", "again"):
            assert_same(getattr(module, name), getattr(patient, name), f"{name} of module and {way}")


# ---------------------------------------------------------------- the ways


def in_module(panel: Driver, client: Client) -> tuple[Patient, str]:  # noqa: F811
    """Through the panel's buttons, and the arithmetic that the worker chose."""
    panel.logic.makeClient = lambda *asked: client
    panel.type(TEXT)
    panel.ui.seedSpinBox.value = SEED
    panel.run_well("generateButton")
    anatomy = panel.anatomy()
    panel.run_well("generateCTButton")
    ct = panel.ct()
    arithmetic = provenance_of(panel.state.ct)["arithmetic"]  # type: ignore[index]
    paint(panel.state.segmentation, anatomy)
    panel.state.quality = type(panel.state.quality).FINE  # what made the CT counts, not what is chosen now
    panel.run_well("regenerateButton")
    return Patient(anatomy, ct, panel.anatomy(), panel.ct()), arithmetic


def on_page(client: Client, folder: Path) -> Patient:
    """Through the page's panels."""
    page = page_on(new_scene().scene, client, folder)
    page.prompt.set_text(TEXT)
    page.prompt.changed.emit(TEXT)
    page.state.update({"settings_seed": SEED, "settings_region": "pelvis", "settings_quality": "draft"})
    page.state.settings_spacing = SPACING_MM
    page.start(page.run.generate)
    anatomy = read_segments(page.workspace.segmentation)
    page.start(page.run.generate_ct)
    return page.edited(anatomy)


def in_scene_file(client: Client, folder: Path, options: list[str]) -> Patient:
    """`guidegen scene`; the page goes on with its file, knowing nothing but what is in it."""
    run_command("scene", TEXT, "-o", folder / "case.mrb", *first_settings(), *options)
    opened = new_scene().scene
    load_mrb(opened, folder / "case.mrb")
    page = page_on(opened, client, folder)
    (run,) = runs(opened)
    page.workspace.choose(segmentation=run.segmentation, ct=run.ct)
    return page.edited(read_segments(run.segmentation))


def in_python(generator: Generator) -> Patient:
    """With the library."""
    case = generator.generate(
        TEXT,
        seed=SEED,
        region="pelvis",
        spacing=SPACING_MM,
        mask_steps=MASK_STEPS,
        ct_steps=CT_STEPS,
        anatomy_spacing=ANATOMY_MM,
    )
    assert case.ct is not None
    changed = edit(case.anatomy)
    description = from_json(case.provenance["description"])
    again = generator.regenerate_ct(
        case.ct, case.anatomy, changed, description, seed=SEED, margin_mm=MARGIN_MM, steps=CT_STEPS
    )
    return Patient(case.anatomy, case.ct, changed, again)


def on_command_line(folder: Path, options: list[str]) -> Patient:
    """`guidegen generate`, and `regenerate` with nothing said but the files."""
    case, where = folder / "case", options[:4]
    run_command("generate", TEXT, "-o", case, *first_settings(), *options)
    anatomy = read_anatomy(case / "anatomy.nii.gz")
    write_volume(edit(anatomy), folder / "edited.nii.gz")
    files = ("--ct", case / "ct.nii.gz", "--anatomy", case / "anatomy.nii.gz", "--edited", folder / "edited.nii.gz")
    run_command("regenerate", *files, "-o", folder / "again", *where)
    return Patient(anatomy, read_ct(case / "ct.nii.gz"), edit(anatomy), read_ct(folder / "again" / "ct.nii.gz"))


# ---------------------------------------------------------------- inside


def first_settings() -> list[str]:
    settings = {"seed": SEED, "region": "pelvis", "steps": MASK_STEPS, "ct-steps": CT_STEPS, "spacing": SPACING_MM}
    settings["anatomy-spacing"] = ANATOMY_MM
    return [part for name, value in settings.items() for part in (f"--{name}", str(value))]


def run_command(*arguments: object) -> None:
    assert main([str(argument) for argument in arguments]) == 0


def page_on(scene: Any, client: Client, folder: Path) -> SimpleNamespace:  # noqa: F811
    """The page's panels over a scene."""
    from trame.app import get_server

    server = get_server(f"same-{id(scene)}", client_type="vue3")
    workspace = Workspace(SimpleNamespace(scene=scene), folder)
    runner = Runner(workspace, device="cpu")
    runner.make_client = lambda *asked: client
    prompt = PromptPanel(server, workspace)
    understood = UnderstoodPanel(server, workspace, prompt)
    run = RunPanel(server, workspace, runner, understood, SettingsPanel(server, workspace))
    run.start = lambda begin: begin()  # type: ignore[method-assign,assignment]

    def start(begin: Callable[[], None]) -> None:
        begin()
        assert runner.job is not None
        in_own_loop(runner.follow)()
        assert "failed" not in server.state.run_text, server.state.run_text

    def edited(anatomy: sitk.Image) -> Patient:
        ct = scene_ct.read_ct(workspace.ct)
        paint(workspace.segmentation, anatomy)
        start(run.regenerate)
        return Patient(anatomy, ct, read_segments(workspace.segmentation, anatomy), scene_ct.read_ct(workspace.ct))

    return SimpleNamespace(state=server.state, workspace=workspace, prompt=prompt, run=run, start=start, edited=edited)


def edit(anatomy: sitk.Image) -> sitk.Image:
    """A cube of the largest organ becomes the second largest."""
    array = sitk.GetArrayFromImage(anatomy)
    cube, grown = _cube(array)
    array[cube] = grown
    return on_grid_of(anatomy, array)


def paint(node: Any, anatomy: sitk.Image) -> None:
    """`edit` in a scene, as the editor's effects do it: other segments give way."""
    import slicer as core

    array = sitk.GetArrayFromImage(anatomy)
    cube, grown = _cube(array)
    key = next(label.key for label in labels() if label.value == grown)
    mask = array == grown
    mask[cube] = True
    image = oriented_from_image(on_grid_of(anatomy, mask.astype(np.uint8)))
    segments = node.GetSegmentation()
    others = [one for one in segments.GetSegmentIDs() if one != key]
    logic = core.vtkSlicerSegmentationsModuleLogic
    assert logic.SetBinaryLabelmapToSegment(image, node, key, logic.MODE_REPLACE, image.GetExtent(), False, others)


def _cube(array: np.ndarray) -> tuple[np.ndarray, int]:
    """Voxels of a cube within the largest organ, as a mask, and the value of the second largest."""
    others = [values()[key] for key in ("background", "body", "muscle")]
    found = [value for value in np.unique(array).tolist() if value not in others]
    largest, grown = sorted(found, key=lambda value: -np.count_nonzero(array == value))[:2]
    inside = np.argwhere(array == largest)
    middle = inside[len(inside) // 2]
    mask = np.zeros(array.shape, bool)
    mask[tuple(slice(max(0, at - 3), at + 4) for at in middle)] = True
    return mask & (array == largest), grown


def array(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayViewFromImage(image)


def assert_same(a: sitk.Image, b: sitk.Image, what: str) -> None:
    assert np.count_nonzero(array(a) != array(b)) == 0 if a.GetSize() == b.GetSize() else False, what
    for part in ("Spacing", "Origin", "Direction"):
        assert np.allclose(getattr(a, f"Get{part}")(), getattr(b, f"Get{part}")(), rtol=0, atol=1e-4), what
