"""What was drawn, told in a few lines."""

from typing import Any

from GuideGenLib.description.parse import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.workflow.summary import not_drawn, summary_of

TEXT = "60 year old man with a 30 mm lung cancer in the left upper lobe. Aortic dissection. No pleural effusion."
LESION: dict[str, Any] = {
    "label": "lung_tumor", "finding": 0, "organ": "lung", "side": "left", "site": "upper lobe", "size_mm": 30.0,
    "measured_mm": 31.6, "volume_ml": 14.23, "center_voxel": [1.0, 2.0, 3.0], "center_mm": [2.0, 4.0, 6.0], "note": "",
}  # fmt: skip


def record(**changed: Any) -> dict[str, Any]:
    """Of an anatomy with one tumor."""
    checks = [{"name": f"present:{number}", "passed": True, "detail": ""} for number in range(9)]
    spleen = {"name": "volume:spleen", "passed": False, "detail": "812 ml, usual 60 to 400 ml"}
    return {
        "lesions": [LESION],
        "checks": [*checks, spleen],
        "description": to_json(parse(TEXT)),
        "settings": {"seed": 3},
        "bundle": {"name": "torso-small", "version": "1.2"},
        **changed,
    }


def test_a_summary_has_the_finding_as_measured_the_checks_and_the_origin() -> None:
    summary = summary_of(record())
    assert summary is not None
    assert summary.findings == ("lung tumor, left, upper lobe: 32 mm (asked 30), 14.2 ml",)
    assert summary.text.splitlines()[-2:] == [
        "Checks: 9 of 10 kept; not: spleen: 812 ml, usual 60 to 400 ml",
        "Synthetic, seed 3, torso-small 1.2",
    ]


def test_what_the_text_denies_is_not_missed_but_what_no_anatomy_shows_is() -> None:
    missed = not_drawn(parse(TEXT))
    assert len(missed) == 1 and "dissection" in missed[0]
    assert not any("effusion" in one for one in missed)


def test_what_could_not_be_had_stands_beside_its_finding() -> None:
    summary = summary_of(record(lesions=[{**LESION, "note": "room for 1 of 2 lesions only"}]))
    assert summary is not None and summary.findings[0].endswith("; room for 1 of 2 lesions only")


def test_an_anatomy_without_findings_says_so_and_one_of_others_has_no_summary() -> None:
    summary = summary_of(record(lesions=[]))
    assert summary is not None and summary.text.startswith("No findings drawn")
    assert summary_of(None) is None
    assert summary_of({"text": "of a tool of others"}) is None
    assert summary_of(record(lesions=[], checks=[])) is None, "the record of a CT, as a kept case has it"


def test_a_damaged_record_is_told_as_far_as_it_goes() -> None:
    summary = summary_of(record(lesions=[{"label": "lung_tumor"}], checks="none", description={"age": "old"}))
    assert summary is not None and summary.text.startswith("No findings drawn")
