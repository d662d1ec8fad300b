"""One training loop for all networks: AdamW, warm-up and square-root decay, weight average, resume, several GPUs."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, distributed, nn

from GuideGenLib.core.device import measure
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.files import atomic, write_json

CHECKPOINT = "state.safetensors"


class RunError(GuideGenError):
    """A run folder does not fit what shall be trained or shipped; the message names it and the remedy."""


def process_rank() -> tuple[int, int]:
    """(rank, number of processes); starts the process group when launched by torchrun or accelerate."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1 and not distributed.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(training_device())
        # the others wait while the first process prepares scans and population, which may take hours
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=timedelta(hours=12))
    return int(os.environ.get("RANK", "0")), world


@contextmanager
def first_process_first() -> Iterator[None]:
    """The block runs in process 0, then in all others at once: what the first writes into caches, they read."""
    rank, world = process_rank()
    if rank > 0:
        distributed.barrier()
    yield
    if world > 1 and rank == 0:
        distributed.barrier()


def training_device() -> torch.device:
    """This process's GPU if there is one, else the CPU."""
    return (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        if torch.cuda.is_available()
        else torch.device("cpu")
    )


class Trainer:
    """Runs `loss(network, step) -> (loss, figures)` and keeps a moving average of the weights.

    The budget is `steps`, or where `minutes` are given so much time in `run`, however many steps that makes; the rate
    falls with the share of the budget that is spent. Every run ends with a checkpoint.

    The checkpoint (`<run>/state.safetensors` and `state.json`, written every `save_every` steps and at the end) holds
    weights, their average and the optimiser; a second `run` in the same folder goes on from it. With several processes
    each draws its own samples and the gradients are averaged. Raises RunError when the folder holds another network.
    """

    def __init__(
        self,
        network: nn.Module,
        run: Path,
        *,
        steps: int,
        rate: float,
        minutes: float | None = None,
        average: float = 0.995,
        weight_decay: float = 0.01,
        warm_up: int = 50,
        save_every: int = 200,
    ) -> None:
        self.rank, self.world = process_rank()
        self.device = training_device()
        # mixed precision where the machine gains by it; on processors without bfloat16 it would be slower
        self.mixed = measure(str(self.device)).precision == "bfloat16"
        self.network = network.to(self.device)
        self.network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.average = {k: v.detach().float().clone() for k, v in self.network.state_dict().items()}
        self.run_folder = run
        self.steps, self.rate, self.decay, self.warm_up, self.save_every = steps, rate, average, warm_up, save_every
        self.minutes = minutes
        trained = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(trained, lr=rate, betas=(0.9, 0.98), weight_decay=weight_decay)
        self.step = 0
        self.seconds = 0.0
        self._clock = time.monotonic()
        run.mkdir(parents=True, exist_ok=True)
        if (run / "state.json").exists():
            self._load()

    def spent(self) -> float:
        """Share of the budget that is used up, 1 at its end; the same in all processes."""
        if self.minutes is None:
            return self.step / self.steps
        now = time.monotonic()
        self.seconds, self._clock = self.seconds + now - self._clock, now
        share = self.seconds / (60 * self.minutes)
        if self.world > 1:
            first = torch.tensor(share, device=self.device)
            distributed.broadcast(first, 0)
            share = float(first)
        return share

    def _rate(self, spent: float) -> float:
        return self.rate * min(1.0, (self.step + 1) / self.warm_up) * max(1 - spent, 0.0) ** 0.5

    def run(
        self, loss: Callable[[nn.Module, int], tuple[Tensor, dict[str, float]]], log: Callable[[str], None] = print
    ) -> None:
        """Train to the end of the budget; one log line every 25 steps with the mean figures since the last."""
        self.network.train()
        if self.world > 1:
            for tensor in self.network.state_dict().values():
                shared = tensor.contiguous()
                distributed.broadcast(shared, 0)
                tensor.copy_(shared)
        sums: dict[str, float] = {}
        count, started = 0, time.monotonic()
        self._clock = started
        spent = self.spent()
        ended = spent >= 1
        while not ended:
            for group in self.optimiser.param_groups:
                group["lr"] = self._rate(spent)
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.mixed):
                value, figures = loss(self.network, self.step)
            self.optimiser.zero_grad(set_to_none=True)
            value.backward()
            self._share_gradients()
            norm = nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            if bool(torch.isfinite(norm)):
                self.optimiser.step()
            self.step += 1
            self._update_average()
            for key, figure in {"loss": float(value.detach()), **figures}.items():
                sums[key] = sums.get(key, 0.0) + figure
                sums[f"#{key}"] = sums.get(f"#{key}", 0.0) + 1
            count += 1
            spent = self.spent()
            ended = spent >= 1
            if self.rank == 0 and (self.step % 25 == 0 or ended):
                means = " ".join(f"{k} {sums[k] / sums['#' + k]:.4f}" for k in sums if not k.startswith("#"))
                log(f"{self._place()} {means} ({(time.monotonic() - started) / count:.2f} s a step)")
                sums, count, started = {}, 0, time.monotonic()
            if self.rank == 0 and (self.step % self.save_every == 0 or ended):
                self._save()

    def _place(self) -> str:
        if self.minutes is None:
            return f"step {self.step}/{self.steps}"
        return f"step {self.step}, {self.seconds / 60:.1f}/{self.minutes:g} min"

    def _share_gradients(self) -> None:
        """Mean gradient over the processes; by hand, for the losses also call parts of the network by themselves."""
        if self.world == 1:
            return
        trained = [p for p in self.network.parameters() if p.requires_grad]
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in trained])
        distributed.all_reduce(flat)
        for parameter, part in zip(trained, (flat / self.world).split([p.numel() for p in trained]), strict=True):
            parameter.grad = part.view_as(parameter)

    def _update_average(self) -> None:
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        state = self.network.state_dict()
        values = [value.detach().float() for value in state.values()]
        torch._foreach_lerp_([self.average[key] for key in state], values, 1 - decay)

    def averaged_weights(self) -> dict[str, Tensor]:
        """The moving average, float32 on the CPU: what is shipped."""
        return {k: v.cpu().contiguous() for k, v in self.average.items()}

    def _save(self) -> None:
        tensors = {f"network.{k}": v.detach() for k, v in self.network.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v) for k, v in state.items()}
        with atomic(self.run_folder / CHECKPOINT) as private:
            save_file({k: v.cpu().contiguous() for k, v in tensors.items()}, private)
        write_json({"step": self.step, "steps": self.steps, "seconds": self.seconds}, self.run_folder / "state.json")

    def _load(self) -> None:
        state_of_run = json.loads((self.run_folder / "state.json").read_text())
        self.step, self.seconds = int(state_of_run["step"]), float(state_of_run.get("seconds", 0.0))
        tensors = load_file(self.run_folder / CHECKPOINT)
        try:
            self.network.load_state_dict({k[8:]: v for k, v in tensors.items() if k.startswith("network.")})
        except RuntimeError as error:
            raise RunError(
                f"{self.run_folder} holds a run of another network: choose another run folder, or delete this one"
            ) from error
        self.average = {k[8:]: v.to(self.device) for k, v in tensors.items() if k.startswith("average.")}
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("optimiser."):
                _, index, name = key.split(".", 2)
                state.setdefault(int(index), {})[name] = value
        self.optimiser.load_state_dict({"state": state, "param_groups": self.optimiser.state_dict()["param_groups"]})


def fitting_batch(device: torch.device, network: nn.Module, step: Callable[[int], Tensor], most: int, cpu: int) -> int:
    """The largest batch of `most`, its half, its quarter ... for which a GPU's memory suffices; `cpu` on a CPU.

    step: the loss of a batch of so many samples.
    """
    if device.type != "cuda":
        return cpu
    batch = most
    while batch > 1:
        try:
            with torch.autocast(device.type, dtype=torch.bfloat16):
                step(batch).backward()
            break
        except torch.OutOfMemoryError:
            batch //= 2
        finally:
            network.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()
    return batch


def is_newer(file: Path, *runs: Path) -> bool:
    """Whether a file is there and was written after the last checkpoint of each run folder."""
    states = [run / CHECKPOINT for run in runs]
    return file.is_file() and file.stat().st_mtime_ns >= max(state.stat().st_mtime_ns for state in states)


def steps_done(run: Path) -> int:
    """Steps that the checkpoint of a run folder has behind it; 0 without one."""
    state = run / "state.json"
    return int(json.loads(state.read_text())["step"]) if state.is_file() else 0


def averaged_state(run: Path) -> dict[str, Tensor]:
    """The averaged weights of a finished or interrupted run folder. Raises RunError when there are none."""
    if not (run / CHECKPOINT).is_file():
        raise RunError(f"{run} holds no checkpoint: run `guidegen train {run.name.replace('_', '-')}` first")
    tensors = load_file(run / CHECKPOINT)
    return {k[8:]: v for k, v in tensors.items() if k.startswith("average.")}
