"""Findings that are kept with their segments are not drawn once more, and none is drawn into what is kept."""

import pytest

from GuideGenLib.anatomy.structures import lobes_of
from GuideGenLib.description import parse
from GuideGenLib.generator.completion import _as_kept
from GuideGenLib.mask.findings.sites import LesionError

CYST = "Man, 3 cm cyst of the left kidney."
EFFUSION = "Man, left pleural effusion of 300 ml."


@pytest.mark.parametrize(
    ("text", "keys"),
    [(CYST, ("kidney_left", "kidney_cyst")), (EFFUSION, (*lobes_of("left"), "pleural_effusion"))],
)
def test_what_is_kept_is_not_drawn_twice(text: str, keys: tuple[str, ...]) -> None:
    (finding,) = _as_kept(parse(text), keys).findings
    assert not finding.shown


@pytest.mark.parametrize(("text", "keys"), [(CYST, ("kidney_right", "liver")), (EFFUSION, lobes_of("right"))])
def test_what_lies_elsewhere_is_drawn(text: str, keys: tuple[str, ...]) -> None:
    (finding,) = _as_kept(parse(text), keys).findings
    assert finding.shown


@pytest.mark.parametrize(("text", "keys"), [(CYST, ("kidney_left",)), (EFFUSION, lobes_of("left"))])
def test_an_organ_that_is_kept_without_it_is_refused(text: str, keys: tuple[str, ...]) -> None:
    with pytest.raises(LesionError, match="is kept as it is, without the"):
        _as_kept(parse(text), keys)
