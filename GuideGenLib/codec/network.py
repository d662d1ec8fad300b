"""The codec network: a linear block transform plus residual networks, both ways.

z = P(x) + E(x), x' = P^T(z) + D(z, mask), x the companded HU. P holds the leading principal components of 4^3 blocks,
so an untrained codec is already a good one and the networks learn only what is left. Nothing convolves at full
resolution: the finest layers work on 2^3 blocks and unfold in the last step.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.codec.compand import compand, expand
from GuideGenLib.core.blocks import LabelCode, ResidualBlock, TrunkNetwork, depth_to_space, silence, space_to_depth

FACTOR = 4
"""Voxels a latent cell, along each axis."""
ENCODER = ("linear_in", "encoder_half", "encoder_quarter")
"""Modules that make latents; the others are the decoder."""
LATENT_NOISE = 0.03
"""Standard deviation of noise added to the unit-variance latents: keeps them smooth, in the place of a KL term."""


class CodecNetwork(TrunkNetwork):
    """Autoencoder f4.

    encode: HU [B, 1, D, H, W] -> standardised latents [B, latent, D/4, H/4, W/4].
    decode: latents (and labels uint8 [B, D, H, W], may be None) -> HU [B, 1, D, H, W]. Sides divisible by 4.
    """

    def __init__(self, labels: int, latent: int = 16, wide: int = 96, narrow: int = 32, code: int = 8) -> None:
        super().__init__()
        self.latent = latent
        self.linear_in = nn.Conv3d(FACTOR**3, latent, 1)
        self.linear_out = nn.Conv3d(latent, FACTOR**3, 1)
        self.encoder_half = nn.Sequential(nn.Conv3d(8, narrow, 3, padding=1), ResidualBlock(narrow, norm=False))
        self.encoder_quarter = nn.Sequential(
            nn.Conv3d(narrow, wide, 2, stride=2), ResidualBlock(wide, norm=False), nn.SiLU(), nn.Conv3d(wide, latent, 1)
        )
        self.label_code = LabelCode(labels, code)
        self.label_quarter = nn.Conv3d(code * FACTOR**3, wide, 1)
        self.label_half = nn.Conv3d(code * 8, narrow, 1)
        self.decoder_stem = nn.Conv3d(latent, wide, 3, padding=1)
        self.decoder_quarter = nn.ModuleList(ResidualBlock(wide, norm=False) for _ in range(3))
        self.decoder_unfold = nn.Conv3d(wide, narrow * 8, 1)
        self.decoder_half = nn.ModuleList(ResidualBlock(narrow, norm=False) for _ in range(2))
        self.decoder_last = nn.Conv3d(narrow, 8, 3, padding=1)
        for layer in (self.encoder_quarter[-1], self.label_quarter, self.label_half, self.decoder_last):
            assert isinstance(layer, nn.Conv3d)
            silence(layer)

    def set_linear_path(self, blocks: Tensor) -> None:
        """Fit the linear path to companded blocks [n, 64]: principal components, latents with unit variance."""
        offset = blocks.mean()
        centred = blocks - offset
        values, vectors = torch.linalg.eigh(centred.T @ centred / len(blocks))
        latent = self.latent
        basis = vectors[:, -latent:].flip(1).T
        basis = basis * torch.sign(basis.sum(dim=1, keepdim=True) + 1e-9)
        spread = values[-latent:].flip(0).clamp_min(1e-8).sqrt()
        with torch.no_grad():
            self.linear_in.weight.copy_((basis / spread[:, None]).view(latent, -1, 1, 1, 1))
            self.linear_in.bias.copy_(-(basis / spread[:, None]).sum(dim=1) * offset)  # type: ignore[union-attr]
            self.linear_out.weight.copy_((basis.T * spread).view(-1, latent, 1, 1, 1))
            self.linear_out.bias.fill_(float(offset))  # type: ignore[union-attr]

    def forward(self, hu: Tensor, labels: Tensor | None, noise: Tensor) -> tuple[Tensor, Tensor]:
        """One training pass: (reconstruction on the companded scale from noisy latents, the latents).

        noise: of unit variance, of the latents' shape.
        """
        latents = self.encode(hu)
        return self.decode_scale(latents + LATENT_NOISE * noise, labels), latents

    def encode_linear(self, hu: Tensor) -> Tensor:
        """The linear path alone: HU -> latents without the residual network, nearly free."""
        with torch.autocast(hu.device.type, enabled=False):
            return self.linear_in(space_to_depth(compand(hu.float()), FACTOR))

    @property
    def importance(self) -> Tensor:
        """[latent] how much one unit of each latent channel moves the voxels of its block (root mean square)."""
        return self.linear_out.weight.detach().float().square().mean(dim=(0, 2, 3, 4)).sqrt()

    def encode(self, hu: Tensor) -> Tensor:
        """HU -> latents, see the class."""
        x = compand(hu.float())
        half = self.encoder_half(space_to_depth(x, 2))
        return self.encode_linear(hu) + self.encoder_quarter(half).float()

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents -> HU, see the class. Without labels the mask features are zero, as in part of the training."""
        scale = self.decode_scale(latents, labels)
        return expand(scale)

    def decode_scale(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """As `decode`, on the companded scale (what the losses are taken on)."""
        with torch.autocast(latents.device.type, enabled=False):
            linear = depth_to_space(self.linear_out(latents.float()), FACTOR)
        latents = latents.to(self.decoder_stem.weight.dtype)
        # another runtime has a trunk of two inputs; without labels there is only torch's own
        added = self.trunk(latents) if labels is None else self.run_trunk(latents, labels)
        return linear + added.float()

    def example(self) -> tuple[Tensor, ...]:
        return torch.zeros(1, self.latent, 8, 8, 8), torch.zeros((1, *[8 * FACTOR] * 3), dtype=torch.uint8)

    def trunk(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]
        """What the decoder adds to the linear path, on the companded scale."""
        h = self.decoder_stem(latents)
        if labels is not None:
            h = h + self.label_code.through(labels, FACTOR, self.label_quarter)
        for block in self.decoder_quarter:
            h = block(h)
        h = depth_to_space(self.decoder_unfold(nnf.silu(h)), 2)
        if labels is not None:
            h = h + self.label_code.through(labels, 2, self.label_half)
        for block in self.decoder_half:
            h = block(h)
        return depth_to_space(self.decoder_last(nnf.silu(h)), 2)
