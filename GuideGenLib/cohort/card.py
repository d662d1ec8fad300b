"""What a finished cohort tells of itself: cases.csv, a card with counts, and pictures of it."""

import csv
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from GuideGenLib.cohort.folder import CASES, CohortFolder
from GuideGenLib.cohort.signature import ALIKE_MM, near_duplicates
from GuideGenLib.cohort.templates import template
from GuideGenLib.cohort.trained import nearness
from GuideGenLib.generator.case_files import PREVIEW

TABLE, CARD, MONTAGE, PLOTS = "cases.csv", "README.md", "montage.jpg", "plots.png"
SPLITS = (("train", 80), ("val", 10), ("test", 10))
"""Shares in percent. A case is one patient, so that a split by case is one by patient."""
SHOWN = 16
"""Previews on the montage."""


def finish(folder: CohortFolder, model: str = "") -> None:
    """Write table, card and pictures of the cases that are there; model: the name of the bundle, whose training they
    are compared with. Raises CohortError for a damaged case."""
    records = [folder.record(name) for name in sorted(folder.made())]
    with tempfile.TemporaryDirectory(prefix="guidegen-") as private:
        files = Path(private)
        write_table(records, files / TABLE)
        write_plots(records, files / PLOTS)
        previews = [
            folder.local(f"{CASES}/{one['id']}/{PREVIEW}", files / one["id"]) for one in _spread(records, SHOWN)
        ]
        write_montage(previews, files / MONTAGE)
        (files / CARD).write_text(card(records, folder.settings(), model), encoding="utf-8")
        for name in (TABLE, PLOTS, MONTAGE, CARD):
            folder.put(files / name)


def split_of(name: str) -> str:
    """train, val or test: of the case's name alone, so that a larger cohort keeps the splits of a smaller one."""
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 100
    for split, share in SPLITS:
        if place < share:
            return split
        place -= share
    return SPLITS[-1][0]


def write_table(records: Sequence[Mapping[str, Any]], path: Path) -> None:
    """One line a case: what was asked, understood, drawn and checked."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(_line(records[0])) if records else ["id"])
        writer.writeheader()
        writer.writerows(_line(record) for record in records)


def _line(record: Mapping[str, Any]) -> dict[str, Any]:
    described = record["description"]
    return {
        "id": record["id"],
        "split": split_of(record["id"]),
        "text": record["text"],
        "seed": record["seed"],
        "drawn_with_seed": record["drawn_with_seed"],
        "attempts": record["attempts"],
        **{key: described.get(key) for key in ("sex", "age", "habitus", "region", "phase")},
        "lesions": "; ".join(_lesion(one) for one in record["lesions"]),
        "largest_mm": max((round(one["measured_mm"], 1) for one in record["lesions"]), default=None),
        "checks": record["checks"],
        "broken": "; ".join(record["broken"]),
        "seconds": record["seconds"],
    }


def _lesion(lesion: Mapping[str, Any]) -> str:
    where = " ".join(filter(None, (lesion["side"], lesion["organ"], lesion["site"])))
    return f"{lesion['label']} {where} {lesion['measured_mm']:.0f} mm {lesion['volume_ml']:.1f} ml"


def counts(records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Counter[str]]]:
    """How many cases are of which sex, age, region, phase, lesion and size."""
    for key in ("sex", "habitus", "region", "phase"):
        yield key, Counter(str(one["description"].get(key) or "not told") for one in records)
    ages = [one["description"].get("age") for one in records]
    yield "age", Counter("not told" if age is None else f"{age // 10 * 10}-{age // 10 * 10 + 9}" for age in ages)
    lesions = [lesion for one in records for lesion in one["lesions"]]
    yield "lesion", Counter(lesion["label"] for lesion in lesions)
    sizes = [int(lesion["measured_mm"] // 10 * 10) for lesion in lesions]
    yield "size of lesions in mm", Counter(f"{size}-{size + 9}" for size in sizes)
    yield "split", Counter(split_of(one["id"]) for one in records)


def card(records: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], model: str = "") -> str:
    """The card, Markdown."""
    broken = Counter(name.split(":")[0] for one in records for name in one["broken"])
    return template("card.md.jinja").render(
        records=records,
        settings=settings,
        counts=[(name, sorted(count.items(), key=_order)) for name, count in counts(records)],
        redrawn=sum(one["attempts"] > 1 for one in records),
        broken=broken.most_common(),
        alike=near_duplicates(records),
        alike_mm=f"{ALIKE_MM:g}",
        trained=nearness(records, model),
        near_mm=ALIKE_MM,
    )


def write_plots(records: Sequence[Mapping[str, Any]], path: Path) -> None:
    """The counts as bars, PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    shown = [(name, count) for name, count in counts(records) if count]
    figure = Figure(figsize=(12, 3 * -(-len(shown) // 3)), layout="constrained")
    FigureCanvasAgg(figure)
    for index, (name, count) in enumerate(shown):
        axes = figure.add_subplot(-(-len(shown) // 3), 3, index + 1)
        items = sorted(count.items(), key=_order)
        axes.barh([value.replace("_", " ") for value, _ in items], [number for _, number in items], color="#3b6ea5")
        axes.invert_yaxis()
        axes.set_title(name, fontsize=10)
        axes.tick_params(labelsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.savefig(path, format="png", dpi=90)


def write_montage(previews: Sequence[Path], path: Path) -> None:
    """The previews in columns of two, JPEG."""
    from PIL import Image

    tiles = []
    for preview in previews:
        with Image.open(preview) as picture:
            tiles.append(picture.convert("RGB").resize((800, max(1, round(picture.height * 800 / picture.width)))))
    height = max((tile.height for tile in tiles), default=1)
    sheet = Image.new("RGB", (1600, height * max(1, -(-len(tiles) // 2))))
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % 2 * 800, index // 2 * height))
    sheet.save(path, quality=80, comment=b"SYNTHETIC")


def _spread(records: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """Some, evenly over all."""
    step = max(1, -(-len(records) // most))
    return list(records[::step])


def _order(item: tuple[str, int]) -> tuple[int, str]:
    """Ranges by their numbers, words by the alphabet."""
    first = item[0].split("-")[0]
    return (int(first), "") if first.isdigit() else (1_000_000, item[0])
