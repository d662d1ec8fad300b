"""The codec with another decoder: one that was trained anew without HDR means (`guidegen train plain-codec`).

Its encoder is the bundle's, so latents and the networks that make them stay valid. Only the loss differs: both decoders
put out the companded scale, and latents are of companded HU.
"""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from GuideGenLib.codec.network import ENCODER, CodecNetwork
from GuideGenLib.core.errors import EvaluationError

EXACT = ("linear_out.weight", "linear_out.bias")
"""The linear path back stays in full precision, as in a bundle."""


def decoder_tensors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The decoder's part of a codec's weights, in half precision but for EXACT."""
    decoder = {key: value for key, value in state.items() if not key.startswith(ENCODER)}
    return {key: value if key in EXACT else value.half() for key, value in decoder.items()}


def encoder_hash(state: Mapping[str, Tensor]) -> str:
    """sha256 of the encoder's part of a codec's weights in half precision: the same of a training and of its bundle."""
    found = hashlib.sha256()
    for key in sorted(key for key in state if key.startswith(ENCODER)):
        found.update(key.encode())
        found.update(state[key].detach().cpu().half().contiguous().numpy().tobytes())
    return found.hexdigest()


@dataclass(frozen=True)
class PlainCodec:
    """decoder: tensors by their names in CodecNetwork; encoder: `encoder_hash` of the codec that it was trained for;
    identity: sha256 of the decoder's file."""

    decoder: Mapping[str, Tensor]
    encoder: str
    identity: str

    def fits(self, codec: CodecNetwork) -> bool:
        """Whether it was trained for the encoder of this codec."""
        return encoder_hash(codec.state_dict()) == self.encoder

    def instead_of(self, codec: CodecNetwork) -> CodecNetwork:
        """A copy of `codec` that decodes with this decoder. Raises EvaluationError when it fits another encoder."""
        if not self.fits(codec):
            raise EvaluationError(
                "the decoder without HDR loss was trained for another bundle's encoder",
                "train it in this bundle's run folder with `guidegen train plain-codec`, then `guidegen train judges`",
            )
        other = deepcopy(codec)
        with torch.no_grad():
            try:
                other.load_state_dict({**other.state_dict(), **{k: v.float() for k, v in self.decoder.items()}})
            except RuntimeError as error:
                reason = str(error).strip().splitlines()[-1].strip()
                raise EvaluationError(
                    f"the decoder without HDR loss does not fit the codec ({reason})",
                    "copy the judges again, or train "
                    "them with `guidegen train plain-codec` and `guidegen train judges`",
                ) from error
        return other
