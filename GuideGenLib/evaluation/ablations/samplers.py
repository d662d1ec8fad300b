"""The anatomy by the fast sampler and by the paper's, at several numbers of steps."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from GuideGenLib.core.files import write_json
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.core.volumes import to_canonical
from GuideGenLib.description import parse
from GuideGenLib.evaluation.prompts.fixed_prompts import Prompt, prompts
from GuideGenLib.evaluation.prompts.mask_judge import judge
from GuideGenLib.evaluation.report.plots import Point, curves
from GuideGenLib.evaluation.report.section import Figure, Section, Table, mean_figure, share_figure
from GuideGenLib.mask.rules import score
from GuideGenLib.mask.sampler import DEFAULT_STEPS

if TYPE_CHECKING:
    from GuideGenLib.generator import Generator

SAMPLERS = {"flow": "flow", "categorical": "categorical (the paper's)"}
SHARES = {
    "organ present": "organs present", "organ in one piece": "organs in one piece",
    "volume in p1-p99": "volumes within p1-p99", "side right": "sides right",
}  # fmt: skip
"""Figures of the judge that a sampler can do well or badly; tumours are drawn by rule and say nothing of it."""

PLOTTED = "volume in p1-p99"
LEAST_VOLUMES = 3
"""A bootstrap of fewer says nothing: the curve goes without intervals."""


@dataclass(frozen=True)
class SampledMask:
    """One anatomy: the generator's own rule score 0..1, (right, cases) of the judge's figures, seconds."""

    score: float
    counts: dict[str, tuple[int, int]]
    seconds: float


def whole_torsos(count: int) -> list[Prompt]:
    """Fixed prompts without tumour that show the whole torso, spread over the list."""
    plain = [one for one in prompts() if one.region == "torso" and not one.lesions]
    picked = np.linspace(0, len(plain) - 1, min(count, len(plain))).round().astype(int)
    return [plain[index] for index in picked]


def draw(generator: "Generator", prompt: Prompt, sampler: str, steps: int) -> SampledMask:
    """One anatomy, the first that comes: with the best of several the sampler would not be what is compared."""
    start = time.perf_counter()
    result = generator.synthesize_mask(
        parse(prompt.text), seed=prompt.number, sampler=sampler, steps=steps, candidates=1
    )
    seconds = time.perf_counter() - start
    labels, frame = to_canonical(result.anatomy, 3.0, labels=True)
    verdict = judge(labels, frame.spacing, prompt, generator.bundle.config.get("volumes_ml"))
    return SampledMask(score(result.checks), {key: verdict.counts.get(key, (0, 0)) for key in SHARES}, seconds)


def measure_samplers(
    generator: "Generator", steps: Sequence[int], count: int, output: Path, progress: Progress = silent
) -> Section:
    """Draw `count` prompts with either sampler at each number of `steps`; what is drawn is kept in `output`."""
    asked = [(sampler, n, prompt) for sampler in SAMPLERS for n in steps for prompt in whole_torsos(count)]
    found: dict[tuple[str, int], list[SampledMask]] = {}
    for index, (sampler, n, prompt) in enumerate(asked):
        found.setdefault((sampler, n), []).append(_kept(generator, prompt, sampler, n, output / "samplers"))
        progress("samplers", (index + 1) / len(asked))
    return _section(found, count, output)


def _kept(generator: "Generator", prompt: Prompt, sampler: str, steps: int, folder: Path) -> SampledMask:
    """The figures of one anatomy, from an earlier run if it had the same bundle, prompt and arithmetic."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{sampler}_{steps}_{prompt.number:03d}.json"
    settings = {
        "bundle": generator.bundle.identity, "text": prompt.text, "device": str(generator.models.device),
        "arithmetic": generator.models.arithmetic,
    }  # fmt: skip
    if path.is_file():
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["settings"] == settings:
            return SampledMask(**content["drawn"])
    drawn = draw(generator, prompt, sampler, steps)
    write_json({"settings": settings, "drawn": asdict(drawn)}, path)
    return drawn


def _section(found: dict[tuple[str, int], list[SampledMask]], count: int, output: Path) -> Section:
    section = Section("samplers", "Ablation: the sampler of the anatomy and its steps")
    header = ["sampler and steps", "rule score", *SHARES.values(), "seconds"]
    rows = []
    lines: dict[str, list[Point]] = {}
    for (sampler, n), drawn in found.items():
        rules = mean_figure("rule score", [one.score for one in drawn])
        shares = {key: share_figure(title, [one.counts[key] for one in drawn]) for key, title in SHARES.items()}
        seconds = mean_figure("seconds", [one.seconds for one in drawn])
        rows.append([f"{SAMPLERS[sampler]}, {n}", *(_cell(one) for one in (rules, *shares.values(), seconds))])
        usual = shares[PLOTTED]
        if usual.value is not None:
            ends = (usual.low, usual.high) if len(drawn) >= LEAST_VOLUMES else (None, None)
            lines.setdefault(SAMPLERS[sampler], []).append((float(n), usual.value, *ends))
    section.tables.append(
        Table(f"Means over {count} whole torsos, the same prompts and seeds in each row", header, rows)
    )
    if lines:
        picture = curves(lines, "denoising steps", SHARES[PLOTTED], output / "samplers.png")
        section.pictures.append(("Organ volumes within the population's 1st to 99th percentile, by steps", picture))
    section.remarks += [
        "Each row draws one anatomy a prompt, without the best of several that `guidegen generate` takes; the shares "
        "are counted on voxels by the evaluation's judge, the rule score is that of the generator's own rules.",
        "Seconds are those of this run and hang on what else the machine did.",
        f"The flow is what `guidegen generate` uses ({DEFAULT_STEPS['flow']} steps); the categorical diffusion is the "
        "paper's process, in strided steps by the closed form of its posterior. The paper takes 500 to 1000 of it.",
    ]
    return section


def _cell(figure: Figure) -> str:
    """A mean as the tables have it; a dash where nothing was counted."""
    if figure.value is None:
        return "-"
    return f"{figure.value:.1f}" if figure.name == "seconds" else f"{figure.value:.3f}"
