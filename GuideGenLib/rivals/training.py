"""The training of a rival: its phases in turn by the loop of all trainings, on the same samples as our own stages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from GuideGenLib.anatomy.table import as_networks_know
from GuideGenLib.data.notes import VALIDATION as HELD_FOR_VALIDATION
from GuideGenLib.rivals.files import write_rival
from GuideGenLib.rivals.frame import (
    LABELS,
    TOKENS,
    TYPED,
    WIDTH,
    Figures,
    Phase,
    Rival,
    Sample,
    our_samples,
    scaled,
)
from GuideGenLib.rivals.systems import RIVALS
from GuideGenLib.rivals.torsos import Torso, Torsos, torsos_of
from GuideGenLib.training.inputs import materials_of
from GuideGenLib.training.job import Job, say
from GuideGenLib.training.loop.checkpoint import BEST, averaged_state, core_minutes, steps_done
from GuideGenLib.training.loop.checks import Check
from GuideGenLib.training.loop.draws import VALIDATION, Batch, Seeds
from GuideGenLib.training.loop.processes import first_process_first, process_rank
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.networks.cutting import Cuts, Material
from GuideGenLib.training.networks.patches import Variation

FOLDER = "rivals"
CHECK_EVERY = 2000


@dataclass(frozen=True)
class Learnt:
    """Scans to learn from and to validate on, and the same on the torso frame, for a text-conditioned rival."""

    materials: Sequence[Material]
    validation: Sequence[Material]
    torsos: Sequence[Torso] = ()
    validation_torsos: Sequence[Torso] = ()


class Lesions(Variation):
    """Patches with painted lesions as ours have them, but of the HU that were scanned: a rival is not told by how much
    an organ is brighter, nor how noisy a patch is, so to vary both would be a burden and no lesson."""

    def _shift(self, rngs: Sequence[np.random.Generator]) -> Tensor:
        return torch.zeros(len(rngs), self.tables.shape[1], device=self.device)

    def _noisier(
        self, hu: Tensor, noise: Tensor, rngs: Sequence[np.random.Generator], step: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        return hu, noise


def train_rival(name: str, job: Job, config: dict[str, Any] | None = None) -> None:
    """Train the phases of a rival in `job.run`/rivals/`name`, each going on where it stopped, and write its file.

    The samples of our own stages are shared among the phases, or `job.steps` steps, or `job.minutes`. config: sizes
    other than the shipped ones.
    """
    job.seed_torch()
    rival = RIVALS[name](config)
    learnt = learnt_of(rival, job)
    folder = job.run / FOLDER / name
    seen = {}
    for phase in rival.PHASES:
        job.seed_torch()
        state, steps = train_phase(rival, phase, learnt, folder / phase.part, job)
        rival.load_state_dict(state)
        seen[phase.part] = steps * phase.batch
    path = folder / "rival.safetensors"
    if process_rank()[0] == 0:
        minutes = round(sum(core_minutes(folder / phase.part) for phase in rival.PHASES), 3)
        write_rival(rival, path, {"samples": seen, "core_minutes": minutes, "seed": job.seed})
        say(f"{name}: {path}, samples seen: {', '.join(f'{n} {part}' for part, n in seen.items())}")


def learnt_of(rival: Rival, job: Job) -> Learnt:
    """What a rival learns from. Raises DataError."""
    materials, validation = materials_of(job), materials_of(job, HELD_FOR_VALIDATION)
    if rival.kind == "mask":
        return Learnt(materials, validation)
    with first_process_first():
        cache = job.run / FOLDER / "torsos"
        return Learnt(materials, validation, torsos_of(materials, cache, say), torsos_of(validation, cache, say))


def train_phase(rival: Rival, phase: Phase, learnt: Learnt, run: Path, job: Job) -> tuple[dict[str, Tensor], int]:
    """The averaged weights of the whole rival after a phase, and the steps it took."""
    rival.learn(phase.part)
    steps = max(1, round(job.steps * phase.share))
    if not job.steps:
        steps = max(1, round(our_samples(rival.kind) * phase.share / phase.batch))
    minutes = None if job.minutes is None else job.minutes * phase.share
    say(f"{rival.name}, {phase.part}:")
    earlier = tuple(f"{one.part}." for one in rival.PHASES[: rival.PHASES.index(phase)])
    before = {key: value.clone() for key, value in rival.state_dict().items() if key.startswith(earlier)}
    trainer = Trainer(
        rival,
        run,
        steps=steps,
        minutes=minutes,
        of_a_core=True,
        rate=phase.rate,
        batch=phase.batch,
        seed=job.seed,
        unused=False,
    )
    _with_earlier_parts(trainer, before)
    data: Cuts | Torsos
    if phase.feed == "patches":
        data = Cuts(learnt.materials, phase.edge, Seeds(job.seed), learnt.validation)
        give = _patches(Lesions(data.scans, trainer.device))
    else:
        data = Torsos(learnt.torsos, phase, Seeds(job.seed), learnt.validation_torsos)
        if phase.feed == "fine":
            with trainer.autocast():
                data.coded(lambda hu: rival.code(phase, scaled(hu).to(trainer.device)))
        give = _torsos(trainer.device)

    def loss(network: Rival, batch: Batch) -> tuple[Tensor, Figures]:
        return network.loss(phase, give(batch), batch)

    trainer.run(loss, say, data=data, check=Check(data.of(VALIDATION), CHECK_EVERY))
    return averaged_state(run), steps_done(run)


def _with_earlier_parts(trainer: Trainer, before: dict[str, Tensor]) -> None:
    """Let a phase that goes on take over what earlier phases have learned since it stopped. Its lowest validation loss
    was taken with the former parts, so it does not count any more."""
    kept = trainer.network.state_dict()
    if all(torch.equal(kept[key], value.to(kept[key].device)) for key, value in before.items()):
        return
    for network in (trainer.network, trainer.averaged.module):
        network.load_state_dict(before, strict=False)
    (trainer.run_folder / BEST).unlink(missing_ok=True)
    trainer.best = float("inf")


Give = Callable[[Batch], Sample]


def _patches(lesions: Lesions) -> Give:
    known = torch.from_numpy(as_networks_know().astype(np.int64)).to(lesions.device)

    def give(batch: Batch) -> Sample:
        patches = lesions(batch)
        hu, count = scaled(patches.hu), len(patches.hu)
        typed = torch.from_numpy(np.stack([one.typed for one in patches.materials]).astype(np.float32))
        nothing = torch.zeros(count, TOKENS, WIDTH, device=hu.device)  # a mask is all that these are told
        return Sample(hu, known[patches.labels.long()], torch.ones_like(hu), typed.to(hu.device), nothing)

    return give


def _torsos(device: torch.device) -> Give:
    def give(batch: Batch) -> Sample:
        held = {key: value.to(device, non_blocking=True) for key, value in batch.data.items()}
        assert held["typed"].shape[1] == TYPED and int(held["labels"].max()) < LABELS
        return Sample(
            scaled(held["hu"])[:, None],
            held["labels"].long(),
            held["seen"][:, None],
            held["typed"].float(),
            held["text"],
            held.get("code"),
        )

    return give
