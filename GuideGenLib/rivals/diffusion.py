"""Gaussian diffusion as several rivals use it: the loss of a denoiser, and deterministic sampling in few steps."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from monai.networks.schedulers import DDIMScheduler, DDPMScheduler, RFlowScheduler
from monai.networks.schedulers.scheduler import Scheduler
from torch import Tensor

from GuideGenLib.core.progress import Progress
from GuideGenLib.training.loop.draws import normal

TIMES = 1000
Denoiser = Callable[[Tensor, Tensor], Tensor]
"""(noisy, times) -> predicted noise or velocity."""


@cache
def ddpm(schedule: str, prediction: str = "epsilon", times: int = TIMES) -> DDPMScheduler:
    """The forward process; kept out of the rivals, which would count it as a network."""
    return DDPMScheduler(times, schedule, prediction_type=prediction)


@cache
def rectified() -> RFlowScheduler:
    """A rectified flow with even times, which at sampling are moved towards the noise for large volumes."""
    return RFlowScheduler(use_discrete_timesteps=False, use_timestep_transform=True)


def noisy(
    scheduler: Scheduler, clean: Tensor, rngs: Sequence[np.random.Generator], least: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """(x_t, its target, t [B]) of clean samples: even times from `least` on, noise by each sample's own generator."""
    noise = normal(rngs, clean.shape[1:], clean.device)
    drawn = [rng.random() for rng in rngs]
    if isinstance(scheduler, RFlowScheduler):
        times = torch.tensor(drawn, device=clean.device) * scheduler.num_train_timesteps
        return scheduler.add_noise(clean, noise, times), clean - noise, times
    count = scheduler.num_train_timesteps
    times = torch.tensor([int(least + u * (count - least)) for u in drawn], device=clean.device)
    if str(scheduler.prediction_type) == "v_prediction":
        return scheduler.add_noise(clean, noise, times), scheduler.get_velocity(clean, noise, times), times
    return scheduler.add_noise(clean, noise, times), noise, times


def mean_of(error: Tensor, seen: Tensor) -> Tensor:
    """Mean of an error [B, C, ...] where `seen` [B, 1, ...] is 1."""
    return (error * seen).sum() / (seen.expand_as(error).sum() + 1e-6)


@torch.no_grad()
def ddim(
    forward: DDPMScheduler,
    schedule: str,
    denoise: Denoiser,
    noise: Tensor,
    steps: int,
    progress: Progress,
    clip: bool = True,
) -> Tensor:
    """A sample of the process by DDIM (Song et al., ICLR 2021) in few steps, from noise [B, C, ...].

    clip: whether the sample is an image in -1..1, and not latents.
    """
    count = forward.num_train_timesteps
    sampler = DDIMScheduler(count, schedule, clip_sample=clip, prediction_type=str(forward.prediction_type))
    sampler.set_timesteps(min(steps, count), noise.device)
    x = noise
    for done, time in enumerate(sampler.timesteps, start=1):
        x, _ = sampler.step(denoise(x, time.expand(len(x))), int(time), x)
        progress("ct", done / len(sampler.timesteps))
    return x


@torch.no_grad()
def flow(scheduler: RFlowScheduler, velocity: Denoiser, noise: Tensor, steps: int, progress: Progress) -> Tensor:
    """A sample of a rectified flow by Euler's steps."""
    scheduler.set_timesteps(steps, noise.device, input_img_size_numel=int(np.prod(noise.shape[2:])))
    times = [round(float(time)) for time in scheduler.timesteps]  # whole, as the scheduler cuts the next one off
    x = noise
    for done, (now, after) in enumerate(zip(times, [*times[1:], 0], strict=True), start=1):
        x, _ = scheduler.step(velocity(x, torch.full((len(x),), float(now), device=x.device)), now, x, after)
        progress("ct", done / len(times))
    return x
