"""The stages that make a bundle, each going on where an earlier run of it stopped."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from GuideGenLib.anatomy.label import PHASES
from GuideGenLib.anatomy.table import network_labels, values
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.core.device import choose_precision
from GuideGenLib.core.volumes import image_from_array, to_canonical
from GuideGenLib.ct.network import CTNetwork
from GuideGenLib.ct.synthesizer import SPACING as CT_SPACING
from GuideGenLib.ct.synthesizer import CTSynthesizer
from GuideGenLib.data.notes import VALIDATION, read_notes
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.mask.network import MaskNetwork
from GuideGenLib.mask.synthesizer import SPACING as MASK_SPACING
from GuideGenLib.population.torso import Torso
from GuideGenLib.training import assemble
from GuideGenLib.training.calibrate import CALIBRATION, calibrate
from GuideGenLib.training.calibrate_ct import OFFSET, calibrate_hu
from GuideGenLib.training.inputs import anatomies_of, is_packed, mask_data_of, materials_of, population_of
from GuideGenLib.training.job import Job, Stage, say, store_of, torso_of
from GuideGenLib.training.loop.checkpoint import averaged_state, is_newer, steps_done
from GuideGenLib.training.loop.processes import autocast, first_process_first, process_rank, training_device
from GuideGenLib.training.networks.codec import train_codec
from GuideGenLib.training.networks.ct import train_ct_flow, train_ct_mean
from GuideGenLib.training.networks.cutting import Material
from GuideGenLib.training.networks.mask import train_mask
from GuideGenLib.training.presets import DEFAULT, Sizes, presets
from GuideGenLib.training.sizes import codec_arguments, ct_config, mask_config
from GuideGenLib.training.start import initial_bundle

LABELS = len(network_labels())
PEOPLE = 1000


def population(job: Job) -> None:
    """The imagined people whose anatomies the mask learns: real people, deformed."""
    labels = anatomies_of(job) if is_packed(job.run) else population_of(job)[0]
    say(f"population: {len(labels)} anatomies in {job.run}")


def codec(job: Job) -> None:
    """Encoder and decoder: what latents are."""
    materials, validation = materials_of(job), materials_of(job, VALIDATION)
    job.seed_torch()
    sizes = _sizes(job, "codec", codec_arguments)
    train_codec(
        materials,
        job.run / assemble.CODEC,
        sizes,
        labels=LABELS,
        validation=validation,
        minutes=job.minutes,
        seed=job.seed,
        log=say,
    )


def codec_grain(job: Job) -> None:
    """The decoder against its adversary; the encoder stays as it is, and so do latents made before."""
    first = averaged_state(job.run / assemble.CODEC)
    materials, validation = materials_of(job), materials_of(job, VALIDATION)
    job.seed_torch()
    train_codec(
        materials,
        job.run / assemble.CODEC_GRAIN,
        job.sizes("codec-grain"),
        labels=LABELS,
        validation=validation,
        minutes=job.minutes,
        seed=job.seed,
        decoder_only=True,
        adversarial=True,
        initial=first,
        log=say,
    )


def mask(job: Job) -> None:
    """The anatomy denoiser, on the population."""
    data = mask_data_of(job)
    job.seed_torch()
    folder = job.run / assemble.MASK
    sizes = _sizes(job, "mask", lambda state: asdict(mask_config(state)))
    trainer = train_mask(data, folder, sizes, minutes=job.minutes, seed=job.seed, log=say)
    with first_process_first(), trainer.autocast():
        if not is_newer(folder / CALIBRATION, folder):
            network = MaskNetwork(mask_config(averaged_state(folder))).to(trainer.device)
            network.load_state_dict(averaged_state(folder))
            calibrate(network, data, folder, minutes=job.minutes, log=say)


def ct_mean(job: Job) -> None:
    """The expected CT latents of an anatomy."""
    materials, validation, codec = materials_of(job), materials_of(job, VALIDATION), _codec(job)
    job.seed_torch()
    sizes = _sizes(job, "ct-mean", lambda state: asdict(ct_config(state)))
    train_ct_mean(
        codec,
        materials,
        job.run / assemble.CT_MEAN,
        sizes,
        labels=LABELS,
        validation=validation,
        minutes=job.minutes,
        seed=job.seed,
        log=say,
    )


def ct_flow(job: Job) -> None:
    """The flow of what the expectation leaves out."""
    mean, codec = _ct_network(job, assemble.CT_MEAN), _codec(job)
    materials, validation = materials_of(job), materials_of(job, VALIDATION)
    job.seed_torch()
    sizes = _sizes(job, "ct-flow", lambda state: asdict(ct_config(state)))
    train_ct_flow(
        codec, mean, materials, job.run / assemble.CT_FLOW, sizes, labels=LABELS, validation=validation,
        minutes=job.minutes, seed=job.seed,
        log=say,
    )  # fmt: skip


def _sizes(job: Job, stage: str, read: Callable[[dict[str, Tensor]], dict[str, Any]]) -> Sizes:
    """Those of the preset; the network's own where the run began with a bundle. read: from the bundle's weights."""
    sizes = job.sizes(stage)
    if initial_bundle(job.run) is None:
        return sizes
    found = read(averaged_state(job.run / stage.replace("-", "_")))
    return replace(sizes, network={key: found[key] for key in sizes.network})


def _calibrated_on(template: Torso, anatomies: np.ndarray | None) -> list[np.ndarray]:
    """Labels [z, y, x] at the spacing of the CT stage of the template, and of one of the anatomies, at MASK_SPACING, of
    the sex that it has not; the resampling is that of the run time."""
    organs = [values()[key] for key in ("prostate", "uterus")]
    lacking = [value for value in organs if not (template.labels == value).any()]
    others = [] if anatomies is None else [one for one in anatomies if np.isin(one, lacking).any()]
    people = [(template.labels, template.spacing), *((one, (MASK_SPACING,) * 3) for one in others[:1])]
    images = [image_from_array(labels, spacing, labels=True) for labels, spacing in people]
    return [to_canonical(image, CT_SPACING, labels=True, smooth=True)[0] for image in images]


def _noise(materials: Sequence[Material]) -> float:
    """Noise of the quietest of the labelled scans: what the networks are told, as the scanner's is added by rule."""
    return float(min(material.noise for material in materials))


def bundle(job: Job) -> None:
    """The bundle of the finished stages; figures of `metrics.json` in the run folder go into it."""
    if process_rank()[0] > 0:
        return
    initial = initial_bundle(job.run)
    anatomies = None if initial and steps_done(job.run / assemble.MASK) == 0 else anatomies_of(job)
    metrics, materials = job.run / "metrics.json", materials_of(job)
    template = torso_of(job)
    flow = job.run / assemble.CT_FLOW
    kept = initial is not None and steps_done(flow) == 0
    noise = initial.config["ct_noise"] if initial is not None and kept else _noise(materials)
    if not is_newer(flow / OFFSET, flow, assemble.codec_run(job.run), job.run / assemble.CT_MEAN):
        device = training_device()
        with autocast(device, choose_precision("auto", device)):
            encode = TextEncoder.load().encode
            calibrate_hu(
                _ct_stage(job), _calibrated_on(template, anatomies), noise, encode, flow, minutes=job.minutes, log=say
            )
    made = assemble.assemble_bundle(
        job.run,
        job.target,
        metrics=json.loads(metrics.read_text(encoding="utf-8")) if metrics.is_file() else {},
        anatomies=anatomies,
        initial=initial,
        ct_noise=noise,
        scans=[material.name for material in materials],
        notes=read_notes(job.run if is_packed(job.run) else store_of(job).folder),
        seed=job.seed,
        preset=job.preset,
        part_mb=job.part_mb,
    )
    say(f"bundle: {made.path}, {sum(entry['bytes'] for entry in made.config['files'].values()) / 1e6:.1f} MB")


def _ct_stage(job: Job) -> CTSynthesizer:
    """The networks of the CT stage as they were trained, without an offset."""
    device = training_device()
    mean, flow = (_ct_network(job, stage).to(device).eval() for stage in (assemble.CT_MEAN, assemble.CT_FLOW))
    spread = assemble.read_spread(job.run / assemble.CT_FLOW).to(device)
    return CTSynthesizer(_codec(job).to(device), mean, flow, spread, torch.zeros((len(PHASES), LABELS), device=device))


def _ct_network(job: Job, stage: str) -> CTNetwork:
    """A network of the CT stage as it was trained."""
    state = averaged_state(job.run / stage)
    network = CTNetwork(ct_config(state))
    network.load_state_dict(state)
    return network


def _codec(job: Job) -> CodecNetwork:
    state = averaged_state(assemble.codec_run(job.run))
    network = CodecNetwork(**codec_arguments(state))
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def _stage(run: Callable[[Job], None], name: str, told: str) -> Stage:
    """A training that has its sizes in the presets."""
    return Stage(run, presets()[DEFAULT][name].steps, told)


STAGES = {
    "population": Stage(population, 0, "the anatomies that the mask learns"),
    "codec": _stage(codec, "codec", "HU to latents and back"),
    "codec-grain": _stage(codec_grain, "codec-grain", "the grain that latents cannot hold"),
    "mask": _stage(mask, "mask", "the anatomy from the description"),
    "ct-mean": _stage(ct_mean, "ct-mean", "the expected CT of an anatomy"),
    "ct-flow": _stage(ct_flow, "ct-flow", "the texture of the CT"),
    "bundle": Stage(bundle, 0, "all of it as a bundle"),
}
