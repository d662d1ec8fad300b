"""The files of findings: what holds of all that ship, and what is refused in one."""

from pathlib import Path

import pytest

from GuideGenLib.core.resources import resource
from GuideGenLib.description import parse
from GuideGenLib.findings.reading import RecipeError, read_recipe, recipe_of, recipes

GOOD = resource("findings", "kidney_cyst.toml").read_text("utf-8")


def test_each_finding_is_found_by_its_words_and_drawn() -> None:
    for one in recipes():
        for word in one.words:
            (finding,) = parse(f"A patient with {word}.").findings
            assert finding.recipe is one and finding.shown, word


def test_no_finding_means_two_things() -> None:
    for one in recipes():
        for kind in one.kinds:
            assert all(recipe_of(kind, organ or None) is one for organ in one.organs), one.key


def test_each_has_a_size_for_every_word() -> None:
    for one in recipes():
        if one.key == "lobectomy":  # a lobe is gone or not
            assert one.sizes is None
            continue
        assert one.sizes is not None and one.sizes.source
        lows = [one.sizes.range_of(word)[0] for word in ("tiny", "small", "moderate", "large", "huge")]
        assert lows == sorted(lows), one.key
        assert one.sizes.limits[0] <= lows[0] and one.sizes.range_of("huge")[1] <= one.sizes.limits[1], one.key


def test_each_has_a_code_of_its_own_or_in_its_label() -> None:
    codes = [one.code[0] if one.code is not None else str(one.label and one.label["type_code"]) for one in recipes()]
    assert all(code.isdigit() and len(code) > 5 for code in codes)
    assert all((one.code is None) != (one.label is None) for one in recipes())


def test_the_hu_of_a_label_are_within_what_is_published() -> None:
    for one in recipes():
        if one.published is None or one.label is None:
            continue
        assert one.published.source, one.key
        for phase, (low, high) in one.published.hu.items():
            assert low <= float(one.label[f"hu_{phase}"]) <= high, (one.key, phase)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('name = "kidney cyst"', "name = 3", "name is 3"),
        ('mechanism = "solid"', 'mechanism = "magic"', "mechanism is 'magic'"),
        ('kinds = ["cyst"]', "kinds = []", "kinds is"),
        ("delayed = [-9, 20]", "delayed = [20, -9]", "published, delayed is"),
        ('source = "homogeneous', 'sauce = "homogeneous', "published, source is"),
        ("moderate = [20, 40]", "moderate = [40, 20]", "moderate is"),
        ('unit = "mm"', 'unit = "inch"', "unit 'inch'"),
        ('usual = "moderate"', 'usual = "vast"', "usual 'vast'"),
        ("[sizes]", "[sizes", "no TOML file"),
        ('drawn_as = "kidney_left"', "", "drawn_as is None"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in GOOD
    path = tmp_path / "bad.toml"
    path.write_text(GOOD.replace(before, after, 1), "utf-8")
    with pytest.raises(RecipeError) as error:
        read_recipe(path)
    assert told in str(error.value) and "bad.toml" in str(error.value)


def test_one_without_a_label_needs_a_code(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    text = resource("findings", "cirrhosis.toml").read_text("utf-8")
    path.write_text(text.replace(', "Cirrhosis of liver"]', "]"), "utf-8")
    with pytest.raises(RecipeError, match="code is"):
        read_recipe(path)
