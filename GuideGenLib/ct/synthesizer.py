"""From labels to HU: expected latents, a few flow steps for texture, decoding; in tiles where the volume is large."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.anatomy.label import PHASES
from GuideGenLib.anatomy.table import as_networks_know
from GuideGenLib.codec.network import FACTOR, CodecNetwork
from GuideGenLib.core.host import give_back
from GuideGenLib.core.progress import Progress, silent, within
from GuideGenLib.ct.network import CTNetwork, Style
from GuideGenLib.ct.reference import DEFAULT_PHASE, skin_depth

SPACING = 2.0
"""mm of the voxels that the networks were trained on."""
STEPS = 2
FIRST, LATE = 0.65, 0.5
"""Of the flow's times: the first is so much over the number of those that follow zero; below 1 those after it grow
denser towards the end, where the texture of even tissue is made."""
MULTIPLE = 2 * FACTOR
"""Voxel sides are padded to this: four by the codec, two by the network."""
TILE = (96, 64, 64)
"""Latent cells (768 x 512 x 512 mm) that are made at once; larger volumes are tiled."""
OVERLAP = 0.5
AIR_MM = 32.0
"""About what is labelled, that is made by the networks, too."""
DECODE_CELLS = 40
DECODE_OVERLAP = 10
"""Slabs of latent slices decoded at once; they overlap by the decoder's receptive field (seven cells of its quarter
part, two and a half of its half part), so no seam can show."""


@dataclass
class CTSynthesizer:
    """Stage 3 and the decoder of stage 2.

    spread: [latent] standard deviation of the residual latents; offset: [phases, labels that networks know] HU added to
    the reference of each label so that the CT comes out at it (ct.offsets).
    """

    codec: CodecNetwork
    mean: CTNetwork
    flow: CTNetwork
    spread: Tensor
    offset: Tensor

    def noise(self, shape: tuple[int, ...], seed: int, window: tuple[slice, ...] | None = None) -> Tensor:
        """The noise field [1, 8, d, h, w] of a volume of `shape` voxels, or the part of it under a `window` of voxels.

        A part starts at multiples of MULTIPLE and is the same as in the whole: a crop made anew has its old texture.
        """
        generator = torch.Generator(device=self.spread.device).manual_seed(seed)
        cells = [-(-n // MULTIPLE) * MULTIPLE // FACTOR for n in shape]
        whole = torch.randn((1, len(self.spread), *cells), generator=generator, device=self.spread.device)
        if window is None:
            return whole
        z, y, x = _cells(window)
        return whole[:, :, z, y, x]

    @torch.inference_mode()
    def synthesize(
        self,
        labels: np.ndarray,
        table: np.ndarray,
        style: Style,
        noise: Tensor,
        *,
        phase: str = DEFAULT_PHASE,
        steps: int = STEPS,
        progress: Progress = silent,
    ) -> np.ndarray:
        """HU float32 [z, y, x] for labels uint8 of the same shape at 2 mm; table: reference HU by label value in the
        contrast phase.

        steps 0 leaves the texture out and gives the expected CT alone. What lies farther than AIR_MM from the box
        of what is labelled is the air of the table, which costs nothing.
        """
        box = shown(labels)
        if box is None:
            return np.full(labels.shape, table[0], np.float32)
        z, y, x = _cells(box)
        made = self._made(labels[box], table, style, noise[:, :, z, y, x], phase, steps, progress)
        if made.shape == labels.shape:
            return made
        hu = np.full(labels.shape, table[0], np.float32)
        hu[box] = made
        return hu

    def _made(
        self,
        labels: np.ndarray,
        table: np.ndarray,
        style: Style,
        noise: Tensor,
        phase: str,
        steps: int,
        progress: Progress,
    ) -> np.ndarray:
        """`synthesize` of all of the labels."""
        shape = labels.shape
        known = as_networks_know()
        rows = torch.from_numpy(known[: len(table)].astype(np.int64)).to(self.offset.device)
        offset = self.offset[PHASES.index(phase), rows]  # type: ignore[arg-type]
        told = (torch.from_numpy(table).to(offset.device) + offset)[self._padded(labels).int()]
        reference = self.codec.encode_linear(told[:, None])
        del told
        volume = self._padded(known[labels])
        give_back()
        latents = self.latents(volume, reference, style, noise, steps, within(progress, 0.0, 0.8))
        give_back()
        hu = self.decode(latents, volume, within(progress, 0.8, 1.0))
        del latents, volume
        give_back()
        return hu[0, 0, : shape[0], : shape[1], : shape[2]].float().cpu().numpy()

    def _padded(self, labels: np.ndarray) -> Tensor:
        """uint8 [1, D, H, W] with sides that the networks accept; what is added is air."""
        pad = [side for n in reversed(labels.shape) for side in (0, -n % MULTIPLE)]
        return nnf.pad(torch.from_numpy(np.ascontiguousarray(labels)), pad)[None].to(self.spread.device)

    def latents(
        self, labels: Tensor, reference: Tensor, style: Style, noise: Tensor, steps: int, progress: Progress
    ) -> Tensor:
        """Latents [1, latent, d, h, w] of padded labels [1, D, H, W] that the networks know, and the latents of the HU
        that they should have."""
        inside = nnf.max_pool3d((labels != 0).float()[:, None], FACTOR)[0, 0] > 0
        depth = skin_depth(inside, SPACING * FACTOR)
        features = self.mean.seen(labels, reference, depth)
        progress("ct", 0.05)

        def pass_through(network: CTNetwork, x: Tensor, anatomy: Tensor, time: float) -> Tensor:
            clock = torch.full((1,), time, device=x.device)
            width = x.shape[1]
            if _fits(x):
                return network(x, anatomy, clock, style).float()

            def one(tile: Tensor) -> Tensor:
                return network(tile[:, :width], tile[:, width:], clock, style).float()

            return _tiled(one, torch.cat([x, anatomy.float()], dim=1))

        expected = reference + pass_through(self.mean, reference, features, 0.0)
        progress("ct", 1 / (steps + 1))
        if steps == 0:
            return expected
        del features
        features = self.flow.seen(labels, reference, depth)

        def velocity(x: Tensor, time: float) -> Tensor:
            return pass_through(self.flow, torch.cat([x, expected], dim=1), features, time)

        def step_done(fraction: float) -> None:
            progress("ct", (1 + steps * fraction) / (steps + 1))

        return expected + integrate(velocity, noise, steps, step_done) * self.spread.view(1, -1, 1, 1, 1)

    def decode(self, latents: Tensor, labels: Tensor, progress: Progress = silent) -> Tensor:
        """HU [1, 1, 4d, 4h, 4w] of latents and labels, slab by slab along z."""
        depth = latents.shape[2]
        parts = []
        for low, start, stop, high in slabs(depth):
            part = self.codec.decode(latents[:, :, low:high], labels[:, low * FACTOR : high * FACTOR])
            parts.append(part[:, :, (start - low) * FACTOR : (stop - low) * FACTOR])
            progress("decode", stop / depth)
        return torch.cat(parts, dim=2) if len(parts) > 1 else parts[0]


def slabs(depth: int) -> Iterator[tuple[int, int, int, int]]:
    """Of a volume of so many latent slices what is decoded at once: first slice read, first and last kept, last read.

    All read equally many, as a network is compiled for each size.
    """
    count = -(-depth // DECODE_CELLS)
    kept = -(-depth // count)
    read = min(depth, kept + DECODE_OVERLAP * min(count - 1, 2))
    for start in range(0, depth, kept):
        low = min(max(0, start - DECODE_OVERLAP), depth - read)
        yield low, start, min(start + kept, depth), low + read


def times(steps: int) -> list[float]:
    """Where so many calls of the network lie on the way from noise at 0 to the sample at 1, after 0 and before 1."""
    first = FIRST / (steps + 1)
    return [0.0, *(first + (1 - first) * i / (i + (steps - i) * LATE) for i in range(steps + 1))]


def integrate(
    velocity: Callable[[Tensor, float], Tensor],
    noise: Tensor,
    steps: int,
    step_done: Callable[[float], None] = lambda _: None,
) -> Tensor:
    """From noise at time 0 along the flow to the sample at time 1, one call of the network a step.

    The two-step Adams-Bashforth method on `times`. At 0 the network is not asked: noise alone tells nothing of a
    texture, whose mean is nought, so that it fades. Testing/benchmarks/steps.py tells how many steps are enough.
    """
    clock = times(steps)
    x, last = (1 - clock[1]) * noise, -noise
    for i in range(1, steps + 1):
        time, following = clock[i], clock[i + 1]
        now = velocity(x, time)
        ahead = (following - time) / (time - clock[i - 1]) / 2
        x = x + (following - time) * ((1 + ahead) * now - ahead * last)
        last = now
        step_done(i / steps)
    return x


def _cells(window: tuple[slice, ...]) -> tuple[slice, ...]:
    """The latent cells of a window of voxels that starts at multiples of MULTIPLE."""
    return tuple(slice(side.start // FACTOR, -(-side.stop // MULTIPLE) * MULTIPLE // FACTOR) for side in window)


def shown(labels: np.ndarray) -> tuple[slice, ...] | None:
    """The box of what is labelled and AIR_MM about it, between multiples of MULTIPLE; None where nothing is."""
    found = ndimage.find_objects((labels > 0).view(np.uint8))
    if not found:
        return None
    margin = round(AIR_MM / SPACING)
    return tuple(
        slice(
            max(0, side.start - margin) // MULTIPLE * MULTIPLE, min(n, -(-(side.stop + margin) // MULTIPLE) * MULTIPLE)
        )
        for side, n in zip(found[0], labels.shape, strict=True)
    )


def _fits(x: Tensor) -> bool:
    """Whether [1, C, d, h, w] is made at once."""
    return all(n <= limit for n, limit in zip(x.shape[2:], TILE, strict=True))


def _tiled(network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """`network` over [1, C, d, h, w] in tiles that fade into each other."""
    from monai.inferers import sliding_window_inference  # takes three seconds, and hardly any patient is so large

    blended = sliding_window_inference(x, TILE, 1, network, overlap=OVERLAP, mode="gaussian", padding_mode="replicate")
    assert isinstance(blended, Tensor)
    return blended
