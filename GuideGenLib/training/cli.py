"""`guidegen train`: the stages of a bundle, one by one or all, each going on where an earlier run of it stopped.

With several GPUs: `torchrun --nproc-per-node 4 -m GuideGenLib.cli.main train ...`.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct.synthesizer import SPACING as CT_SPACING
from GuideGenLib.ct.synthesizer import CTSynthesizer
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.evaluation.judges import write_judges
from GuideGenLib.evaluation.segmenter import SPACING as SEGMENTER_SPACING
from GuideGenLib.evaluation.segmenter import Segmenter, SegmenterConfig
from GuideGenLib.mask.network import MaskNetwork
from GuideGenLib.population.torso import Torso, cached_torso
from GuideGenLib.population.write import coarse_bank, load_bank
from GuideGenLib.progress import Progress, silent
from GuideGenLib.training import assemble
from GuideGenLib.training.calibrate import calibrate, read_calibration
from GuideGenLib.training.calibrate_ct import calibrate_hu, read_offset
from GuideGenLib.training.ceilings import UNSEEN, read_about, write_ceilings
from GuideGenLib.training.classifiers import (
    HELD_PEOPLE,
    JUDGED_PEOPLE,
    OTHER_PEOPLE,
    SCORES,
    read_config,
    told_scans,
    train_classifiers,
    write_scores,
)
from GuideGenLib.training.codec import train_codec
from GuideGenLib.training.ct import Material, train_ct_flow, train_ct_mean
from GuideGenLib.training.loop import RunError, averaged_state, first_process_first, process_rank, steps_done
from GuideGenLib.training.mask import train_mask
from GuideGenLib.training.materials import codec_scans, ct_materials, mask_data
from GuideGenLib.training.scans import load_labelled
from GuideGenLib.training.segmenter import ANATOMIES, HOLD_OUT, train_segmenter, write_anatomies
from GuideGenLib.volumes import image_from_array, remedy, to_canonical

if TYPE_CHECKING:
    from GuideGenLib.population.attributes import Attributes

STOPPED = 130
LABELS = len(anatomy_rows())
SEGMENTER, CLASSIFIERS = "segmenter", "classifiers"


@dataclass(frozen=True)
class Stage:
    """One part of the training: what its command does, the steps it takes by default (0: it has none)."""

    run: "Callable[[Job], None]"
    steps: int
    help: str


@dataclass(frozen=True)
class Job:
    """What a stage is run with."""

    data: Path
    run: Path
    steps: int
    masked_steps: int
    people: int
    seed: int
    threads: int
    target: Path
    anatomies: int = ANATOMIES
    hold_out: str = HOLD_OUT

    @property
    def cache(self) -> Path:
        return self.run / "cache"

    def seed_torch(self, stage: str) -> None:
        """Noise and first weights: other ones for each process, and after each resume."""
        state = np.random.SeedSequence([self.seed, process_rank()[0], steps_done(self.run / stage)]).generate_state(1)
        torch.manual_seed(int(state[0]))


def say(message: str) -> None:
    """One line of the log, from the first process alone."""
    if process_rank()[0] == 0:
        print(message, flush=True)


# ---------------------------------------------------------------- the stages


def population(job: Job) -> None:
    """The imagined people whose anatomies the mask learns: the joined torso, deformed."""
    labels, _ = _people(job)
    say(f"population: {len(labels)} anatomies in {job.run / assemble.POPULATION}")


def _people(job: Job) -> "tuple[np.ndarray, list[Attributes]]":
    """Their maps and attributes, made once and kept in the run folder."""
    progress = _tenths()
    with first_process_first():
        torso = _torso(job, progress)
        return coarse_bank(torso.labels, job.people, job.seed, job.threads, job.run / assemble.POPULATION, progress)


def _torso(job: Job, progress: Progress = silent) -> Torso:
    """What people are deformed from, built once and kept in the run folder."""
    try:
        return cached_torso(job.data, job.run, progress)
    except FileNotFoundError as error:
        raise RunError(
            f"{error}: the population is made from the two labelled scans of the project's own data; "
            f"name their folder with --data, or put a torso.npz of your own into {job.run}"
        ) from error


def _tenths() -> Progress:
    """Progress as one line of the log for each tenth of a stage."""
    shown: set[tuple[str, int]] = set()

    def progress(stage: str, fraction: float) -> None:
        tenth = (stage, int(fraction * 10 + 1e-6))
        if tenth not in shown:
            shown.add(tenth)
            say(f"{stage} {10 * tenth[1]} %")

    return progress


def codec(job: Job) -> None:
    """First encoder and decoder on all scans, then the decoder alone with mask features."""
    with first_process_first():
        scans = codec_scans(job.data, job.cache, labelled=False)
    job.seed_torch(assemble.CODEC)
    train_codec(scans, job.run / assemble.CODEC, labels=LABELS, steps=job.steps, seed=job.seed, log=say)
    if job.masked_steps == 0:
        return
    say("codec: the decoder with mask features, the encoder stays as it is")
    with first_process_first():
        scans = codec_scans(job.data, job.cache, labelled=True)
    job.seed_torch(assemble.CODEC_MASKED)
    train_codec(
        scans,
        job.run / assemble.CODEC_MASKED,
        labels=LABELS,
        steps=job.masked_steps,
        seed=job.seed,
        decoder_only=True,
        initial=averaged_state(job.run / assemble.CODEC),
        log=say,
    )


def mask(job: Job) -> None:
    """The anatomy denoiser, on the population."""
    labels, people = _people(job)
    say("mask: reading the prompts")
    data = mask_data(labels, people, TextEncoder.load(), job.seed)
    job.seed_torch(assemble.MASK)
    folder = job.run / assemble.MASK
    trainer = train_mask(data, folder, steps=job.steps, seed=job.seed, log=say)
    if process_rank()[0] == 0 and read_calibration(folder) is None:
        network = MaskNetwork(assemble.mask_config(averaged_state(folder))).to(trainer.device)
        network.load_state_dict(averaged_state(folder))
        calibrate(network, data, torch.zeros(network.config.classes), folder, log=say)


def ct_mean(job: Job) -> None:
    """The expected CT latents of an anatomy."""
    materials = _materials(job)
    job.seed_torch(assemble.CT_MEAN)
    train_ct_mean(
        _codec(job), materials, job.run / assemble.CT_MEAN, labels=LABELS, steps=job.steps, seed=job.seed, log=say
    )


def ct_flow(job: Job) -> None:
    """The flow of what the expectation leaves out."""
    state = averaged_state(job.run / assemble.CT_MEAN)
    materials = _materials(job)
    mean = assemble.CTNetwork(assemble.ct_config(state))
    mean.load_state_dict(state)
    job.seed_torch(assemble.CT_FLOW)
    folder = job.run / assemble.CT_FLOW
    trainer, spread = train_ct_flow(
        _codec(job), mean, materials, folder, labels=LABELS, steps=job.steps, seed=job.seed, log=say
    )
    if process_rank()[0] == 0 and read_offset(folder) is None:
        flow = assemble.CTNetwork(assemble.ct_config(averaged_state(folder)))
        flow.load_state_dict(averaged_state(folder))
        device = trainer.device
        offset = torch.zeros(LABELS, device=device)
        stage = CTSynthesizer(
            _codec(job).to(device), mean.to(device).eval(), flow.to(device).eval(), spread.to(device), offset
        )
        calibrate_hu(stage, _template(job), _noise(materials), folder, log=say)


def _template(job: Job) -> np.ndarray:
    """The joined torso, labels [z, y, x] at the spacing of the CT stage, by the same resampling as at run time."""
    torso = cached_torso(job.data, job.run)
    image = image_from_array(torso.labels, torso.spacing, labels=True)
    return to_canonical(image, CT_SPACING, labels=True, smooth=True)[0]


def _noise(materials: Sequence[Material]) -> float:
    """Typical noise of the labelled scans: the style of a CT that nothing is said of."""
    return float(np.median([material.noise for material in materials]))


def bundle(job: Job) -> None:
    """The bundle of the finished stages; figures of `metrics.json` in the run folder go into it."""
    if process_rank()[0] > 0:
        return
    try:
        anatomies, _ = load_bank(job.run / assemble.POPULATION, job.seed)
    except FileNotFoundError as error:
        raise RunError(
            f"{job.run} holds no population of seed {job.seed}: run `guidegen train population` first, "
            "or give --seed as it was then"
        ) from error
    metrics = job.run / "metrics.json"
    made = assemble.assemble_bundle(
        job.run,
        job.target,
        metrics=json.loads(metrics.read_text(encoding="utf-8")) if metrics.is_file() else {},
        template=cached_torso(job.data, job.run),
        anatomies=anatomies[: job.people],  # those that the mask saw
        ct_noise=_noise(ct_materials(job.data, job.cache, TextEncoder.load())),
        scans=[scan.name for scan in codec_scans(job.data, job.cache, labelled=False)],
        seed=job.seed,
    )
    say(f"bundle: {made.path}, {sum(entry['bytes'] for entry in made.config['files'].values()) / 1e6:.1f} MB")


def segmenter(job: Job) -> None:
    """The segmenter that judges generated CTs, and its score on the labelled scan that is held out."""
    with first_process_first():
        scans = load_labelled(job.data, job.cache, spacing=SEGMENTER_SPACING)
        held_out = load_labelled(job.data, job.cache, [job.hold_out], SEGMENTER_SPACING)[0]
        count = job.anatomies + UNSEEN
        people = write_anatomies(_torso(job).labels, count, job.run / "anatomies", job.seed, job.threads, _tenths())
    people, others = people[: job.anatomies], people[job.anatomies :]
    seen = [scan for scan in scans if scan.name != job.hold_out]
    say(f"segmenter: {len(people)} anatomies, scans {', '.join(scan.name for scan in seen) or 'none'}")
    job.seed_torch(SEGMENTER)
    train_segmenter(people, seen, job.run / SEGMENTER, steps=job.steps, seed=job.seed, log=say)
    if process_rank()[0] == 0:
        judge = Segmenter.load(averaged_state(job.run / SEGMENTER), SegmenterConfig().to_json())
        told = {"steps": job.steps, "seed": job.seed, "anatomies": len(people), "scans": [scan.name for scan in seen]}
        write_ceilings(judge, held_out, others, job.run / SEGMENTER, told, log=say)


def classifiers(job: Job) -> None:
    """The classifiers of sex and age that judge generated CTs, and their scores on people that they have not seen."""
    with first_process_first():
        bank = job.run / assemble.POPULATION
        count, others = job.people + HELD_PEOPLE, job.seed + OTHER_PEOPLE
        labels, people = coarse_bank(_torso(job).labels, count, others, job.threads, bank, _tenths())
        told = told_scans(job.data, job.cache)
    job.seed_torch(CLASSIFIERS)
    folder, n = job.run / CLASSIFIERS, job.people
    train_classifiers(labels[:n], people[:n], folder, steps=job.steps, seed=job.seed, log=say)
    if process_rank()[0] == 0:
        training = {"people": n, "steps": job.steps, "seed": job.seed}
        write_scores(folder, labels[n:], people[n:], told, training, log=say)


def judges(job: Job) -> None:
    """The folder of judges that `guidegen evaluate` reads: the segmenter, and the classifiers if they are trained."""
    if process_rank()[0] > 0:
        return
    people = job.run / CLASSIFIERS
    trained = steps_done(people) > 0 and (people / SCORES).is_file()
    found = (averaged_state(people), read_config(people)) if trained else None
    made = write_judges(job.target, *read_about(job.run / SEGMENTER), found)
    size = sum(entry["bytes"] for entry in made.about["files"].values())
    say(f"judges: {job.target}, {size / 1e6:.1f} MB, {'with' if found else 'without'} classifiers")


def _materials(job: Job) -> list[Material]:
    with first_process_first():
        return ct_materials(job.data, job.cache, TextEncoder.load())


def _codec(job: Job) -> CodecNetwork:
    state = averaged_state(assemble.codec_run(job.run))
    network = CodecNetwork(**assemble.codec_arguments(state))
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


STAGES = {
    "population": Stage(population, 0, "the anatomies that the mask learns"),
    "codec": Stage(codec, 1600, "HU to latents and back"),
    "mask": Stage(mask, 4000, "the anatomy from the description"),
    "ct-mean": Stage(ct_mean, 1400, "the expected CT of an anatomy"),
    "ct-flow": Stage(ct_flow, 4000, "the texture of the CT"),
    "bundle": Stage(bundle, 0, "all of it as a bundle"),
}
JUDGE_STAGES = {
    "segmenter": Stage(segmenter, 1500, "the segmenter that judges generated CTs"),
    "classifiers": Stage(classifiers, 700, "the classifiers of sex and age that judge generated CTs"),
    "judges": Stage(judges, 0, "what was trained of them as a folder"),
}
"""What `guidegen evaluate` judges with: no part of a bundle, and not in `all`."""
MASKED_STEPS = 600
PEOPLE = 1000


# ---------------------------------------------------------------- the command


def add_train_parsers(parser: argparse.ArgumentParser) -> None:
    """Fill the parser of `guidegen train` with a command for each stage, and `all`."""
    parser.description = "Train the networks of a bundle. A second run of a command goes on where the first stopped."
    commands = parser.add_subparsers(dest="stage", required=True, metavar="stage")
    for name, stage in {**STAGES, **JUDGE_STAGES}.items():
        _add_options(commands.add_parser(name, help=stage.help, description=f"Train {stage.help}."), name)
    _add_options(commands.add_parser("all", help="all of these in turn", description="All stages in turn."), "all")


def _add_options(parser: argparse.ArgumentParser, stage: str) -> None:
    told = os.environ.get("GUIDEGEN_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(told) if told else None,
        metavar="DIR",
        help="scans and labels in TotalSegmentator, nnU-Net or flat layout (GUIDEGEN_DATA)",
    )
    parser.add_argument("--run", type=Path, default=Path("runs"), metavar="DIR", help="checkpoints and caches (runs)")
    parser.add_argument("--seed", type=_whole(0), default=0, help="of weights, samples and people (0)")
    parser.add_argument("--threads", type=_whole(1), default=None, metavar="N", help="CPU threads (all cores)")
    own = 0 if stage == "all" else {**STAGES, **JUDGE_STAGES}[stage].steps
    if stage == "all" or own:
        steps = "each stage's own" if stage == "all" else own
        parser.add_argument("--steps", type=_whole(1), default=None, metavar="N", help=f"optimiser steps ({steps})")
    if stage in ("codec", "all"):
        parser.add_argument(
            "--masked-steps",
            type=_whole(0),
            default=MASKED_STEPS,
            metavar="N",
            help=f"of the codec's second phase, in which its decoder learns to use labels ({MASKED_STEPS})",
        )
    if stage in ("population", "mask", "bundle", "all"):
        parser.add_argument("--people", type=_whole(1), default=PEOPLE, metavar="N", help=f"anatomies ({PEOPLE})")
    if stage == "classifiers":
        parser.add_argument(
            "--people", type=_whole(1), default=JUDGED_PEOPLE, metavar="N", help=f"anatomies ({JUDGED_PEOPLE})"
        )
    if stage == "segmenter":
        parser.add_argument("--anatomies", type=_whole(1), default=ANATOMIES, metavar="N", help=f"people ({ANATOMIES})")
        parser.add_argument(
            "--hold-out", default=HOLD_OUT, metavar="NAME", help=f"labelled scan to be scored on ({HOLD_OUT})"
        )
    if stage in ("bundle", "judges", "all"):
        made = "judges" if stage == "judges" else "bundle"
        parser.add_argument("--target", type=Path, default=None, metavar="DIR", help=f"the folder (RUN/{made})")


def run_train(args: argparse.Namespace) -> int:
    """Run the stage of the parsed arguments; returns the exit status.

    Raises DataError, RunError, BundleError and EncoderError with messages for the user.
    """
    if args.data is None:
        raise RunError("no data: name a folder of scans with --data, or in the environment variable GUIDEGEN_DATA")
    threads = args.threads or torch.get_num_threads()
    torch.set_num_threads(threads)
    names = list(STAGES) if args.stage == "all" else [args.stage]
    stages = {**STAGES, **JUDGE_STAGES}
    try:
        for name in names:
            stages[name].run(_job(args, stages[name], threads))
    except KeyboardInterrupt:
        print("guidegen: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return STOPPED
    except OSError as error:
        raise RunError(f"cannot use {error.filename or args.run}: {remedy(error)}") from error
    return 0


def _job(args: argparse.Namespace, stage: Stage, threads: int) -> Job:
    def told(option: str, otherwise: Any) -> Any:
        value = getattr(args, option, None)
        return otherwise if value is None else value

    return Job(
        data=args.data,
        run=args.run,
        steps=told("steps", stage.steps),
        masked_steps=told("masked_steps", MASKED_STEPS),
        people=told("people", PEOPLE),
        seed=args.seed,
        threads=threads,
        target=told("target", args.run / ("judges" if args.stage == "judges" else "bundle")),
        anatomies=told("anatomies", ANATOMIES),
        hold_out=told("hold_out", HOLD_OUT),
    )


def _whole(least: int) -> Callable[[str], int]:
    """An argument type: a whole number that is not too small."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    number.__name__ = "whole number"
    return number
