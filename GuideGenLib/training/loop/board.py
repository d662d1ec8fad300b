"""What TensorBoard shows of a training: `tensorboard --logdir RUN`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from torch import Tensor

FOLDER = "tensorboard"


class Board:
    """Writes into `run`/tensorboard, or nothing: without a folder, or where the package is not installed (said once).

    step: of the training that begins; what an earlier run wrote of later steps is not shown any more.
    """

    told = False

    def __init__(self, run: Path | None, step: int, log: Callable[[str], None]) -> None:
        self.writer: Any = None
        if run is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            if not Board.told:
                log("the package tensorboard is not installed (pip install guidegen[train]): this log is all there is")
                Board.told = True
            return
        self.writer = SummaryWriter(str(run / FOLDER), purge_step=step + 1)

    def __bool__(self) -> bool:
        return self.writer is not None

    def __enter__(self) -> "Board":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.writer is not None:
            self.writer.close()

    def figures(self, group: str, figures: Mapping[str, float], step: int) -> None:
        """Curves: group/name at a step."""
        if self.writer is not None:
            for name, figure in figures.items():
                self.writer.add_scalar(f"{group}/{name}", figure, step)

    def pictures(self, pictures: Mapping[str, Tensor], step: int) -> None:
        """Pictures [3, H, W] in 0..1 by name."""
        if self.writer is not None:
            for name, picture in pictures.items():
                self.writer.add_image(name, picture, step)
