"""Of which study a case is: that of the case that its edits began with."""

from dataclasses import replace
from typing import Any

from GuideGenLib.description import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.export.dicom.identity import Form, Volumes, identity_of, uid
from GuideGenLib.export.dicom.study import study_of
from GuideGenLib.generator import Case
from GuideGenLib.generator.case import voxels_sha256
from Testing.export.conftest import edited


def link(ct: str | None, anatomy: str, text: str = "A man.") -> dict[str, Any]:
    """A change as `generator.change` records it."""
    before = {"description": to_json(parse(text)), "ct_voxels_sha256": ct, "anatomy_voxels_sha256": anatomy}
    return {"sentence": "make it larger", "before": before}


def with_changes(case: Case, *changes: dict[str, Any]) -> Case:
    return replace(case, provenance={**case.provenance, "changes": list(changes)})


def test_a_uid_is_one_that_dicom_takes_and_always_the_same():
    assert uid("a", "b") == uid("a", "b") != uid("ab")
    assert len(uid("a")) <= 64 and uid("a").startswith("2.25.")


def test_a_case_as_it_was_made_begins_with_itself(case: Case):
    found = identity_of(case)
    assert found.root == found.now.ct == voxels_sha256(case.ct)
    assert found.before is None and found.edits == 0


def test_changes_by_sentences_keep_the_study_and_the_patient_of_the_first(case: Case):
    changed = with_changes(case, link("a" * 64, "b" * 64, "A 50 year old woman."), link("c" * 64, "d" * 64))
    found = identity_of(changed)
    assert found.root == "a" * 64 and found.before == Volumes("c" * 64, "d" * 64) and found.edits == 2
    study = study_of(changed, Form())
    assert (study.patient.sex, study.patient.age) == ("female", 50)
    assert [study.series(modality)["series_number"] for modality in ("CT", "SEG", "SR")] == [21, 22, 23]


def test_an_edit_and_then_a_change_are_of_the_study_before_both(case: Case):
    grown = edited(case, case.anatomy, case.ct + 1)
    now = replace(grown, ct=case.ct + 2)
    found = identity_of(with_changes(now, link(voxels_sha256(grown.ct), "b" * 64)))
    assert found.root == voxels_sha256(case.ct)
    assert found.before == Volumes(voxels_sha256(grown.ct), "b" * 64)


def test_a_change_before_there_was_a_ct_names_none(case: Case):
    found = identity_of(with_changes(case, link(None, "b" * 64)))
    assert found.root == voxels_sha256(case.ct) and found.before is None


def test_forms_of_a_study_share_nothing_but_what_is_the_same():
    volumes = Volumes("a" * 64, "b" * 64)
    kinds = {
        Form(enhanced, binary).of(modality)
        for enhanced in (False, True)
        for binary in (False, True)
        for modality in ("CT", "SR")
    }
    assert kinds == {"CT", "CT enhanced", "SR", "SR enhanced", "SR binary", "SR enhanced binary"}
    assert len({volumes.series(kind) for kind in kinds} | {volumes.instance(kind) for kind in kinds}) == 2 * len(kinds)
    assert volumes.series("CT") == Volumes("a" * 64, "other").series("CT"), "the CT does not change with its labels"
