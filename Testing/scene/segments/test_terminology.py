"""A segment is what its terminology says, in our codes and in those of others."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from GuideGenLib.anatomy.codes import codings
from GuideGenLib.anatomy.codes.terminology import Coding, label_of_coding
from GuideGenLib.anatomy.label import Code
from GuideGenLib.anatomy.maps import keys_by_class
from GuideGenLib.anatomy.table import label, labels
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.segments import terminology

LEFT, RIGHT = Code("7771000", "Left"), Code("24028007", "Right")
STRUCTURE = Code("123037004", "Anatomical Structure")
ALTERED = Code("49755003", "Morphologically Altered Structure")


@pytest.fixture
def segment(slicer_app: Any) -> Any:
    import slicer

    return slicer.vtkSegment()


def coded(kind: str, modifier: Code | None = None, region: str = "", region_modifier: Code | None = None) -> Coding:
    return Coding(STRUCTURE, Code(kind, "?"), modifier, Code(region, "?") if region else None, region_modifier)


def test_each_label_is_found_by_its_terminology_alone(segment: Any) -> None:
    for row in labels()[1:]:
        terminology.set_terminology(segment, row.key)
        segment.RemoveTag(terminology.KEY_TAG)
        assert terminology.label_of(segment) == row


def test_slicer_reads_the_terminology_that_we_write(slicer_app: Any, segment: Any) -> None:
    import slicer

    for row in labels()[1:]:
        terminology.set_terminology(segment, row.key)
        entry = slicer.vtkSlicerTerminologyEntry()
        text = terminology._tag(segment, segment.GetTerminologyEntryTagName())
        assert slicer_app.terminologies_logic.DeserializeTerminologyEntry(text, entry)
        assert entry.GetCategoryObject().GetCodeValue() == row.category.value
        assert entry.GetTypeObject().GetCodeMeaning() == row.type.meaning
        assert entry.GetTypeModifierObject().GetCodeValue() == (row.modifier.value if row.modifier else None)
        assert entry.GetRegionObject().GetCodeValue() == (row.region.value if row.region else None)
        assert slicer_app.terminologies_logic.SerializeTerminologyEntry(entry) == text


def test_a_new_segment_is_nothing_whatever_its_name(segment: Any) -> None:
    segment.SetName("liver")
    assert terminology.label_of(segment) is None
    assert terminology.label_of(segment, "Segment_1") is None


def test_without_terminology_the_key_counts_and_then_the_id(segment: Any) -> None:
    assert terminology.label_of(segment, "spleen") == label("spleen")
    assert terminology.label_of(segment, "adrenal_gland_left") == label("adrenal_left")
    segment.SetTag(terminology.KEY_TAG, "liver")
    assert terminology.label_of(segment, "spleen") == label("liver")


def test_a_terminology_that_the_user_chose_counts_more_than_the_key(segment: Any) -> None:
    terminology.set_terminology(segment, "spleen")
    segment.SetTag(terminology.KEY_TAG, "liver")
    assert terminology.label_of(segment, "liver") == label("spleen")
    segment.SetTag(segment.GetTerminologyEntryTagName(), "x~SCT^1^a~SCT^123456^Unknown~^^~y~^^~^^")
    assert terminology.label_of(segment, "liver") is None


@pytest.mark.parametrize("text", ["", "~", "~~~~~~", "a~b~c~d", "x~SCT^1~SCT^2^^3~^^", "x~^^~^^~^^~y~^^~^^"])
def test_a_damaged_terminology_is_none(segment: Any, text: str) -> None:
    segment.SetTag(segment.GetTerminologyEntryTagName(), text)
    assert terminology.label_of(segment) is None


def test_codes_of_another_scheme_mean_nothing(slicer_app: Any) -> None:
    assert label_of_coding(Coding(STRUCTURE, Code("10200004", "Liver", "FMA"))) is None


TOTALSEGMENTATOR = {
    **{f"rib_{side}_{n}": (code, codings.SIDES[side]) for side in ("left", "right")
       for n, code in enumerate(codings.RIBS, start=1)},
    **{f"vertebrae_C{n}": (code, "") for n, code in enumerate(codings.VERTEBRAE["vertebrae_cervical"][:7], start=1)},
    **{f"vertebrae_T{n}": (code, "") for n, code in enumerate(codings.VERTEBRAE["vertebrae_thoracic"][:12], start=1)},
    **{f"vertebrae_L{n}": (code, "") for n, code in enumerate(codings.VERTEBRAE["vertebrae_lumbar"][:5], start=1)},
    "vertebrae_S1": ("65985001", ""),
    "brachiocephalic_trunk": ("12691009", ""), "subclavian_artery_left": ("29700009", "7771000"),
    "common_carotid_artery_right": ("32062004", "24028007"), "brachiocephalic_vein_left": ("8887007", "7771000"),
    "atrial_appendage_left": ("68786006", ""), "gluteus_maximus_left": ("181674001", "7771000"),
    "gluteus_medius_right": ("78333006", "24028007"), "gluteus_minimus_left": ("75297007", "7771000"),
    "brain": ("12738006", ""), "skull": ("89546000", ""), "kidney_right": ("64033007", "24028007"),
    "thyroid_gland": ("69748006", ""), "autochthon_left": ("244849004", "7771000"), "liver": ("10200004", ""),
    "lung_middle_lobe_right": ("72481006", ""), "portal_vein_and_splenic_vein": ("110765007", ""),
    "iliac_vena_left": ("46027005", "7771000"), "clavicula_right": ("51299004", "24028007"),
    "sacrum": ("54735007", ""), "costal_cartilages": ("50016007", ""), "pulmonary_vein": ("122972007", ""),
}  # fmt: skip


def test_the_codes_of_totalsegmentator_are_the_labels_that_its_classes_are(slicer_app: Any) -> None:
    for structure, (kind, modifier) in TOTALSEGMENTATOR.items():
        found = label_of_coding(coded(kind, Code(modifier, "?") if modifier else None))
        assert found is not None and found.key == keys_by_class("totalsegmentator")[structure], structure


def test_every_class_of_totalsegmentator_is_known_by_its_id(segment: Any) -> None:
    for structure, key in keys_by_class("totalsegmentator").items():
        found = terminology.label_of(segment, structure)
        assert (found.key if found else "background") == key


def test_a_kidney_cyst_is_one_on_either_side(slicer_app: Any) -> None:
    assert label_of_coding(coded("367643001", None, "64033007", LEFT)) == label("kidney_cyst")
    assert label_of_coding(coded("367643001", RIGHT, "64033007")) == label("kidney_cyst")
    assert label_of_coding(coded("367643001", None, "64033007")) == label("kidney_cyst")
    assert label_of_coding(coded("367643001", LEFT, "10200004")) is None


@pytest.mark.parametrize(
    "region, key",
    [("10200004", "liver_tumor"), ("45653009", "lung_tumor"), ("39607008", "lung_tumor"), ("64033007", "kidney_tumor")],
)
@pytest.mark.parametrize("kind", ["108369006", "4147007", "14799000"])
def test_a_mass_is_the_lesion_of_its_region(slicer_app: Any, kind: str, region: str, key: str) -> None:
    assert label_of_coding(Coding(ALTERED, Code(kind, "Mass"), None, Code(region, "?"), LEFT)) == label(key)


def test_what_could_be_several_is_none_and_the_advice_lists_them(slicer_app: Any) -> None:
    kidney, artery = coded("64033007"), coded("51114001")
    mass = Coding(ALTERED, Code("108369006", "Neoplasm"))
    for coding in (kidney, artery, mass):
        assert label_of_coding(coding) is None
    assert "left kidney, right kidney" in terminology.advice_for("Niere", kidney)
    assert '"Niere"' in terminology.advice_for("Niere", kidney)
    assert "colon tumor" in terminology.advice_for("x", mass)
    assert "Segment Editor" in terminology.advice_for("x", None)
    assert "none of the structures" in terminology.advice_for("x", coded("123456"))


def test_more_detail_than_we_have_does_no_harm(slicer_app: Any) -> None:
    assert label_of_coding(coded("69748006", LEFT)) == label("thyroid")
    assert label_of_coding(coded("127954009", None, "818983003")) == label("muscle")


def test_no_segment_is_background_or_unknown(segment: Any) -> None:
    for key in ("background", "tail", ""):
        with pytest.raises(SceneError, match=r"anatomy\.csv"):
            terminology.set_terminology(segment, key)


def test_the_package_imports_neither_torch_nor_vtk_nor_slicer(fresh_process: Callable[..., str]) -> None:
    code = "import sys, pkgutil, importlib, GuideGenLib.scene as s\n" + (
        "for m in pkgutil.walk_packages(s.__path__, 'GuideGenLib.scene.'): importlib.import_module(m.name)\n"
        "heavy = ('torch', 'monai', 'vtk', 'vtkmodules', 'slicer', 'slicer_core', 'scipy', 'qt', 'trame_slicer')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert fresh_process(code).strip() == "[]"
    assert "pytest" in sys.modules  # and this process is not the one that was asked
