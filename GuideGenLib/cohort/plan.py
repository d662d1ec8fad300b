"""What a cohort will hold, how long it takes and how large it gets, before it starts: one case is made and measured."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from GuideGenLib.cohort.folder import CASES
from GuideGenLib.cohort.making import Maker, Order
from GuideGenLib.cohort.rows import Row
from GuideGenLib.description import parse
from GuideGenLib.description.model import Description


@dataclass(frozen=True)
class Measured:
    """One case, made on this machine. name: its id; seconds without loading the model; bytes on disk."""

    name: str
    seconds: float
    size: int


def contents(rows: Sequence[Row]) -> dict[str, Counter[str]]:
    """How many cases are asked for of each sex, age, region, phase and finding; as read, not as drawn."""
    asked = [parse(text) for text in dict.fromkeys(row.text for row in rows)]
    by_text = {one.text: one for one in asked}
    described = [by_text[row.text] for row in rows]
    found: dict[str, Counter[str]] = {}
    for key in ("sex", "region", "phase"):
        found[key] = Counter(getattr(one, key) or "not told" for one in described)
    found["age"] = Counter("not told" if one.age is None else f"{one.age // 10 * 10}s" for one in described)
    found["finding"] = Counter(name for one in described for name in _findings(one) or ["none"])
    found["not drawn"] = Counter(f.kind for one in described for f in one.findings if f.there and not f.shown)
    return {key: count for key, count in found.items() if count}


def measure(rows: Sequence[Row], order: Order) -> Measured:
    """Make the case whose region is the most frequent, and throw it away. Raises as `Maker` does."""
    regions = [parse(row.text).region for row in rows[:1000]]
    wanted = Counter(regions).most_common(1)[0][0]
    row = rows[regions.index(wanted)]
    with TemporaryDirectory(prefix="guidegen-") as private:
        record = Maker(order, private)(row)
        size = sum(file.stat().st_size for file in (Path(private) / CASES / row.id).iterdir())
    return Measured(row.id, record["seconds"], size)


def _findings(description: Description) -> list[str]:
    return [" ".join(filter(None, (f.side, f.organ, f.kind))) for f in description.findings if f.shown]
