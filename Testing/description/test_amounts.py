"""How much there is of what a recipe draws: read from the text, noted where it cannot be had, shown and corrected."""

from typing import Any

import pytest

from GuideGenLib.description import parse
from GuideGenLib.description.fields import FINDING_FIELDS, finding_fields
from GuideGenLib.description.model import Finding
from GuideGenLib.description.understanding import understand
from GuideGenLib.workflow.understood import corrected, description_of, groups

ONE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("500 ml pleural effusion on the left", {"side": "left", "volume_ml": 500}),
    ("Left pleural effusion of about half a liter.", {"side": "left", "volume_ml": 500}),
    ("ascites, about 1.2 l", {"volume_ml": 1200}),
    ("1,5 l of ascites", {"volume_ml": 1500}),
    ("left pneumothorax of 300 ml", {"side": "left", "volume_ml": 300}),
    ("lung tumor and 200 ml left pleural effusion", {"volume_ml": 200}),
    ("Left pleural effusion. The effusion measures 900 ml.", {"side": "left", "volume_ml": 900}),
    ("pericardial effusion, 12 mm", {"size_mm": 12}),
    ("Pericardial effusion 15 mm thick.", {"size_mm": 15}),
    ("a 15-mm-thick pericardial effusion", {"size_mm": 15}),
    ("pericardial effusion of 1.5 cm thickness", {"size_mm": 15}),
    ("trace ascites", {"size_word": "tiny"}),
    ("a trace of ascites", {"size_word": "tiny"}),
    ("minimal left pleural effusion", {"size_word": "tiny"}),
    ("small amount of free fluid", {"size_word": "small"}),
    ("mild ascites", {"size_word": "small"}),
    ("moderate-sized right pleural effusion", {"size_word": "moderate"}),
    ("severe ascites", {"size_word": "large"}),
    ("massive right pleural effusion", {"size_word": "huge"}),
    ("Effusion on the right.", {"organ": "pleura", "side": "right"}),
    ("three liver cysts up to 4 cm", {"count": 3, "size_mm": 40}),
    ("multiple renal cysts", {"count": 3}),
)
BOTH: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("bilateral pleural effusions of 400 ml", {"volume_ml": 400}, {"volume_ml": 400}),
    ("bilateral pleural effusions, 800 ml on the right and 300 ml on the left", {"volume_ml": 300}, {"volume_ml": 800}),
    ("Bilateral pleural effusions (right 800 ml, left 300 ml).", {"volume_ml": 300}, {"volume_ml": 800}),
    ("bilateral pleural effusions, larger on the right", {"size_word": "small"}, {"size_word": "moderate"}),
    ("large pleural effusions, right greater than left", {"size_word": "moderate"}, {"size_word": "large"}),
    ("bilateral pleural effusions (L > R)", {"size_word": "moderate"}, {"size_word": "small"}),
    ("bilateral pleural effusions, smaller on the right", {"size_word": "moderate"}, {"size_word": "small"}),
    ("small left and moderate right pleural effusion", {"size_word": "small"}, {"size_word": "moderate"}),
    ("small pleural effusion on the left and a large one on the right", {"size_word": "small"}, {"size_word": "large"}),
)


@pytest.mark.parametrize(("text", "wanted"), ONE)
def test_an_amount_is_read(text: str, wanted: dict[str, Any]) -> None:
    description = parse(text)
    finding = description.findings[-1]
    assert {name: getattr(finding, name) for name in wanted} == wanted
    assert finding.recipe is not None and description.not_understood == ()
    assert {left.reason for left in description.left_out} <= {"said again"}
    quoted = {path.split(".")[1] for path in description.spans if path.startswith("findings[0]")}
    assert len(description.findings) > 1 or set(wanted) - {"organ"} <= quoted


@pytest.mark.parametrize(("text", "left", "right"), BOTH)
def test_each_side_has_its_own(text: str, left: dict[str, Any], right: dict[str, Any]) -> None:
    description = parse(text)
    found = {str(one.side): one for one in description.findings}
    assert sorted(found) == ["left", "right"] and description.not_understood == ()
    assert {name: getattr(found["left"], name) for name in left} == left
    assert {name: getattr(found["right"], name) for name in right} == right


def test_of_tumours_they_say_what_they_said_before() -> None:
    (finding,) = parse("severe lung tumor").findings
    assert finding.size_word is None and parse("severe lung tumor").not_understood
    assert [one.side for one in parse("Two kidney tumors, the larger on the right measures 4 cm.").findings] == [
        None, "right",
    ]  # fmt: skip
    assert parse("Liver tumor of 500 ml").findings[0].volume_ml is None


PLEURAL = "A pleural effusion is drawn"
NOTES = (
    ("thirty gallstones", ""),
    ("20 gallstones", "Of 20 gallstone at most 8 are drawn."),
    ("9 l pleural effusion on the left", "A pleural effusion of 9000 ml is drawn with 3500 ml: 10 to 3500 can be had."),
    ("2 mm pericardial effusion", "A pericardial effusion of 2 mm is drawn with 3 mm: 3 to 45 can be had."),
    ("3 cm pleural effusion", f"{PLEURAL} by its volume, its 30 mm have no effect. Write for example 800 ml."),
    ("no 3 cm left pleural effusion", ""),
)


@pytest.mark.parametrize(("text", "note"), NOTES)
def test_what_cannot_be_had_is_said(text: str, note: str) -> None:
    assert parse(text).warnings == ((note,) if note else ())


def test_fields_are_those_of_the_recipe() -> None:
    def names(kind: str, organ: str) -> set[str]:
        return {field.name for field in finding_fields(Finding(kind, organ))}

    assert "volume_ml" in names("effusion", "pleura") and not {"size_mm", "t", "n", "stage"} & names(
        "effusion", "pleura"
    )
    assert "size_mm" in names("effusion", "pericardium") and "side" not in names("effusion", "pericardium")
    assert {"size_mm", "t", "site"} <= names("tumor", "lung") and "volume_ml" not in names("tumor", "lung")
    (kind, organ) = (next(f for f in FINDING_FIELDS if f.name == name) for name in ("kind", "organ"))
    assert kind.choices is not None and organ.choices is not None
    assert {"tumor", "effusion", "cyst"} <= set(kind.choices(None))
    assert organ.choices(Finding("effusion")) == (None, "lung", "pericardium", "pleura")
    assert "colon" in organ.choices(Finding("tumor")) and "bone" in organ.choices(Finding("metastasis"))


def test_the_volume_is_shown_and_corrected() -> None:
    text = "A man with a left pleural effusion."
    (finding, *_) = groups(understand(text, ""), "")
    volume = next(row for row in finding.rows if row.field.name == "volume_ml")
    assert (volume.value, volume.source) == (None, "drawn 350 to 800 ml")
    assert volume.field.read is not None
    corrections = corrected(text, "", volume, volume.field.read("1.2 l"))
    assert description_of(text, corrections)["findings"][0]["volume_ml"] == 1200
    (finding, *_) = groups(understand(text, corrections), corrections)
    assert next(row.source for row in finding.rows if row.field.name == "volume_ml") == "(corrected)"
