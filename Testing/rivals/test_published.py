"""MAISI's published weights as stage 3: what is read, what is refused, and a CT of random weights of that structure."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.vocabularies import VOCABULARIES
from GuideGenLib.cli.main import main
from GuideGenLib.core.errors import FileWarning, VolumeError
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.description import parse
from GuideGenLib.generator import Generator
from GuideGenLib.rivals.frame import weights_of
from GuideGenLib.rivals.published import maisi_ct, maisi_networks
from GuideGenLib.rivals.published.maisi_ct import MaisiCT, with_ct_model
from GuideGenLib.rivals.published.maisi_networks import PublishedError, build, read_maisi
from Testing.tiny_bundle import write_tiny_bundle

TINY = {
    "autoencoder": (8, 8, 8), "blocks": 1, "groups": 4, "unet": (8, 16), "attention": (1,), "head": 8,
    "condition": (8, 8, 8), "splits": 1,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Random weights in files as they are published."""
    torch.manual_seed(0)
    made = build(TINY)
    for network in made.values():
        for weights in network.parameters():  # zeros as the last layers have at first would say nothing
            torch.nn.init.normal_(weights, std=0.2)
    models = tmp_path / "maisi" / "models"
    models.mkdir(parents=True)
    torch.save(made["autoencoder"].state_dict(), models / "autoencoder_v1.pt")
    unet = {"unet_state_dict": made["unet"].state_dict(), "scale_factor": torch.tensor(0.9)}
    torch.save(unet, models / "diff_unet_3d_rflow-ct.pt")
    torch.save({"controlnet_state_dict": made["control"].state_dict()}, models / "controlnet_3d_rflow-ct.pt")
    return tmp_path / "maisi"


@pytest.fixture
def anatomy() -> sitk.Image:
    """An oval body with a liver on the patient's right, oblique, at 2 mm."""
    _, y, x = np.indices((20, 24, 28))
    labels = np.where(np.hypot((y - 12) / 11, (x - 14) / 13) < 1, values()["muscle"], 0).astype(np.uint8)
    labels[4:12, 6:16, 4:12] = values()["liver"]
    return image_from_array(labels, (2.0,) * 3, (3.0, 4.0, 5.0), labels=True)


def _refused(folder: Path, words: str) -> None:
    with pytest.raises(PublishedError, match=words):
        read_maisi(folder, torch.device("cpu"), TINY)


def test_the_published_sizes_give_networks_of_the_published_structure():
    with torch.device("meta"):
        networks = build()
    keys = networks["unet"].state_dict()
    assert {"time_embed.0.weight", "class_embedding.weight", "spacing_layer.0.weight"} <= set(keys)
    assert "top_region_index_layer.0.weight" not in keys
    assert [*keys["class_embedding.weight"].shape] == [128, 256]
    assert [*keys["conv_in.conv.weight"].shape] == [64, 4, 3, 3, 3]
    first = networks["control"].state_dict()["controlnet_cond_embedding.conv_in.conv.weight"]
    assert [*first.shape] == [8, 8, 3, 3, 3]
    assert 15e6 < weights_of(networks["autoencoder"]) < 30e6 < 100e6 < weights_of(networks["unet"]) < 300e6


def test_a_ct_of_random_weights_lies_on_its_anatomy(folder: Path, anatomy: sitk.Image, tmp_path: Path):
    networks = read_maisi(folder, torch.device("cpu"), TINY)
    assert networks.scale == pytest.approx(0.9) and len(networks.identity) == 3
    made = MaisiCT(Generator.from_bundle(write_tiny_bundle(tmp_path / "tiny"), "cpu", "float32"), networks)
    made.widths, made.heights = (32,), (32, 64)
    ct, again, other = (made.synthesize_ct(anatomy, parse("A man."), seed=seed, steps=2) for seed in (1, 1, 2))
    hu = sitk.GetArrayFromImage(ct)
    assert ct.GetSize() == anatomy.GetSize() and ct.GetOrigin() == anatomy.GetOrigin()
    assert (hu[sitk.GetArrayFromImage(anatomy) == 0] == -1000).all() and hu.std() > 1
    assert np.array_equal(hu, sitk.GetArrayFromImage(again))
    assert not np.array_equal(hu, sitk.GetArrayFromImage(other))
    record = made.provenance(parse("A man."), {"ct_steps": None})
    assert record["settings"]["ct_steps"] == 30 and record["ct_model"]["sha256"] == dict(networks.identity)
    with pytest.raises(PublishedError, match="none around an edit"):
        made.regenerate_ct(ct, anatomy, anatomy, parse("A man."))
    made.widths = (16,)
    with pytest.raises(VolumeError, match="56 mm in plane, MAISI makes 32: crop it"):
        made.synthesize_ct(anatomy, parse("A man."))


def test_the_networks_are_given_the_anatomy_in_their_axes_and_classes(
    folder: Path, anatomy: sitk.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ours = Generator.from_bundle(write_tiny_bundle(tmp_path / "tiny"), "cpu", "float32")
    made = MaisiCT(ours, read_maisi(folder, torch.device("cpu"), TINY))
    made.widths, made.heights = (32,), (32,)
    given: list[Any] = []
    monkeypatch.setattr(made, "_velocity", lambda x, t, bits: given.append(bits) or torch.zeros_like(x))
    made.synthesize_ct(anatomy, parse("A man."), steps=1)
    classes = (given[0][0] * 2 ** torch.arange(8).view(-1, 1, 1, 1)).sum(dim=0).int().numpy()
    assert set(np.unique(classes)) == {0, 1, 200}  # air, liver, body envelope
    right, front, up = np.argwhere(classes == 1).mean(axis=0)
    body = np.argwhere(classes == 200).mean(axis=0)
    assert right > body[0] and abs(front - body[1]) < 3 and up < body[2]


def test_files_that_are_missing_damaged_or_of_other_networks_are_told(folder: Path):
    models = folder / "models"
    unet, control = models / "diff_unet_3d_rflow-ct.pt", models / "controlnet_3d_rflow-ct.pt"
    held = torch.load(unet, weights_only=True)
    key = "conv_in.conv.weight"
    torch.save({**held, "unet_state_dict": {**held["unet_state_dict"], "more": torch.ones(1)}}, unet)
    with pytest.warns(FileWarning, match="1 tensors more than are used, as more"):
        read_maisi(folder, torch.device("cpu"), TINY)
    torch.save({**held, "unet_state_dict": {**held["unet_state_dict"], key: torch.ones(2, 4, 3, 3, 3)}}, unet)
    _refused(folder, r"shapes differ: conv_in.conv.weight is \[2, 4, 3, 3, 3\], not \[8, 4, 3, 3, 3\]")
    less = {name: value for name, value in held["unet_state_dict"].items() if name != key}
    torch.save({**held, "unet_state_dict": less}, unet)
    _refused(folder, f"it lacks {key}")
    torch.save({"unet_state_dict": held["unet_state_dict"]}, unet)
    _refused(folder, "tells no scale of the latents")
    torch.save({"unet_state_dict": {"a": torch.ones(1)}}, unet)
    _refused(folder, "no key is known")
    torch.save(held, unet)
    begun = torch.load(control, weights_only=True)["controlnet_state_dict"]
    torch.save({"controlnet_state_dict": {name: v for name, v in begun.items() if name != key}}, control)
    read_maisi(folder, torch.device("cpu"), TINY)  # what a ControlNet leaves out is the U-Net's
    control.write_bytes(b"no weights")
    _refused(folder, "cannot be read as weights")
    control.unlink()
    _refused(folder, "has no controlnet_3d_rflow-ct.pt or controlnet.pt")


def test_a_file_that_would_run_code_is_refused(folder: Path):
    torch.save({"unet_state_dict": {}, "code": Path}, folder / "models" / "autoencoder_v1.pt")
    _refused(folder, "cannot be read as weights")


def test_another_label_table_is_refused(folder: Path):
    ours = {name: value for value, name in VOCABULARIES["maisi132"].items() if value}
    (folder / "configs").mkdir()
    table = folder / "configs" / "label_dict.json"
    table.write_text(json.dumps({**ours, "dummy1": 2}))
    read_maisi(folder, torch.device("cpu"), TINY)
    table.write_text(json.dumps({**ours, "liver": 3, "spleen": 1}))
    _refused(folder, "1 is spleen, not liver; 3 is liver, not spleen")


def test_the_command_makes_a_ct_with_it(
    folder: Path,
    anatomy: sitk.Image,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(maisi_networks.read_maisi, "__defaults__", (TINY,))
    monkeypatch.setattr(maisi_ct, "WIDTHS", (32,))
    monkeypatch.setattr(maisi_ct, "HEIGHTS", (32,))
    bundle = str(write_tiny_bundle(tmp_path / "tiny"))
    write_volume(anatomy, tmp_path / "anatomy.nii.gz")
    words = ["ct", "--anatomy", str(tmp_path / "anatomy.nii.gz"), "--labels", "guidegen", "--text", "A man."]
    words += ["--bundle", bundle, "--ct-steps", "1"]
    assert main([*words, "-o", str(tmp_path / "out"), "--ct-model", f"maisi:{folder}"]) == 0
    record = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert record["ct_model"]["name"] == "maisi" and (tmp_path / "out" / "ct.nii.gz").is_file()
    assert main([*words, "-o", str(tmp_path / "two"), "--ct-model", "other:x"]) == 2
    assert "there is no CT model other:x: give maisi:DIR" in capsys.readouterr().err
    assert main([*words, "-o", str(tmp_path / "two"), "--ct-model", "maisi:x", "--server", "http://127.0.0.1:1"]) == 2
    assert "--ct-model names weights of this machine" in capsys.readouterr().err


def test_names_of_models_are_checked():
    with pytest.raises(PublishedError, match="give maisi:DIR"):
        with_ct_model(None, "maisi")  # type: ignore[arg-type]
