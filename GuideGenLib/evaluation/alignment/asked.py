"""The prompts of the alignment with the text, and what each of them asks for.

Resources/alignment_prompts.json: every prompt states age and sex. As in prompts.py, what is asked is written by hand
and not read by our parser, so that a misread text counts as a fault. Most name the phase of the scan, as often each as
the real scans have it that generated ones are compared with: nine of fifteen without contrast.
"""

import json
from dataclasses import dataclass
from functools import cache

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.resources import resource
from GuideGenLib.description import parse
from GuideGenLib.description.stage import stage_size_mm
from GuideGenLib.evaluation.cases import Order
from GuideGenLib.evaluation.prompts.fixed_prompts import ExpectedLesion

SEEDS = 3
"""Most patients of one prompt."""


@dataclass(frozen=True)
class Asked:
    """What a text asks for. age in years; None: not said."""

    text: str
    age: int | None
    sex: str | None
    lesions: tuple[ExpectedLesion, ...] = ()


@cache
def alignment_prompts() -> tuple[Asked, ...]:
    """All prompts in their fixed order; the first six or eight are balanced by themselves."""
    rows = json.loads(resource("alignment_prompts.json").read_text(encoding="utf-8"))
    return tuple(
        Asked(
            row["text"],
            row["age"],
            row["sex"],
            tuple(ExpectedLesion(**{**one, "mm": tuple(one["mm"])}) for one in row.get("lesions", [])),
        )
        for row in rows
    )


def evaluation_orders(count: int) -> list[Order]:
    """Cases of the first `count` prompts; of more than there are, each again with other seeds, SEEDS times at most.

    Raises EvaluationError for more than that.
    """
    every = alignment_prompts()
    most = SEEDS * len(every)
    if not 1 <= count <= most:
        told = f"there are {len(every)} prompts to evaluate on, with {SEEDS} seeds each"
        raise EvaluationError(told, f"ask for 1 to {most} cases")
    return [Order(f"prompt_{n:02d}", every[(n - 1) % len(every)].text, n) for n in range(1, count + 1)]


def repeated_orders(count: int) -> list[Order]:
    """Cases of few prompts, each with SEEDS seeds, so that what a seed does is told from what a text does."""
    every = len(alignment_prompts())
    numbers = [1 + prompt + seed * every for prompt in range(every) for seed in range(SEEDS)]
    by_number = evaluation_orders(SEEDS * every)
    if not 1 <= count <= len(numbers):
        evaluation_orders(count)  # says what is possible
    return [by_number[number - 1] for number in numbers[:count]]


def asked_by(text: str) -> Asked:
    """What a text asks for: as written by hand for the fixed prompts, as our parser reads it for any other."""
    for asked in alignment_prompts():
        if asked.text == text:
            return asked
    read = parse(text)
    lesions = [
        ExpectedLesion(str(one.organ), one.side, one.site, stage_size_mm(one))
        for one in read.findings
        if one.drawn
        for _ in range(one.count)
    ]
    return Asked(text, read.age, read.sex, tuple(lesions))
