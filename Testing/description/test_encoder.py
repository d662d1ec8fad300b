"""The text encoder: token states from local files, the same each time, silent."""

import hashlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from GuideGenLib.core.files import CACHE_VARIABLE
from GuideGenLib.description import encoder
from GuideGenLib.description.encoder import MOST_TOKENS, WIDTH, EncoderError, TextEncoder, default_folder

pytestmark = pytest.mark.skipif(find_spec(encoder.PACKAGE) is None, reason="the encoder package is not installed")


@pytest.fixture(scope="module")
def loaded() -> TextEncoder:
    return TextEncoder.load()


def test_states_have_one_row_a_token(loaded: TextEncoder) -> None:
    states = loaded.encode("left kidney tumor")
    assert states.shape == (3, WIDTH) and states.dtype == torch.float32
    assert not states.requires_grad and states.isfinite().all()


def test_long_text_is_cut_and_empty_text_has_no_rows(loaded: TextEncoder) -> None:
    assert loaded.encode("tumor " * 500).shape == (MOST_TOKENS, WIDTH)
    assert loaded.encode("").shape == (0, WIDTH)


def test_the_same_text_gives_the_same_states(loaded: TextEncoder) -> None:
    text = "an advanced lung cancer in the upper left lobe"
    assert torch.equal(loaded.encode(text), loaded.encode(text))


def test_one_word_changes_the_state_of_its_token(loaded: TextEncoder) -> None:
    left, right = loaded.encode("left kidney tumor"), loaded.encode("right kidney tumor")
    assert torch.cosine_similarity(left[0], right[0], dim=0) < 0.9


def test_sha256_is_that_of_the_weights(loaded: TextEncoder) -> None:
    assert loaded.sha256 == hashlib.sha256((default_folder() / encoder.WEIGHTS).read_bytes()).hexdigest()


def test_missing_folder_and_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"model\.safetensors"):
        TextEncoder.load(tmp_path)


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(default_folder() / name, tmp_path)
    (tmp_path / encoder.WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(EncoderError, match="cannot be read"):
        TextEncoder.load(tmp_path).encode("lung tumor")


def test_states_of_another_width_are_refused(tmp_path: Path) -> None:
    for name in (encoder.SHAPE, encoder.TOKENIZER, encoder.WEIGHTS):
        (tmp_path / name).write_text('{"hidden_size": 768}')
    with pytest.raises(EncoderError, match="768"):
        TextEncoder.load(tmp_path)


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")
def test_openvino_gives_the_same_states_and_needs_no_transformers_again(
    loaded: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    texts = ("", "left kidney tumor", "tumor " * 500)
    fast = TextEncoder.load()
    fast.by_openvino = True
    made = [fast.encode(text) for text in texts]
    for text, states in zip(texts, made, strict=True):
        torch.testing.assert_close(states, loaded.encode(text), rtol=0, atol=1e-4)
    again = TextEncoder.load()
    again.by_openvino = True
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert all(torch.equal(again.encode(text), states) for text, states in zip(texts, made, strict=True))


def test_where_nothing_can_be_kept_torch_runs_it(
    loaded: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    other = TextEncoder.load()
    other.by_openvino = True
    assert torch.equal(other.encode("lung tumor"), loaded.encode("lung tumor"))


def test_missing_package_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "PACKAGE", "no_such_package")
    with pytest.raises(EncoderError, match="pip install"):
        default_folder()


def test_parsing_needs_no_torch_and_loading_prints_nothing() -> None:
    code = (
        "import sys; from GuideGenLib.description import parse;"
        "from GuideGenLib.description.encoder import TextEncoder;"
        "parse('lung tumor'); assert 'torch' not in sys.modules and 'transformers' not in sys.modules;"
        "TextEncoder.load().encode('lung tumor')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_states_of_own_sentences_are_kept_and_what_is_harmed_is_made_again(
    loaded: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    text = "a CT of a woman"
    wanted = loaded.encode(text)
    assert torch.equal(loaded.encode_own(text), wanted)
    (kept,) = (tmp_path / "sentences").iterdir()
    other = TextEncoder.load()
    monkeypatch.setattr(other, "encode", lambda text: pytest.fail("is encoded again"))
    assert torch.equal(other.encode_own(text), wanted)
    kept.write_bytes(kept.read_bytes()[:200])
    assert torch.equal(loaded.encode_own(text), wanted) and len(kept.read_bytes()) > 200
    monkeypatch.undo()
    monkeypatch.setattr(encoder, "cache_folder", lambda name: None)
    assert torch.equal(loaded.encode_own(text), wanted)
