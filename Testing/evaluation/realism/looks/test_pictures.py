"""The blind sheet with its key, and the page of real beside generated."""

import json
from pathlib import Path

import numpy as np
from matplotlib import image

from GuideGenLib.anatomy.table import values
from GuideGenLib.evaluation.realism.looks.blind_sheet import COUNT, SIZE, write_blind_sheet
from GuideGenLib.evaluation.realism.looks.crops import PLACES, Crops
from GuideGenLib.evaluation.realism.looks.page import LEVELS, Slice, level_slices, write_page
from GuideGenLib.evaluation.realism.looks.volumes import Source, Volume
from Testing.scans import rendered, with_hips


def crops(name: str, hu: int) -> Crops:
    return Crops(name, {place: np.full((2, 1, SIZE, SIZE), hu, np.int16) for place in PLACES})


def test_the_sheet_shows_twenty_of_each_and_the_key_tells_which(tmp_path: Path):
    real = [crops(f"scan_{n}", 2000) for n in range(5)]  # white in every window, the generated ones black
    made = [crops(f"case_{n}", -1400) for n in range(4)]
    sheet, key = tmp_path / "sheet.png", tmp_path / "key.json"
    assert write_blind_sheet(real, made, sheet, key, seed=3) == 2 * COUNT
    told = json.loads(key.read_text())["crops"]
    assert [one["number"] for one in told] == list(range(1, 2 * COUNT + 1))
    assert sum(one["kind"] == "real" for one in told) == COUNT
    assert all(one["case"].startswith("scan" if one["kind"] == "real" else "case") for one in told)
    places = {kind: sorted(one["place"] for one in told if one["kind"] == kind) for kind in ("real", "generated")}
    assert places["real"] == places["generated"]
    kinds = [one["kind"] for one in told]
    assert kinds != sorted(kinds) and kinds != sorted(kinds, reverse=True)
    picture = image.imread(sheet)[..., 0]
    height, width = picture.shape[0] // 5, picture.shape[1] // 8
    middles = [picture[(n // 8) * height + height // 2, (n % 8) * width + width // 2] for n in range(2 * COUNT)]
    assert [middle > 0.5 for middle in middles] == [kind == "real" for kind in kinds]
    write_blind_sheet(real, made, sheet, tmp_path / "again.json", seed=4)
    assert json.loads((tmp_path / "again.json").read_text()) != json.loads(key.read_text())


def test_without_common_places_there_is_no_sheet(tmp_path: Path):
    assert write_blind_sheet([crops("scan", 0)], [], tmp_path / "sheet.png", tmp_path / "key.json", seed=0) == 0
    assert not (tmp_path / "sheet.png").exists()


def torso(
    phantom: np.ndarray, name: str, real: bool, seed: int, shown: bool = True
) -> tuple[dict[str, Slice], np.ndarray]:
    labels = with_hips(phantom)
    labels[42:50, 34:42, 43:48] = values()["kidney_left"]  # up to the spleen, as in people
    labels = np.repeat(np.repeat(np.repeat(labels, 2, 0), 3, 1), 3, 2)
    volume = Volume(rendered(labels, seed).astype(np.int16), labels)
    source = Source(name, real, lambda: volume, shown=shown, credit="Collection, CC BY 4.0")
    return level_slices(source, volume), labels


def test_the_page_shows_each_level_of_both_kinds(phantom: np.ndarray, tmp_path: Path):
    real, _ = torso(phantom, "scan", True, 0)
    made, _ = torso(phantom, "case", False, 1)
    assert set(real) >= {"heart, lung bases", "liver, spleen, kidneys", "bowel", "pelvis"}
    assert write_page([real], [made], tmp_path / "page.png") == len(real)
    assert image.imread(tmp_path / "page.png").shape[1] > 1000
    assert write_page([real], [], tmp_path / "none.png") == 0 and not (tmp_path / "none.png").exists()


def test_scans_that_may_not_be_shown_are_not(phantom: np.ndarray, tmp_path: Path):
    hidden, _ = torso(phantom, "hidden", True, 0, shown=False)
    made, _ = torso(phantom, "case", False, 1)
    assert write_page([hidden], [made], tmp_path / "page.png") == 0


def test_levels_lie_from_the_chest_down(phantom: np.ndarray):
    _, labels = torso(phantom, "scan", True, 0)
    heights = [found[0] for find in LEVELS.values() if (found := find(labels)) is not None]
    assert heights == sorted(heights, reverse=True) and len(heights) >= 4


def test_the_carina_is_where_the_trachea_parts():
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[20:, 16:22, 17:23] = values()["trachea"]
    labels[5:20, 16:20, 8:14] = labels[5:20, 16:20, 26:32] = values()["trachea"]
    assert LEVELS["carina"](labels)[0] == 19
    labels[:20] = 0
    assert LEVELS["carina"](labels)[0] == 20
