"""The folder of judges: what was written comes back, and nothing that was altered is used."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.judges.folder import Judges, load_judges, write_judges
from GuideGenLib.judges.plain_codec import PlainCodec
from GuideGenLib.judges.segmenter import SegmenterConfig, SegmenterNetwork
from Testing.tiny_bundle import CODEC

TINY = SegmenterConfig(features=(8, 8, 8, 8, 8, 8), hidden=16)
ABOUT = {"network": TINY.to_json(), "ceilings": {"scan": "anna", "dice": {"liver": 0.9}}, "training": {"steps": 2}}


def _write(folder: Path) -> Judges:
    torch.manual_seed(0)
    return write_judges(folder, SegmenterNetwork(TINY).state_dict(), ABOUT)


def test_they_come_back(tmp_path: Path) -> None:
    written = _write(tmp_path / "judges")
    read = load_judges(tmp_path / "judges")
    hu = np.random.default_rng(0).uniform(-1000, 400, (16, 20, 20)).astype(np.float32)
    assert np.array_equal(written.segmenter.segment(hu, 3.0), read.segmenter.segment(hu, 3.0))
    assert read.ceilings == {"liver": 0.9} and read.classifiers is None
    assert read.identity == written.identity and read.about["segmenter"]["training"] == {"steps": 2}


def test_writing_again_replaces_what_is_ours_and_keeps_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "judges"
    _write(folder)
    kept = ["card.md", "judges.json", "realism.safetensors", "segmenter.safetensors"]
    for name in ("card.md", "realism.safetensors"):
        (folder / name).write_text("kept")
    for name in ("classifiers", "plain_codec"):
        (folder / f"{name}.safetensors").write_bytes(b"of an older version")
    _write(folder)
    assert sorted(file.name for file in folder.iterdir()) == kept
    assert (folder / "realism.safetensors").read_text() == "kept"


def _codec(seed: int) -> CodecNetwork:
    torch.manual_seed(seed)
    network = CodecNetwork(**CODEC).eval()
    torch.nn.init.normal_(network.decoder_last.weight)  # silent until it is trained
    return network


def _plain(folder: Path, network: CodecNetwork) -> PlainCodec:
    """A decoder of that network, as the judges give it back."""
    torch.manual_seed(0)
    made = write_judges(folder, SegmenterNetwork(TINY).state_dict(), ABOUT, None, (network.state_dict(), {"steps": 3}))
    assert made.about["plain_codec"]["training"] == {"steps": 3} and made.plain_codec is not None
    return made.plain_codec


def test_a_plain_codec_decodes_in_the_place_of_the_bundles(tmp_path: Path) -> None:
    shipped, trained = _codec(0), _codec(1)
    for part in ("linear_in", "encoder_half", "encoder_quarter"):
        trained.get_submodule(part).load_state_dict(shipped.get_submodule(part).state_dict())
    before = {key: value.clone() for key, value in shipped.state_dict().items()}
    plain = _plain(tmp_path / "judges", trained)
    assert not any(key.startswith(("linear_in", "encoder")) for key in plain.decoder)
    # a bundle's encoder comes in half precision
    shipped.load_state_dict({key: value.half().float() for key, value in shipped.state_dict().items()})
    other = plain.instead_of(shipped)
    hu = torch.full((1, 1, 8, 8, 8), 40.0) + 100 * torch.randn(1, 1, 8, 8, 8)
    with torch.inference_mode():
        latents = shipped.encode(hu)
        assert torch.equal(other.encode(hu), latents)
        assert torch.allclose(other.decode(latents), trained.decode(latents), atol=20)
        assert not torch.allclose(shipped.decode(latents), trained.decode(latents), atol=20)
    assert torch.allclose(shipped.state_dict()["decoder_last.weight"], before["decoder_last.weight"], atol=0.01)


def test_a_plain_codec_of_another_encoder_is_refused(tmp_path: Path) -> None:
    plain = _plain(tmp_path / "judges", _codec(0))
    assert plain.fits(_codec(0)) and not plain.fits(_codec(1))
    with pytest.raises(EvaluationError, match=r"another bundle's encoder.*train plain-codec"):
        plain.instead_of(_codec(1))


def test_an_altered_byte_is_found(tmp_path: Path) -> None:
    _write(tmp_path)
    file = tmp_path / "segmenter.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(EvaluationError, match=r"segmenter\.safetensors is altered.*copy the judges again"):
        load_judges(tmp_path)


def test_what_is_missing_or_does_not_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"has no judges\.json"):
        load_judges(tmp_path)
    _write(tmp_path)
    good = (tmp_path / "judges.json").read_text()
    for change, words in (
        ({"format": 2}, "not of format 1"),
        ({"labels": "0"}, "another anatomy table"),
        ({"segmenter": {}}, "does not fit"),
        ({"segmenter": {**ABOUT, "network": {**TINY.to_json(), "hidden": 8}}}, "does not fit"),
    ):
        (tmp_path / "judges.json").write_text(json.dumps({**json.loads(good), **change}))
        with pytest.raises(EvaluationError, match=words):
            load_judges(tmp_path)
    (tmp_path / "judges.json").write_text(good[:50])
    with pytest.raises(EvaluationError, match="no JSON"):
        load_judges(tmp_path)
    (tmp_path / "judges.json").write_text(good)
    (tmp_path / "segmenter.safetensors").unlink()
    with pytest.raises(EvaluationError, match="is missing"):
        load_judges(tmp_path)
