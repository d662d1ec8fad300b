"""What does not lie in the region is refused before any work."""

import pytest

from GuideGenLib.description import parse
from GuideGenLib.generator.region_check import refuse_absent_organs
from GuideGenLib.mask.findings.sites import LesionError

SHOWN = (
    (
        "torso",
        "left pleural effusion, ascites, gallstones, enlarged mediastinal nodes, adrenal nodule, bone metastasis",
    ),
    ("chest", "left pleural effusion, pericardial effusion, adrenal nodule, liver cyst, axillary lymphadenopathy"),
    ("abdomen", "small left pleural effusion, ascites, kidney stone, pancreatic cyst"),
    ("pelvis", "ascites, bone metastasis"),
    ("pelvis", "no pleural effusion"),
)
NOT_SHOWN = (
    ("pelvis", "left pleural effusion", "a pleural effusion lies"),
    ("pelvis", "kidney stone", "a kidney stone lies"),
    ("pelvis", "pericardial effusion", "a pericardial effusion lies"),
    ("chest", "kidney stone", "a kidney stone lies"),
    ("abdomen", "enlarged mediastinal nodes", "a mediastinal lymph nodes lies"),
    ("chest", "2 cm kidney tumor", "the kidney"),
)


@pytest.mark.parametrize(("region", "text"), SHOWN)
def test_what_is_shown_may_be_asked_for(region: str, text: str) -> None:
    refuse_absent_organs(parse(text), region)


@pytest.mark.parametrize(("region", "text", "told"), NOT_SHOWN)
def test_what_is_not_shown_is_refused(region: str, text: str, told: str) -> None:
    with pytest.raises(LesionError) as error:
        refuse_absent_organs(parse(text), region)
    assert told in str(error.value) and f"region {region}" in str(error.value) and "torso" in str(error.value)
