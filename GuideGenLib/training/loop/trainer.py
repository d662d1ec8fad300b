"""One training loop for all networks: AdamW, warm-up and square-root decay, weight average, resume, several GPUs."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import AdamW, Optimizer
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import Dataset

from GuideGenLib.core.device import cores, measure
from GuideGenLib.training.loop.batches import Plan
from GuideGenLib.training.loop.board import Board
from GuideGenLib.training.loop.checkpoint import (
    BEST,
    CHECKPOINT,
    RunError,
    load_optimiser,
    named,
    optimiser_tensors,
    part_of,
    read_about,
    write_state,
)
from GuideGenLib.training.loop.checks import Check, validation_loss
from GuideGenLib.training.loop.draws import Batch, Seeds
from GuideGenLib.training.loop.fitting import fitting_batch
from GuideGenLib.training.loop.processes import autocast, barrier, process_rank, summed, told_by_first, training_device

Figures = dict[str, float]
Loss = Callable[[Any, Batch], tuple[Tensor, Figures]]
"""Of a network on a batch: the mean over its samples, and figures for the log. It draws from the batch's generators."""
LOG_EVERY, SAVE_EVERY = 25, 200
MOST_CHECKS, PICTURE_MINUTES = 5, 2.0
"""Of a training that is given minutes: validations, no more than one a minute, and minutes that pictures are worth."""
MOST_WORKERS = 15


class Objective(nn.Module):
    """A network and its loss as one module: parts of the network that the loss calls by themselves are seen by the
    hooks of DistributedDataParallel as well."""

    def __init__(self, network: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.network, self.loss = network, loss

    def forward(self, batch: Batch) -> tuple[Tensor, Figures]:
        return self.loss(self.network, batch)


class Trainer:
    """Trains a network by a `Loss` and keeps a moving average of its weights.

    The budget is `steps`, or where `minutes` are given so much time in `run`, however many steps that makes; the rate
    falls with the share of the budget that is spent. `of_a_core`: minutes of one core where there is no GPU, and not of
    the clock, so that a busy machine takes nothing away. Every run ends with a checkpoint.

    A step has `accumulate` passes of `batch` samples in each process; on a GPU `most_batch`, where given, is halved
    until it fits. Whatever is drawn depends on `seed` and the number of the sample, or of the step, alone (`Plan`).

    The checkpoint (`<run>/state.safetensors`, written every `save_every` steps and at the end) holds weights, their
    average, the optimisers, batch and precision; a second `run` in the same folder goes on from it, on a CPU bit for
    bit as if it had never stopped. unused: whether a step may leave parts of the network without gradients. Raises
    RunError when the folder holds another network.
    """

    def __init__(
        self,
        network: nn.Module,
        run: Path,
        *,
        steps: int,
        rate: float,
        minutes: float | None = None,
        of_a_core: bool = False,
        batch: int = 1,
        most_batch: int | None = None,
        accumulate: int = 1,
        seed: int = 0,
        average: float = 0.995,
        weight_decay: float = 0.01,
        warm_up: int = 50,
        save_every: int | None = None,
        precision: str = "auto",
        unused: bool = True,
    ) -> None:
        self.rank, self.world = process_rank()
        self.device = training_device()
        self.network = network.to(self.device)
        if all(weights.ndim != 4 for weights in self.network.parameters()):  # torch refuses those of slices
            self.network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.averaged = AveragedModel(self.network, multi_avg_fn=_ramped(average)).requires_grad_(False)
        self.run_folder = run
        self.steps, self.rate, self.warm_up, self.save_every = steps, rate, warm_up, save_every or SAVE_EVERY
        self.minutes, self.accumulate, self.seeds, self.unused = minutes, accumulate, Seeds(seed), unused
        self.batch, self.most_batch = batch, most_batch if self.device.type == "cuda" else None
        self.workers = min(MOST_WORKERS, cores() // self.world) if self.device.type == "cuda" else 0
        trained = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser = AdamW(trained, lr=rate, betas=(0.9, 0.98), weight_decay=weight_decay)
        self.partners: dict[str, tuple[nn.Module, Optimizer]] = {}
        self.step, self.seconds, self.best = 0, 0.0, float("inf")
        self.cpu_seconds, self.of_a_core = 0.0, of_a_core and self.device.type == "cpu"
        self._clock, self._cpu_clock = time.monotonic(), time.process_time()
        told: dict[str, Any] = {}
        run.mkdir(parents=True, exist_ok=True)
        if (run / CHECKPOINT).is_file():
            told = self._load()
        elif self.rank == 0:
            (run / BEST).unlink(missing_ok=True)
        self.averaged.n_averaged.fill_(self.step + 1)  # not 0: the average begins with the weights of now
        if precision == "auto":
            # mixed precision where the machine gains by it; measured once, as a busy machine may measure otherwise
            gains = measure(str(self.device)).precision == "bfloat16"
            kept = told.get("precision") or ("bfloat16" if told_by_first(gains, self.device) else "float32")
            precision = str(kept)
        self.precision: torch.dtype = getattr(torch, precision)

    def autocast(self) -> AbstractContextManager[object]:
        """The precision of the training, for whatever belongs to it."""
        return autocast(self.device, self.precision)

    def keep(self, name: str, network: nn.Module, optimiser: Optimizer) -> None:
        """Let the checkpoints hold a second network that the loss trains itself; what they hold of it is loaded."""
        self.partners[name] = network, optimiser
        file = self.run_folder / CHECKPOINT
        tensors = part_of(load_file(file), name) if file.is_file() else {}
        if tensors:
            network.load_state_dict(part_of(tensors, "network"))
            load_optimiser(optimiser, part_of(tensors, "optimiser"))

    def spent(self) -> float:
        """Share of the budget that is used up, 1 at its end; the same in all processes."""
        cpu = time.process_time()
        self.cpu_seconds, self._cpu_clock = self.cpu_seconds + cpu - self._cpu_clock, cpu
        if self.minutes is None:
            return self.step / self.steps
        now = time.monotonic()
        self.seconds, self._clock = self.seconds + now - self._clock, now
        return told_by_first(self._minutes_taken() / self.minutes, self.device)

    def _minutes_taken(self) -> float:
        return (self.cpu_seconds if self.of_a_core else self.seconds) / 60

    def _rate(self, spent: float) -> float:
        return self.rate * min(1.0, (self.step + 1) / self.warm_up) * max(1 - spent, 0.0) ** 0.5

    def run(
        self,
        loss: Loss,
        log: Callable[[str], None] = print,
        *,
        data: "Dataset[Any] | None" = None,
        check: Check | None = None,
    ) -> None:
        """Train to the end of the budget.

        data: holds what samples are made of by their number, read by other processes where there is a GPU. One log line
        every 25 steps has the mean figures since the last.
        """
        self._clock, self._cpu_clock = time.monotonic(), time.process_time()
        spent = self.spent()
        ended = spent >= 1 and self.step > 0  # the shortest time has a step, and with it a checkpoint
        if ended:
            return
        self.network.train()
        if self.most_batch is not None:
            self.batch = fitting_batch(self.device, self.network, self._trial(loss, data), self.most_batch)
        objective = Objective(self.network, loss)
        module: nn.Module = objective
        if self.world > 1:
            module = DistributedDataParallel(objective, find_unused_parameters=self.unused, broadcast_buffers=False)
            if self.step == 0:  # the first process's weights are all processes' now
                self.averaged.module.load_state_dict(self.network.state_dict())
        batches = self._plan().batches(data, self.device, self.workers)
        sums: Figures = {}
        done, started = 0, time.monotonic()
        with Board(self.run_folder if self.rank == 0 else None, self.step, log) as board:
            while not ended:
                for group in self.optimiser.param_groups:
                    group["lr"] = self._rate(spent)
                self._add(sums, self._step(module, batches))
                done += 1
                before, spent = spent, self.spent()
                ended = spent >= 1
                if self.step % LOG_EVERY == 0 or ended:
                    self._tell(sums, (time.monotonic() - started) / done, board, log)
                    sums, done, started = {}, 0, time.monotonic()
                if check is not None and (ended or self._due(check, before, spent)):
                    self._check(loss, check, board, log)
                if self.step % self.save_every == 0 or ended:
                    self._save()

    def _step(self, module: nn.Module, batches: Iterator[Batch]) -> Figures:
        """One step of the optimiser; returns the figures of its passes."""
        sums: Figures = {}
        self.optimiser.zero_grad(set_to_none=True)
        for _ in range(self.accumulate):
            batch = next(batches)
            alone = isinstance(module, DistributedDataParallel) and not batch.last
            with module.no_sync() if alone else nullcontext():  # type: ignore[operator, union-attr]
                with self.autocast():
                    value, figures = module(batch)
                (value / self.accumulate).backward()
            self._add(sums, {"loss": float(value.detach()), **figures})
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if bool(torch.isfinite(norm)):
            self.optimiser.step()
        self.step += 1
        self.averaged.update_parameters(self.network)
        return sums

    @staticmethod
    def _add(sums: Figures, more: Figures) -> None:
        """Sums by name, and how many of each under #name."""
        for key, figure in more.items():
            counted = {key: figure} if key.startswith("#") or f"#{key}" in more else {key: figure, f"#{key}": 1.0}
            for name, value in counted.items():
                sums[name] = sums.get(name, 0.0) + value

    def _tell(self, sums: Figures, seconds: float, board: Board, log: Callable[[str], None]) -> None:
        """A line of the log: the loss of all processes, the other figures of this one."""
        both = summed(torch.tensor([sums["loss"], sums["#loss"]], dtype=torch.float64, device=self.device))
        means = {key: sums[key] / sums["#" + key] for key in sums if not key.startswith("#")}
        means["loss"] = float(both[0] / both[1])
        if self.rank == 0:
            board.figures("training", means, self.step)
            told = " ".join(f"{key} {mean:.4f}" for key, mean in means.items())
            log(f"{self._place()} {told} ({seconds:.2f} s a step)")

    def _place(self) -> str:
        if self.minutes is None:
            return f"step {self.step}/{self.steps}"
        return f"step {self.step}, {self._minutes_taken():.1f}/{self.minutes:g} min"

    def _plan(self) -> Plan:
        """What is still to be seen."""
        last = None if self.minutes is not None else self.steps
        return Plan(self.seeds, self.step, last, self.batch, self.accumulate, self.rank, self.world)

    def _trial(self, loss: Loss, data: "Dataset[Any] | None") -> Callable[[int], Tensor]:
        """The loss of a batch of so many samples that are not trained on."""
        plan = self._plan()

        def trial(size: int) -> Tensor:
            batch = plan.trial(data, size)
            with self.autocast():
                return loss(self.network, batch)[0]

        return trial

    # ------------------------------------------------------------ checks and checkpoints

    def _due(self, check: Check, before: float, spent: float) -> bool:
        """Whether the step that was just done is one of those after which the training is validated."""
        if self.minutes is None:
            return self.step % check.every == 0
        checks = max(1, min(MOST_CHECKS, int(self.minutes)))
        return int(checks * before) < int(checks * spent)

    def _check(self, loss: Loss, check: Check, board: Board, log: Callable[[str], None]) -> None:
        """Validate the averaged weights, keep them if they are the best, and let pictures be drawn by them."""
        network = self.averaged.module.eval()
        with torch.no_grad(), self.autocast():
            found = validation_loss(network, loss, check, self.seeds.seed, self.batch, self.device)
            worth = self.minutes is None or self.minutes >= PICTURE_MINUTES
            if board and check.pictures is not None and worth:
                board.pictures(check.pictures(network), self.step)
        if self.rank == 0:
            board.figures("validation", {"loss": found}, self.step)
            log(f"{self._place()} validation {found:.4f}")
        if check.keep_best and found < self.best:
            self.best = found
            if self.rank == 0:
                about = {"step": self.step, "loss": found}
                write_state(self.run_folder / BEST, self.averaged_weights(), about)

    def averaged_weights(self) -> dict[str, Tensor]:
        """The moving average, float32 on the CPU: what is shipped."""
        return {k: v.detach().cpu().contiguous() for k, v in self.averaged.module.state_dict().items()}

    def _save(self) -> None:
        """Write the checkpoint; no process goes on before it is there."""
        if self.rank == 0:
            tensors = named("network", self.network.state_dict())
            tensors |= named("average", self.averaged.module.state_dict())
            tensors |= named("optimiser", optimiser_tensors(self.optimiser))
            for name, (network, optimiser) in self.partners.items():
                tensors |= named(f"{name}.network", network.state_dict())
                tensors |= named(f"{name}.optimiser", optimiser_tensors(optimiser))
            about: dict[str, Any] = {
                "step": self.step,
                "steps": self.steps,
                "seconds": self.seconds,
                "cpu_seconds": self.cpu_seconds,
                "batch": self.batch,
            }
            about["precision"] = str(self.precision).removeprefix("torch.")
            write_state(self.run_folder / CHECKPOINT, tensors, about)
        barrier()

    def _load(self) -> dict[str, Any]:
        """Go on from the checkpoint; returns what is told of it."""
        told = read_about(self.run_folder / CHECKPOINT)
        tensors = load_file(self.run_folder / CHECKPOINT)
        try:
            self.network.load_state_dict(part_of(tensors, "network"))
        except RuntimeError as error:
            raise RunError(
                f"{self.run_folder} holds a run of another network: choose another run folder, or delete this one"
            ) from error
        self.averaged.module.load_state_dict(part_of(tensors, "average"))
        load_optimiser(self.optimiser, part_of(tensors, "optimiser"))
        self.step, self.seconds = int(told["step"]), float(told["seconds"])
        self.cpu_seconds = float(told.get("cpu_seconds", 0.0))
        if self.most_batch is not None and "batch" in told:
            self.batch, self.most_batch = int(told["batch"]), None
        if (self.run_folder / BEST).is_file():
            self.best = float(read_about(self.run_folder / BEST)["loss"])
        return told


def _ramped(decay: float) -> Callable[[Any, Any, Any], None]:
    """The moving average of `AveragedModel`: over few steps at the beginning, later with `decay`."""

    @torch.no_grad()
    def average(averaged: Any, weights: Any, steps: Tensor | int) -> None:
        now = float(steps)
        torch._foreach_lerp_(averaged, [each.float() for each in weights], 1 - min(decay, (1 + now) / (10 + now)))

    return average
