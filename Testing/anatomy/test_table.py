"""The shipped table: what holds of all rows, and what the rows say."""

import csv
import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GuideGenLib.anatomy import table
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.resources import resource
from GuideGenLib.findings.reading import recipes

any_label = st.sampled_from(table.labels())

TOUCHING = [
    ("liver", "stomach"), ("liver", "kidney_right"), ("liver", "gallbladder"), ("liver", "colon"), ("liver", "heart"),
    ("liver", "lung_lower_lobe_right"), ("liver", "inferior_vena_cava"), ("liver", "duodenum"), ("liver", "pancreas"),
    ("spleen", "stomach"), ("spleen", "kidney_left"), ("spleen", "pancreas"), ("spleen", "colon"),
    ("stomach", "pancreas"), ("stomach", "colon"), ("stomach", "small_bowel"), ("stomach", "stomach_gas"),
    ("duodenum", "pancreas"), ("duodenum", "small_bowel"), ("small_bowel", "colon"), ("colon", "colon_gas"),
    ("kidney_left", "iliopsoas_left"), ("kidney_right", "iliopsoas_right"), ("kidney_left", "autochthon_left"),
    ("kidney_right", "adrenal_right"), ("kidney_left", "adrenal_left"), ("kidney_right", "muscle"),
    ("heart", "lung_upper_lobe_left"), ("heart", "aorta"), ("heart", "pulmonary_vein"), ("aorta", "esophagus"),
    ("aorta", "inferior_vena_cava"), ("aorta", "great_arteries"), ("aorta", "iliac_artery_left"),
    ("iliac_artery_left", "iliac_vein_left"), ("superior_vena_cava", "great_veins"), ("trachea", "esophagus"),
    ("trachea", "thyroid"), ("lung_upper_lobe_left", "lung_lower_lobe_left"), ("body", "lung_upper_lobe_left"),
    ("lung_upper_lobe_right", "lung_middle_lobe_right"), ("lung_middle_lobe_right", "lung_lower_lobe_right"),
    ("lung_upper_lobe_right", "lung_lower_lobe_right"), ("lung_lower_lobe_left", "lung_vessel"),
    ("urinary_bladder", "prostate"), ("urinary_bladder", "uterus"), ("urinary_bladder", "colon"), ("uterus", "colon"),
    ("vertebrae_cervical", "vertebrae_thoracic"), ("vertebrae_thoracic", "vertebrae_lumbar"),
    ("vertebrae_lumbar", "sacrum"), ("sacrum", "hip_left"), ("hip_left", "femur_left"), ("hip_right", "femur_right"),
    ("vertebrae_thoracic", "ribs_left"), ("vertebrae_thoracic", "ribs_right"), ("vertebrae_lumbar", "spinal_cord"),
    ("ribs_left", "costal_cartilages"), ("sternum", "costal_cartilages"), ("sternum", "clavicle_left"),
    ("scapula_left", "clavicle_left"), ("scapula_right", "humerus_right"), ("ribs_left", "scapula_left"),
    ("gluteus_left", "hip_left"), ("gluteus_left", "muscle"), ("autochthon_left", "muscle"),
    ("iliopsoas_left", "muscle"), ("subcutaneous_fat", "torso_fat"), ("subcutaneous_fat", "muscle"),
    ("lung_tumor", "lung_upper_lobe_left"), ("liver_tumor", "liver"), ("kidney_tumor", "kidney_left"),
    ("pancreas_tumor", "pancreas"), ("colon_tumor", "colon"),
]  # fmt: skip


def hu(key: str, phase: table.Phase) -> float:
    return table.label(key).hu[phase].mean


def test_values_and_labels_agree_with_the_files() -> None:
    with resource("anatomy.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    findings = [one.label for one in recipes() if one.label is not None]
    assert table.values() == {row["key"]: int(row["value"]) for row in [*rows, *findings]}
    assert [row.key for row in table.network_labels()] == [row["key"] for row in rows]


def test_the_networks_are_told_a_label_that_they_know_in_the_place_of_a_finding() -> None:
    known = table.as_networks_know()
    assert (known[: len(table.network_labels())] == np.arange(len(table.network_labels()))).all()
    for row in table.by_group()["findings"]:
        assert known[row.value] == table.label(row.drawn_as).value < len(table.network_labels())


def test_value_i_stands_at_index_i_and_fits_a_byte() -> None:
    assert [row.value for row in table.labels()] == list(range(len(table.labels())))
    assert len(table.labels()) >= 45
    assert table.labels()[0].key == "background"


@given(any_label)
def test_a_label_is_found_by_key_and_by_value(row: table.Label) -> None:
    assert table.label(row.key) is row
    assert table.label(row.value) is row


@pytest.mark.parametrize("unknown", ["lung", "", -1, len(table.labels()), 255])
def test_an_unknown_label_is_named(unknown: str | int) -> None:
    with pytest.raises(KeyError, match=re.escape(repr(unknown))):
        table.label(unknown)


def test_every_label_is_in_one_group_and_no_group_is_empty() -> None:
    groups = table.by_group()
    assert tuple(groups) == table.GROUPS
    assert all(groups.values())
    assert sorted(row.value for rows in groups.values() for row in rows) == list(range(len(table.labels())))
    assert [row.key for row in groups["lesions"]] == [key for key in table.values() if key.endswith("_tumor")]


def test_sides_come_in_pairs_that_differ_only_in_side() -> None:
    lefts = [row for row in table.labels() if row.side == "left"]
    assert len(lefts) == 15
    for left in lefts:
        if left.key.startswith("lung_"):
            continue  # lobes are no mirror images
        right = table.label(left.key.removesuffix("_left") + "_right")
        assert (left.category, left.type, left.region) == (right.category, right.type, right.region)
        assert (left.hu, left.texture_sd, left.group) == (right.hu, right.texture_sd, right.group)
        assert left.name.replace("left", "right") == right.name


def test_the_side_is_coded_and_named() -> None:
    codes = {"left": ("7771000", "Left"), "right": ("24028007", "Right")}
    for row in table.labels():
        if row.side is None:
            assert row.modifier is None
        elif row.key != "lung_middle_lobe_right":  # its type says right already
            assert row.modifier is not None
            assert (row.modifier.value, row.modifier.meaning) == codes[row.side]
        if row.side:
            assert row.name.startswith(row.side)


def test_no_two_labels_share_their_codes_and_none_is_an_untyped_segment() -> None:
    assert len({row.coding for row in table.labels()}) == len(table.labels())
    assert table.label("body").coding[:2] != ("85756007", "85756007")


def test_lesions_are_neoplasms_in_their_organ() -> None:
    for row in table.by_group()["lesions"]:
        assert row.coding[:2] == ("49755003", "108369006")
        assert row.region is not None
        assert row.region.meaning.lower() in row.name
        assert all(row.region.meaning.lower() in table.label(organ).name for organ in row.part_of)


def test_the_same_number_means_the_same_everywhere() -> None:
    meanings: dict[str, set[str]] = {}
    for row in table.labels():
        for code in (row.category, row.type, row.modifier, row.region):
            if code:
                assert code.scheme == "SCT"
                meanings.setdefault(code.value, set()).add(code.meaning)
    assert {number: found for number, found in meanings.items() if len(found) > 1} == {}


def verhoeff(number: str) -> int:
    """Check sum of a SNOMED CT number (Verhoeff's dihedral scheme), 0 for a valid one."""
    order = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)

    def times(a: int, b: int) -> int:
        turned = (a % 5 + (b if a < 5 else -b)) % 5
        return turned + 5 * ((a >= 5) != (b >= 5))

    total = 0
    for place, digit in enumerate(map(int, reversed(number))):
        for _ in range(place % 8):
            digit = order[digit]
        total = times(total, digit)
    return total


def test_every_code_has_a_valid_check_digit() -> None:
    assert verhoeff("64033007") == 0 and verhoeff("64033008") != 0 and verhoeff("46033007") != 0
    numbers = {number for row in table.labels() for number in row.coding if number}
    assert [number for number in numbers if verhoeff(number)] == []


def test_colours_differ_and_touching_structures_are_told_apart() -> None:
    assert len({row.color for row in table.labels()}) == len(table.labels())
    close = [pair for pair in TOUCHING if math.dist(table.label(pair[0]).color, table.label(pair[1]).color) < 25]
    assert close == []


def test_the_two_sides_have_nearly_the_same_colour() -> None:
    for left in table.labels():
        other = left.key.removesuffix("_left") + "_right"
        if left.side == "left" and other in table.values():
            assert 5 < math.dist(left.color, table.label(other).color) < 40


def test_lesions_stand_out_from_everything_else() -> None:
    lesions = table.by_group()["lesions"]
    others = [row for row in table.labels() if row not in lesions]
    assert min(math.dist(a.color, b.color) for a, b in itertools.product(lesions, others)) > 60


def test_colors_are_the_rows_colours() -> None:
    assert table.colors().dtype == np.uint8
    assert table.colors().tolist() == [list(row.color) for row in table.labels()]


@pytest.mark.parametrize("phase", table.PHASES)
def test_hu_tables_follow_the_rows(phase: table.Phase) -> None:
    for array in (table.hu_mean(phase), table.hu_sd(phase), table.hu_texture_sd()):
        assert array.dtype == np.float32
        assert array.shape == (len(table.labels()),)
    assert table.hu_mean(phase)[table.values()["liver"]] == hu("liver", phase)
    assert table.hu_sd(phase)[table.values()["liver"]] == table.label("liver").hu[phase].sd
    assert table.hu_texture_sd()[table.values()["liver"]] == table.label("liver").texture_sd


@pytest.mark.parametrize("function", [table.hu_mean, table.hu_sd])
def test_an_unknown_phase_is_refused(function: object) -> None:
    with pytest.raises(ValueError, match=r"'venous'.*portal_venous"):
        function("venous")  # type: ignore[operator]


def test_hu_are_those_of_real_tissue() -> None:
    ranges = {
        ("background", "none"): (-1000, -1000), ("subcutaneous_fat", "none"): (-115, -95),
        ("torso_fat", "none"): (-110, -90), ("muscle", "none"): (45, 60), ("liver", "none"): (50, 65),
        ("liver", "portal_venous"): (98, 115), ("spleen", "none"): (43, 52), ("spleen", "portal_venous"): (112, 128),
        ("kidney_left", "none"): (28, 38), ("kidney_left", "portal_venous"): (165, 195), ("aorta", "none"): (36, 46),
        ("aorta", "arterial"): (290, 360), ("aorta", "portal_venous"): (145, 165), ("trachea", "none"): (-1000, -930),
        ("lung_upper_lobe_left", "none"): (-860, -810), ("lung_lower_lobe_left", "none"): (-830, -780),
        ("colon_gas", "none"): (-980, -920), ("urinary_bladder", "none"): (0, 15), ("gallbladder", "none"): (5, 20),
        ("ribs_left", "none"): (220, 290), ("vertebrae_thoracic", "none"): (180, 230), ("hip_left", "none"): (240, 320),
    }  # fmt: skip
    wrong = {at: hu(*at) for at, (low, high) in ranges.items() if not low <= hu(*at) <= high}  # type: ignore[arg-type]
    assert wrong == {}


def test_contrast_comes_and_goes_in_the_order_of_the_phases() -> None:
    for key in ("aorta", "heart", "spleen", "pancreas"):
        assert hu(key, "none") < hu(key, "delayed") < hu(key, "portal_venous") < hu(key, "arterial")
    for key in ("liver", "kidney_left", "inferior_vena_cava", "portal_splenic_vein"):
        assert hu(key, "none") < hu(key, "arterial") < hu(key, "portal_venous") > hu(key, "delayed")
    for key in ("background", "trachea", "stomach_gas", "gallbladder", "costal_cartilages"):
        assert len({hu(key, phase) for phase in table.PHASES}) == 1


def test_a_liver_metastasis_and_a_pancreas_tumor_are_darker_than_their_organ_after_contrast() -> None:
    for phase in ("arterial", "portal_venous", "delayed"):
        assert hu("liver_tumor", phase) < hu("liver", phase) - 15
        assert hu("pancreas_tumor", phase) < hu("pancreas", phase) - 15


def test_every_source_is_listed() -> None:
    text = resource("anatomy_sources.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (\w+) \|", text, re.MULTILINE)) | {"estimate"}
    assert {source for row in table.labels() for source in row.hu_source} <= listed
    assert all(row.hu_source for row in table.labels())


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("left kidney", "kidney_left"),
        ("Kidney_Right", "kidney_right"),
        ("RUL", "lung_upper_lobe_right"),
        ("oesoph", "esophagus"),
        ("liver", "liver"),
        ("metastasis liver", "liver_tumor"),
        ("IVC", "inferior_vena_cava"),
        ("visceral-fat", "torso_fat"),
        ("womb", "uterus"),
    ],
)
def test_find_puts_the_closest_first(text: str, first: str) -> None:
    assert table.find(text)[0].key == first


@pytest.mark.parametrize("nothing", ["", "  ", ";-", "unicorn", "left unicorn"])
def test_find_of_nothing_finds_nothing(nothing: str) -> None:
    assert table.find(nothing) == ()


@given(any_label, st.sampled_from([str.upper, str.title, lambda text: text.replace(" ", "_"), lambda text: text[:-1]]))
def test_a_label_is_found_by_its_name_however_written(row: table.Label, written: object) -> None:
    assert row in table.find(written(row.name))  # type: ignore[operator]


@given(any_label)
def test_a_label_is_found_by_each_synonym(row: table.Label) -> None:
    assert all(row in table.find(synonym) for synonym in row.synonyms)


@given(st.text(max_size=20))
def test_find_takes_any_text_and_repeats_no_label(text: str) -> None:
    found = table.find(text)
    assert len(set(map(id, found))) == len(found)


def test_the_slicer_table_names_and_codes_every_label(tmp_path: Path) -> None:
    path = tmp_path / "labels ü.csv"
    table.write_labels_csv(path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = {row["LabelValue"]: row for row in csv.DictReader(file)}
    assert len(rows) == len(table.labels())
    kidney, tumor, outside = rows["36"], rows[str(table.values()["liver_tumor"])], rows["0"]
    assert list(kidney) == [
        "LabelValue", "Name", "Color_R", "Color_G", "Color_B", "Color_A",
        "Category_CodingScheme", "Category_CodeValue", "Category_CodeMeaning",
        "Type_CodingScheme", "Type_CodeValue", "Type_CodeMeaning",
        "TypeModifier_CodingScheme", "TypeModifier_CodeValue", "TypeModifier_CodeMeaning",
        "Region_CodingScheme", "Region_CodeValue", "Region_CodeMeaning",
        "RegionModifier_CodingScheme", "RegionModifier_CodeValue", "RegionModifier_CodeMeaning",
    ]  # fmt: skip
    assert kidney["Name"] == "left kidney"
    assert (kidney["Type_CodingScheme"], kidney["Type_CodeValue"], kidney["TypeModifier_CodeMeaning"]) == (
        "SCT", "64033007", "Left",
    )  # fmt: skip
    assert (tumor["Type_CodeMeaning"], tumor["Region_CodeMeaning"]) == ("Neoplasm", "Liver")
    assert (kidney["Color_A"], outside["Color_A"], outside["Type_CodeValue"]) == ("255", "0", "")


def test_the_slicer_table_is_the_same_each_time_and_replaces_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("old")
    table.write_labels_csv(path)
    first = path.read_bytes()
    table.write_labels_csv(path)
    assert path.read_bytes() == first
    assert [file.name for file in tmp_path.iterdir()] == ["labels.csv"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(VolumeError, match="folder does not exist"):
        table.write_labels_csv(tmp_path / "nowhere" / "labels.csv")
