"""The processes that train together, one for each GPU, and the device of each."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import torch
from torch import distributed


def process_rank() -> tuple[int, int]:
    """(rank, number of processes); starts the process group when launched by torchrun or accelerate."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1 and not distributed.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(training_device())
        # the others wait while the first process prepares scans and population, which may take hours
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=timedelta(hours=12))
    return int(os.environ.get("RANK", "0")), world


def barrier() -> None:
    """Go on when all processes are here."""
    if process_rank()[1] > 1:
        distributed.barrier()


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


def autocast(device: torch.device, precision: torch.dtype) -> AbstractContextManager[object]:
    """The context in which networks run in a precision."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == torch.bfloat16)


def told_by_first(value: float, device: torch.device) -> float:
    """The value that process 0 has, in all of them."""
    if process_rank()[1] == 1:
        return value
    told = torch.tensor(value, device=device, dtype=torch.float64)
    distributed.broadcast(told, 0)
    return float(told)


def least(value: int, device: torch.device) -> int:
    """The least of what the processes have."""
    if process_rank()[1] == 1:
        return value
    found = torch.tensor(value, device=device)
    distributed.all_reduce(found, distributed.ReduceOp.MIN)
    return int(found)


def summed(values: torch.Tensor) -> torch.Tensor:
    """The sum over the processes, in all of them."""
    if process_rank()[1] == 1:
        return values
    shared = values.contiguous()
    distributed.all_reduce(shared)
    return shared
