"""Masks of many prompts, each kept in a folder as soon as it is made, so that a run that was cut can go on."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import SimpleITK as sitk

from GuideGenLib.core.volumes import write_volume
from GuideGenLib.description import DescriptionError, parse
from GuideGenLib.evaluation.prompts.fixed_prompts import Prompt
from GuideGenLib.mask.findings.sites import LesionError

if TYPE_CHECKING:
    from GuideGenLib.generator import Generator

RECORD = "runs.jsonl"


@dataclass(frozen=True)
class PromptRun:
    """One prompt that was run. seconds of the mask; error: why there is no volume, else None."""

    number: int
    text: str
    settings: dict[str, Any]
    seconds: float
    error: str | None = None


def anatomy_path(folder: Path, number: int) -> Path:
    """Where the anatomy of a prompt is kept."""
    return folder / "anatomies" / f"{number:03d}.nii.gz"


def finished(folder: Path, prompts: Sequence[Prompt], settings: dict[str, Any]) -> dict[int, PromptRun]:
    """The runs of these very prompts and settings that the folder holds, by number; others do not count."""
    path = folder / RECORD
    found: dict[int, PromptRun] = {}
    texts = {prompt.number: prompt.text for prompt in prompts}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            run = PromptRun(**json.loads(line))
        except (ValueError, TypeError):
            continue  # the line that was being written when the run was cut
        same = run.settings == settings and texts.get(run.number) == run.text
        if same and (run.error or anatomy_path(folder, run.number).is_file()):
            found[run.number] = run
    return found


def run_prompts(
    prompts: Sequence[Prompt], folder: Path, settings: dict[str, Any], opening: dict[str, Any], processes: int = 1,
) -> Iterator[PromptRun]:  # fmt: skip
    """Generate the masks of prompts into `folder` and yield each run when it is done and kept.

    settings: what the result depends on; its "mask" entry holds the arguments of `Generator.synthesize_mask`. opening:
    the arguments of `Generator.from_bundle`. With several processes each opens its own generator; they share the cores,
    so seconds are then longer.
    """
    (folder / "anatomies").mkdir(parents=True, exist_ok=True)
    tasks = [(prompt, folder, settings) for prompt in prompts]
    if not tasks:
        return
    if processes == 1:
        _open(opening)
        yield from _kept(map(_run, tasks), folder)
        return
    with get_context("spawn").Pool(min(processes, len(tasks)), _open, (opening,)) as pool:
        yield from _kept(pool.imap_unordered(_run, tasks), folder)


def _kept(runs: Iterator[PromptRun], folder: Path) -> Iterator[PromptRun]:
    path = folder / RECORD
    if path.is_file() and not path.read_bytes().endswith(b"\n"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")
    for run in runs:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(run)) + "\n")
        yield run


_generator: "Generator | None" = None


def _open(opening: dict[str, Any]) -> None:
    """Open the generator of this process."""
    global _generator
    from GuideGenLib.generator import Generator

    _generator = Generator.from_bundle(**opening)


def _run(task: tuple[Prompt, Path, dict[str, Any]]) -> PromptRun:
    prompt, folder, settings = task
    assert _generator is not None
    start = time.perf_counter()
    try:
        # The region is left to the text: whether it was understood is part of what is judged.
        result = _generator.synthesize_mask(parse(prompt.text), seed=prompt.number, **settings["mask"])
    except (DescriptionError, LesionError) as error:
        reason = f"{type(error).__name__}: {error}"
        return PromptRun(prompt.number, prompt.text, settings, time.perf_counter() - start, reason)
    seconds = time.perf_counter() - start
    write_volume(result.anatomy, anatomy_path(folder, prompt.number))
    return PromptRun(prompt.number, prompt.text, settings, seconds)


def read_labels(folder: Path, number: int) -> tuple[Any, tuple[float, float, float]]:
    """The kept anatomy of a prompt: labels uint8 [z, y, x] in the canonical frame, spacing (z, y, x) in mm."""
    image = sitk.ReadImage(str(anatomy_path(folder, number)))
    x, y, z = image.GetSpacing()
    return sitk.GetArrayFromImage(image), (z, y, x)
