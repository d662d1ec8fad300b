"""The stages that make a bundle, each going on where an earlier run of it stopped."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.core.volumes import image_from_array, to_canonical
from GuideGenLib.ct.synthesizer import SPACING as CT_SPACING
from GuideGenLib.ct.synthesizer import CTSynthesizer
from GuideGenLib.data.notes import read_notes
from GuideGenLib.mask.network import MaskNetwork
from GuideGenLib.population.torso import Torso, cached_torso
from GuideGenLib.training import assemble
from GuideGenLib.training.calibrate import CALIBRATION, calibrate
from GuideGenLib.training.calibrate_ct import OFFSET, calibrate_hu
from GuideGenLib.training.codec import DECODER_RATE, train_codec
from GuideGenLib.training.codec import PATCH as CODEC_PATCH
from GuideGenLib.training.ct import train_ct_flow, train_ct_mean
from GuideGenLib.training.inputs import anatomies_of, is_packed, mask_data_of, materials_of, people_of
from GuideGenLib.training.job import Job, Stage, say
from GuideGenLib.training.loop import (
    averaged_state,
    is_newer,
    process_rank,
    steps_done,
    training_device,
)
from GuideGenLib.training.mask import train_mask
from GuideGenLib.training.patches import Material, PatchSource
from GuideGenLib.training.start import initial_bundle

if TYPE_CHECKING:
    pass

LABELS = len(anatomy_rows())
PEOPLE = 1000


def population(job: Job) -> None:
    """The imagined people whose anatomies the mask learns: real people, deformed."""
    labels = anatomies_of(job) if is_packed(job.run) else people_of(job)[0]
    say(f"population: {len(labels)} anatomies in {job.run}")


def codec(job: Job) -> None:
    """Encoder and decoder: what latents are."""
    job.seed_torch(assemble.CODEC)
    train_codec(
        _patches(job, materials_of(job), assemble.CODEC),
        job.run / assemble.CODEC,
        labels=LABELS,
        steps=job.steps,
        minutes=job.minutes,
        log=say,
    )


def codec_grain(job: Job) -> None:
    """The decoder against its adversary; the encoder stays as it is, and so do latents made before."""
    first = averaged_state(job.run / assemble.CODEC)
    job.seed_torch(assemble.CODEC_GRAIN)
    train_codec(
        _patches(job, materials_of(job), assemble.CODEC_GRAIN),
        job.run / assemble.CODEC_GRAIN,
        labels=LABELS,
        steps=job.steps,
        minutes=job.minutes,
        rate=DECODER_RATE,
        decoder_only=True,
        adversarial=True,
        initial=first,
        log=say,
    )


def mask(job: Job) -> None:
    """The anatomy denoiser, on the population."""
    data = mask_data_of(job)
    job.seed_torch(assemble.MASK)
    folder = job.run / assemble.MASK
    trainer = train_mask(data, folder, steps=job.steps, minutes=job.minutes, seed=job.seed, log=say)
    if process_rank()[0] == 0 and not is_newer(folder / CALIBRATION, folder):
        network = MaskNetwork(assemble.mask_config(averaged_state(folder))).to(trainer.device)
        network.load_state_dict(averaged_state(folder))
        calibrate(network, data, torch.zeros(network.config.classes), folder, minutes=job.minutes, log=say)


def ct_mean(job: Job) -> None:
    """The expected CT latents of an anatomy."""
    materials = materials_of(job)
    job.seed_torch(assemble.CT_MEAN)
    train_ct_mean(
        _codec(job), materials, job.run / assemble.CT_MEAN, labels=LABELS, steps=job.steps, minutes=job.minutes,
        seed=job.seed, log=say,
    )  # fmt: skip


def ct_flow(job: Job) -> None:
    """The flow of what the expectation leaves out."""
    state = averaged_state(job.run / assemble.CT_MEAN)
    materials = materials_of(job)
    mean = assemble.CTNetwork(assemble.ct_config(state))
    mean.load_state_dict(state)
    job.seed_torch(assemble.CT_FLOW)
    folder = job.run / assemble.CT_FLOW
    train_ct_flow(
        _codec(job), mean, materials, folder, labels=LABELS, steps=job.steps, minutes=job.minutes, seed=job.seed,
        log=say,
    )  # fmt: skip


def _at_ct_spacing(torso: Torso) -> np.ndarray:
    """Labels [z, y, x] of the template at the spacing of the CT stage, by the same resampling as at run time."""
    image = image_from_array(torso.labels, torso.spacing, labels=True)
    return to_canonical(image, CT_SPACING, labels=True, smooth=True)[0]


def _noise(materials: Sequence[Material]) -> float:
    """Typical noise of the labelled scans: the style of a CT that nothing is said of."""
    return float(np.median([material.noise for material in materials]))


def bundle(job: Job) -> None:
    """The bundle of the finished stages; figures of `metrics.json` in the run folder go into it."""
    if process_rank()[0] > 0:
        return
    initial = initial_bundle(job.run)
    anatomies = None if initial and steps_done(job.run / assemble.MASK) == 0 else anatomies_of(job)
    metrics, materials = job.run / "metrics.json", materials_of(job)
    template = cached_torso(job.data, job.run)
    flow = job.run / assemble.CT_FLOW
    kept = initial is not None and steps_done(flow) == 0
    noise = initial.config["ct_noise"] if initial is not None and kept else _noise(materials)
    if not is_newer(flow / OFFSET, flow, assemble.codec_run(job.run), job.run / assemble.CT_MEAN):
        calibrate_hu(_ct_stage(job), _at_ct_spacing(template), noise, flow, log=say)
    made = assemble.assemble_bundle(
        job.run,
        job.target,
        metrics=json.loads(metrics.read_text(encoding="utf-8")) if metrics.is_file() else {},
        template=template,
        anatomies=anatomies,
        initial=initial,
        ct_noise=noise,
        scans=[material.name for material in materials],
        notes=read_notes(job.data),
        seed=job.seed,
    )
    say(f"bundle: {made.path}, {sum(entry['bytes'] for entry in made.config['files'].values()) / 1e6:.1f} MB")


def _ct_stage(job: Job) -> CTSynthesizer:
    """The networks of the CT stage as they were trained, without an offset."""
    device = training_device()
    mean, flow = (averaged_state(job.run / stage) for stage in (assemble.CT_MEAN, assemble.CT_FLOW))
    networks = []
    for state in (mean, flow):
        network = assemble.CTNetwork(assemble.ct_config(state))
        network.load_state_dict(state)
        networks.append(network.to(device).eval())
    spread = assemble.read_spread(job.run / assemble.CT_FLOW).to(device)
    return CTSynthesizer(_codec(job).to(device), networks[0], networks[1], spread, torch.zeros(LABELS, device=device))


def _patches(job: Job, materials: Sequence[Material], stage: str) -> PatchSource:
    """Other patches for each process, and after each resume."""
    seed = [job.seed, process_rank()[0], steps_done(job.run / stage)]
    return PatchSource(materials, training_device(), seed, CODEC_PATCH)


def _codec(job: Job) -> CodecNetwork:
    state = averaged_state(assemble.codec_run(job.run))
    network = CodecNetwork(**assemble.codec_arguments(state))
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


STAGES = {
    "population": Stage(population, 0, "the anatomies that the mask learns"),
    "codec": Stage(codec, 1600, "HU to latents and back", 0.1),
    "codec-grain": Stage(codec_grain, 1600, "the grain that latents cannot hold", 0.15),
    "mask": Stage(mask, 4000, "the anatomy from the description", 0.35),
    "ct-mean": Stage(ct_mean, 1400, "the expected CT of an anatomy", 0.1),
    "ct-flow": Stage(ct_flow, 4000, "the texture of the CT", 0.3),
    "bundle": Stage(bundle, 0, "all of it as a bundle"),
}
