"""What the mask stage is trained on, in memory and as one compact file that is taken to another machine.

The file is safetensors: the label maps compressed by LZMA (about 19 kB a person at 6 mm), token states of the prompts
as int8 with a scale for each token, and for each person the numbers of the prompts that fit them.
"""

import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch import Tensor

from GuideGenLib.anatomy.unknown import FILLED, UNLABELLED, value_of
from GuideGenLib.core.files import atomic
from GuideGenLib.population.write import mapped

FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 1, "lp": 0, "pb": 0, "dict_size": 1 << 24}]
LAID = (0, 2, 3, 1)


@dataclass(frozen=True)
class MaskData:
    """labels uint8 [n, z, y, x] at 6 mm; typed float32 [n, 16]; texts: per sample, several token states [L, 384].

    The same states may belong to several people. labels may bear the marks of `anatomy.unknown`; known bool
    [n, 128]: the values that the source of each labels, None where all are.
    """

    labels: np.ndarray
    typed: np.ndarray
    texts: Sequence[Sequence[Tensor]]
    known: np.ndarray | None = None

    @property
    def classes(self) -> int:
        """One more than the largest value."""
        return max(int(value_of(one).max()) for one in self.labels) + 1

    @property
    def complete(self) -> list[int]:
        """The samples that have a label everywhere, filled in or not."""
        return [index for index, one in enumerate(self.labels) if one.max() < UNLABELLED]


def joined(first: MaskData, second: MaskData, target: Path) -> MaskData:
    """Both after one another, their maps in a memory map of the .npy file `target`. Raises ValueError where their grids
    differ."""
    known = [
        np.ones((len(each.labels), FILLED), bool) if each.known is None else each.known for each in (first, second)
    ]
    with mapped(target, len(first.labels) + len(second.labels)) as write:
        for one in (*first.labels, *second.labels):
            write(one[None])
    return MaskData(
        np.load(target, mmap_mode="r"),
        np.concatenate([first.typed, second.typed]),
        [*first.texts, *second.texts],
        np.concatenate(known),
    )


def save_mask_data(data: MaskData, path: Path) -> int:
    """Write the data into one file, texts with 8 bits a number; returns its size in bytes."""
    numbers = {id(text): text for texts in data.texts for text in texts}
    order = {key: number for number, key in enumerate(numbers)}
    states = torch.cat(list(numbers.values())).float()
    scale = states.abs().amax(1, keepdim=True).clamp_min(1e-6) / 127
    most = max(len(texts) for texts in data.texts)
    owned = np.full((len(data.texts), most), -1, np.int32)
    for row, texts in zip(owned, data.texts, strict=True):
        row[: len(texts)] = [order[id(text)] for text in texts]
    # runs along the body's axis are the longest
    packed = lzma.compress(np.ascontiguousarray(data.labels.transpose(LAID)).tobytes(), lzma.FORMAT_XZ, filters=FILTERS)
    known = {} if data.known is None else {"known": data.known.astype(np.uint8)}
    with atomic(path) as private:
        save_file(
            known
            | {
                "labels": np.frombuffer(packed, np.uint8),
                "shape": np.array(data.labels.shape, np.int64),
                "typed": data.typed.astype(np.float32),
                "text_states": (states / scale).round().to(torch.int8).numpy(),
                "text_scale": scale[:, 0].half().numpy(),
                "text_ends": np.cumsum([len(text) for text in numbers.values()], dtype=np.int64),
                "text_of": owned,
            },
            private,
        )
    return path.stat().st_size


def load_mask_data(path: Path) -> MaskData:
    """The data of a file that `save_mask_data` wrote."""
    stored = load_file(path)
    shape = stored["shape"]
    packed = np.frombuffer(lzma.decompress(stored["labels"].tobytes()), np.uint8).reshape(shape[list(LAID)])
    labels = np.ascontiguousarray(packed.transpose(np.argsort(LAID)))
    states = torch.from_numpy(stored["text_states"]).half() * torch.from_numpy(stored["text_scale"])[:, None]
    starts = [0, *stored["text_ends"][:-1]]
    texts = [states[start:end] for start, end in zip(starts, stored["text_ends"], strict=True)]
    known = stored["known"].astype(bool) if "known" in stored else None
    return MaskData(labels, stored["typed"], [[texts[i] for i in row if i >= 0] for row in stored["text_of"]], known)
