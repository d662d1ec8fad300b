"""The worker with the real generator and a tiny bundle: each request end to end, equal to the generator called here."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.label_volumes import fill_holes
from GuideGenLib.anatomy.table import values
from GuideGenLib.description import parse
from GuideGenLib.description.changes.read import read_change
from GuideGenLib.description.report import to_json
from GuideGenLib.engine import (
    ChangeDone,
    ChangeRequest,
    Client,
    CompleteRequest,
    CTDone,
    CTRequest,
    DescribeRequest,
    Failed,
    MaskDone,
    MaskRequest,
    Progress,
    RegenerateRequest,
    Stopped,
)
from GuideGenLib.engine.process import WorkerProcess
from GuideGenLib.generator import Case, Generator, RunSettings
from GuideGenLib.generator.change import change
from Testing.engine.conftest import done, events_of, outcome, runs, until, until_step
from Testing.tiny_bundle import write_tiny_bundle

TEXT = "A 60 year old woman with a 40 mm tumor in the sigmoid colon, region pelvis."
DESCRIPTION = to_json(parse("A 60 year old woman."))
PELVIS = RunSettings(seed=3, region="pelvis", mask_steps=1)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("büндle") / "tiny")


@pytest.fixture(scope="module")
def client(bundle: Path) -> Iterator[Client]:
    made = Client(bundle=bundle, device="cpu")
    yield made
    worker = made._worker
    made.close()
    assert not isinstance(worker, WorkerProcess) or not (runs(worker.pid) or worker.folder.exists())


@pytest.fixture(scope="module")
def anatomy(client: Client) -> MaskDone:
    """What the worker made of a mask request."""
    result = done(client, client.submit(MaskRequest(DESCRIPTION, PELVIS))).result
    assert isinstance(result, MaskDone)
    return result


@pytest.fixture(scope="module")
def generator(bundle: Path, anatomy: MaskDone) -> Generator:
    """The generator as the worker has it; the choice of the arithmetic is measured, so it is handed on."""
    return Generator.from_bundle(bundle, "cpu", anatomy.provenance["arithmetic"])


@pytest.fixture
def volume(small_anatomy: sitk.Image) -> sitk.Image:
    """A toy torso, oblique, small enough to be quick."""
    small = sitk.Image(small_anatomy)
    small.SetSpacing((6.0, 6.0, 6.0))
    rotation = sitk.Euler3DTransform()
    rotation.SetRotation(0.1, -0.05, 0.2)
    small.SetDirection(rotation.GetMatrix())
    small.SetOrigin((-80.0, 33.0, 1200.0))
    return small


def same(a: sitk.Image, b: sitk.Image) -> bool:
    """Voxel for voxel, to the last bit of the geometry."""
    return (
        np.array_equal(sitk.GetArrayViewFromImage(a), sitk.GetArrayViewFromImage(b))
        and a.GetPixelID() == b.GetPixelID()
        and a.GetSpacing() == b.GetSpacing()
        and a.GetOrigin() == b.GetOrigin()
        and a.GetDirection() == b.GetDirection()
    )


def test_what_is_kept_comes_back_from_the_worker(client: Client, volume: sitk.Image) -> None:
    settings = RunSettings(seed=4, mask_steps=1, region="abdomen")
    result = done(client, client.submit(CompleteRequest(volume, ["liver"], DESCRIPTION, settings))).result
    assert isinstance(result, MaskDone) and result.provenance["settings"]["kept"] == ["liver"]
    again = sitk.Resample(result.anatomy, volume, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    liver = values()["liver"]
    assert np.array_equal(*(sitk.GetArrayViewFromImage(one) == liver for one in (again, volume)))
    failed = outcome(client, client.submit(CompleteRequest(volume, ["uterus"], DESCRIPTION, settings)))
    assert isinstance(failed, Failed) and failed.kind == "input" and "holds no uterus" in failed.message


def test_a_description_is_the_parsers(client: Client) -> None:
    result = done(client, client.submit(DescribeRequest(TEXT))).result
    assert result.description == json.loads(json.dumps(to_json(parse(TEXT))))  # type: ignore[union-attr]


def test_an_anatomy_is_the_generators(generator: Generator, anatomy: MaskDone) -> None:
    description = parse("A 60 year old woman.")
    expected = generator.synthesize_mask(description, seed=3, region="pelvis", steps=1, spacing=1.5)
    assert same(anatomy.anatomy, fill_holes(expected.anatomy))
    assert anatomy.checks == [asdict(check) for check in expected.checks] and anatomy.lesions == []
    drawn = {"seed": 3, "region": "pelvis", "sampler": "flow", "mask_steps": 1, "guidance": None, "anatomy_mm": 1.5}
    settings = {**drawn, "possible": True}
    whole = generator.provenance(description, settings, expected)
    assert anatomy.provenance == json.loads(json.dumps(whole))


def test_a_ct_and_its_regeneration_are_the_generators(client: Client, generator: Generator, volume: sitk.Image) -> None:
    description = parse("A 60 year old woman.")
    id = client.submit(CTRequest(volume, DESCRIPTION, RunSettings(seed=5, spacing_mm=None, ct_steps=1)))
    events = events_of(client, id)
    made = events[-1].result  # type: ignore[union-attr]
    assert isinstance(made, CTDone)
    expected = generator.synthesize_ct(volume, description, seed=5, spacing=None, steps=1)
    assert same(made.ct, expected)
    assert made.provenance["settings"]["spacing_mm"] is None and made.provenance["synthetic"] is True
    assert len(made.provenance["settings"]["anatomy_voxels_sha256"]) == 64
    told = [event for event in events if isinstance(event, Progress)]
    assert [event.fraction for event in told] == sorted(event.fraction for event in told)
    assert {event.stage for event in told} == {"load", "ct"}

    edited = sitk.Image(volume)
    edited[12:16, 12:16, 20:24] = values()["liver_tumor"]
    settings = RunSettings(seed=5, margin_mm=15.0, ct_steps=1)
    again = done(client, client.submit(RegenerateRequest(made.ct, volume, edited, DESCRIPTION, settings))).result
    expected = generator.regenerate_ct(made.ct, volume, edited, description, seed=5, margin_mm=15.0, steps=1)
    assert same(again.ct, expected)  # type: ignore[union-attr]
    assert not same(again.ct, made.ct)  # type: ignore[union-attr]
    told = again.provenance["settings"]  # type: ignore[union-attr]
    assert told["anatomy_voxels_sha256"] == made.provenance["settings"]["anatomy_voxels_sha256"]
    assert told["edited_voxels_sha256"] != told["anatomy_voxels_sha256"]


def test_a_changed_case_is_the_generators(client: Client, generator: Generator, volume: sitk.Image) -> None:
    description = parse("A 60 year old woman.")
    settings = RunSettings(seed=5, spacing_mm=None, ct_steps=1, margin_mm=15.0)
    old = generator.synthesize_ct(volume, description, seed=5, spacing=None, steps=1)
    record = {"settings": {"seed": 5, "spacing_mm": None, "ct_steps": 1}, "lesions": []}
    sentence = "add a 20 mm tumour in the liver"
    request = ChangeRequest(sentence, volume, volume, old, DESCRIPTION, record, settings)
    made = done(client, client.submit(request)).result
    assert isinstance(made, ChangeDone)
    difference = read_change(sentence, description)
    expected = change(generator, Case(description, volume, old, (), (), record), difference, settings)
    assert same(made.anatomy, expected.anatomy) and not same(made.anatomy, volume)
    assert expected.ct is not None and same(made.new_ct, expected.ct) and not same(made.new_ct, old)
    assert made.provenance["changes"] == json.loads(json.dumps(expected.provenance["changes"]))
    without = done(client, client.submit(replace(request, old_ct=None))).result
    assert same(without.anatomy, made.anatomy) and without.new_ct is None  # type: ignore[union-attr]
    failed = outcome(client, client.submit(replace(request, sentence="make him a man")))
    assert isinstance(failed, Failed) and failed.kind == "input" and "another patient" in failed.message


def test_errors_of_the_library_are_messages_and_the_models_stay(client: Client, volume: sitk.Image) -> None:
    moved = sitk.Image(volume)
    moved.SetOrigin((0.0, 0.0, 0.0))
    unknown = sitk.Image(volume)
    unknown[0, 0, 0] = 200
    lung = to_json(parse("lung cancer in the left upper lobe"))
    hu = sitk.Cast(volume, sitk.sitkInt16) * 20 - 500
    worker = None  # a run that was cancelled before may have ended it
    for request, told in (
        (MaskRequest(lung, PELVIS), "torso"),
        (CTRequest(unknown, DESCRIPTION), "200"),
        (CTRequest(volume * 0, DESCRIPTION), "is empty"),
        (RegenerateRequest(hu, volume, moved, DESCRIPTION), "another grid"),
        (RegenerateRequest(volume, volume, volume, DESCRIPTION), "the CT"),
    ):
        failed = outcome(client, client.submit(request))
        assert isinstance(failed, Failed) and failed.kind == "input" and told in failed.message, failed
        worker = worker or client._worker
    assert worker is not None and client._worker is worker


@pytest.mark.large
def test_a_run_is_cancelled_and_the_same_again_gives_the_same(
    client: Client, generator: Generator, anatomy: MaskDone
) -> None:
    id = client.submit(MaskRequest(DESCRIPTION, replace(PELVIS, mask_steps=200)))
    until_step(client, id)
    worker = client._worker
    assert isinstance(worker, WorkerProcess)
    client.cancel(id)
    assert isinstance(outcome(client, id, 20), Stopped)
    until(lambda: not runs(worker.pid) or not any(worker.folder.iterdir()), "killed or idle, it leaves no file")
    again = done(client, client.submit(MaskRequest(DESCRIPTION, PELVIS))).result
    assert same(again.anatomy, anatomy.anatomy)  # type: ignore[union-attr]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
@pytest.mark.large
def test_a_worker_killed_in_mid_run_is_a_message_and_the_next_run_works(client: Client, volume: sitk.Image) -> None:
    id = client.submit(MaskRequest(DESCRIPTION, replace(PELVIS, mask_steps=200)))
    until_step(client, id)
    worker = client._worker
    assert isinstance(worker, WorkerProcess)
    os.kill(worker.pid, signal.SIGKILL)
    failed = outcome(client, id)
    assert isinstance(failed, Failed) and failed.kind in ("memory", "crash")
    until(lambda: not worker.folder.exists(), "its folder goes", 10)
    request = CTRequest(volume, DESCRIPTION, RunSettings(seed=1, spacing_mm=None, ct_steps=1))
    assert isinstance(done(client, client.submit(request)).result, CTDone)


@pytest.mark.large
def test_bundles_and_devices_that_are_not_there_are_told(bundle: Path, tmp_path: Path) -> None:
    for client, kind, told in (
        (Client(bundle=tmp_path / "none"), "bundle", "has no bundle.json"),
        (Client(bundle=bundle, device="abacus"), "device", "unknown device"),
    ):
        failed = outcome(client, client.submit(MaskRequest(DESCRIPTION)))
        assert isinstance(failed, Failed) and failed.kind == kind and told in failed.message
        client.close()
