"""One sentence more as a person at a browser has it, with the real worker and the model that ships."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from Testing.web.test_story import Person, address, arrive, choose, person

__all__ = ["address", "arrive", "person"]


@pytest.mark.large
def test_a_sentence_changes_the_case_and_undo_gives_it_back(person: Person, tmp_path: Path) -> None:
    person.see("prompt-text").fill("A 60 year old woman with a 30 mm tumor in the liver.")
    person.open("settings")
    choose(person, "settings-quality", "Draft")
    person.run("run-generate")
    person.open("change")
    person.see("change-sentence").fill("make the tumour 2 cm larger")
    person.until(lambda: "50 mm" in person.see("change-understood").inner_text(), "the difference is shown")
    before = anatomy(person, tmp_path / "before")
    assert person.run("change-apply") == "Done."
    after = anatomy(person, tmp_path / "after")
    old, new = (labels == values()["liver_tumor"] for labels in (before, after))
    assert new.sum() > 2 * old.sum() and (new | ~old).all()
    away = ndimage.distance_transform_edt(~new) * 2
    assert not (before != after)[away > 60].any()
    person.picture(person.page, "changed")
    person.open("change")
    person.press("change-undo")
    person.until(lambda: np.array_equal(anatomy(person, tmp_path / "again"), before), "the case before is back")


def anatomy(person: Person, folder: Path) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    return person.anatomy(folder)
