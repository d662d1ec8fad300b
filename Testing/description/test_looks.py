"""How lesions look is read of the text, denied where the text denies it, quoted, corrected and kept in files."""

import json

import pytest

from GuideGenLib.description import Description, DescriptionError, Finding, parse
from GuideGenLib.description.corrections import Corrections, apply
from GuideGenLib.description.fields import looks as typed_looks
from GuideGenLib.description.report import from_json, to_json

SAID = {
    "A 2.3 cm spiculated nodule in the right upper lobe": ("spiculated",),
    "thick-walled cavitary mass in the left lower lobe, 5 cm": ("cavitated",),
    "centrally necrotic tumor of the left kidney, 7 cm": ("necrotic",),
    "3 cm lung mass with coarse calcifications": ("calcified",),
    "12 mm part-solid nodule in the RUL": ("part_solid",),
    "pure ground-glass nodule in the left upper lobe, 14 mm": ("ground_glass",),
    "15 mm GGN in the left upper lobe": ("ground_glass",),
    "2 cm lung nodule with lobulated contour": ("lobulated",),
    "ill-defined, infiltrative mass in the pancreatic head": ("infiltrating",),
    "3 cm rim-enhancing liver metastasis": ("rim_enhancing",),
    "4 cm arterially hyperenhancing lesion with washout in segment VIII": ("hypervascular", "washout"),
    "HCC in segment 8, 4 cm, arterial phase": ("hypervascular", "washout"),
    "hypodense 2 cm HCC": ("hypovascular", "washout"),
    "There is a 2 cm nodule in the left upper lobe. The nodule is spiculated and cavitated.": (
        "spiculated", "cavitated"),
    "2 cm nodule in the left upper lobe. It has smooth margins. No cavitation.": ("smooth",),
    "2 cm nodule in the left lung without calcification or cavitation": (),
    "noncalcified 6 mm nodule in the RLL, not spiculated": (),
    "No evidence of necrosis. 5 cm mass in the left kidney.": (),
    "14 mm ground-glass nodule with a 6 mm solid component in the right upper lobe": ("part_solid",),
    "ground glass nodule in the liver, 2 cm": (),
    "The liver is of smooth contour. 3 cm mass in the pancreas.": (),
}  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_looks_are_read(text: str) -> None:
    finding = next(one for one in parse(text).findings if one.drawn)
    assert finding.looks == SAID[text]


def test_looks_belong_to_their_own_lesion() -> None:
    found = parse("spiculated mass in the left lung and necrotic liver metastases").findings
    assert [(one.organ, one.looks) for one in found] == [("lung", ("spiculated",)), ("liver", ("necrotic",))]


def test_each_look_is_quoted_and_nothing_is_left_over() -> None:
    read = parse("A spiculated, cavitated 4 cm mass in the left upper lobe")
    quoted = [span.text for path, span in read.spans.items() if "looks" in path]
    assert quoted == ["spiculated", "cavitated"]
    assert not read.not_understood and not read.left_out


def test_the_size_of_the_solid_part_is_not_that_of_the_nodule() -> None:
    (finding,) = parse("14 mm ground-glass nodule with a 6 mm solid component in the right upper lobe").findings
    assert finding.size_mm == 14


def test_looks_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(DescriptionError, match="'smooth' and 'spiculated'"):
        parse("smooth spiculated lung nodule")
    with pytest.raises(DescriptionError, match="smooth and spiculated"):
        Finding("nodule", "lung", looks=("smooth", "spiculated"))
    with pytest.raises(DescriptionError, match="lung alone"):
        Finding("lesion", "liver", looks=("ground_glass",))
    with pytest.raises(DescriptionError, match="no look 'shiny'"):
        Finding("lesion", "liver", looks=("shiny",))


def test_looks_survive_json() -> None:
    read = parse("A spiculated, cavitated 4 cm mass in the left upper lobe")
    assert from_json(json.loads(json.dumps(to_json(read)))) == read
    old = to_json(read)
    old["spans"] = {}
    for finding in old["findings"]:
        del finding["looks"]
    assert from_json(old).findings[0].looks == ()
    old["findings"][0]["looks"] = "spiculated"
    with pytest.raises(DescriptionError, match="looks"):
        from_json(old)


def corrected(text: str, corrections: Corrections) -> Description:
    return apply(parse(text), Corrections.from_json(corrections.to_json())).description


def test_looks_are_corrected_like_other_fields() -> None:
    text = "A spiculated, cavitated 4 cm mass in the left upper lobe of the lung"
    fixed = corrected(text, Corrections().with_finding("lung mass 1", "looks", typed_looks("smooth, part-solid")))
    assert fixed.findings[0].looks == ("smooth", "part_solid")
    assert not [path for path in fixed.spans if "looks" in path]
    moved = corrected("ground-glass lung nodule, 2 cm", Corrections().with_finding("lung nodule 1", "organ", "liver"))
    assert moved.findings[0].looks == ()


def test_what_is_typed_is_checked() -> None:
    assert typed_looks("") == typed_looks("unknown") == ()
    assert typed_looks("Rim enhancing and necrotic") == ("rim_enhancing", "necrotic")
    with pytest.raises(ValueError, match="'shiny' is no look"):
        typed_looks("shiny")
