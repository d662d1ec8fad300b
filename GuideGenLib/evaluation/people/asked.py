"""The patients whose differences are measured: one text with many seeds, and many texts."""

from dataclasses import dataclass

from GuideGenLib.evaluation.cases import Order

SAME = "A 60-year-old man of normal build, normal findings."
BUILDS = ("thin", "obese", "normal", "overweight")
FIRST_SEED = 900
"""Of the patients, so that none is one of the other cases of an evaluation."""


@dataclass(frozen=True)
class AskedPatient:
    """Who is asked for. sex: male or female; build: of BUILDS; order: text and seed."""

    sex: str
    build: str
    order: Order


def same_text(count: int) -> list[AskedPatient]:
    """So many patients of SAME, who differ in nothing but their seed."""
    return [AskedPatient("male", "normal", Order(f"same_{n:02d}", SAME, FIRST_SEED + n)) for n in range(1, count + 1)]


def different_texts(count: int) -> list[AskedPatient]:
    """So many patients of different texts: as many women as men of each build, from 25 to 85 years."""
    return [_patient(n) for n in range(count)]


def _patient(n: int) -> AskedPatient:
    sex, build, age = ("male", "female")[n % 2], BUILDS[n // 2 % len(BUILDS)], 25 + 17 * n % 61
    who = f"{age}-year-old {'man' if sex == 'male' else 'woman'}"
    article = "An" if build[0] in "aeio" else "A"
    words = f"A {who} of normal build" if build == "normal" else f"{article} {build} {who}"
    return AskedPatient(sex, build, Order(f"other_{n + 1:02d}", f"{words}, normal findings.", FIRST_SEED + 50 + n))
