"""Random use leaves no error, no label and no CT that the log of actions does not account for.

`Testing/benchmarks/monkey.py` does it for twenty minutes.
"""

from collections.abc import Iterator

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.table import values
from Testing.web import monkey as actions
from Testing.web.monkey import Monkey
from Testing.web.views_stage import own_loop


@pytest.fixture(scope="module")
def monkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monkey]:
    """One for both tests: its page takes seconds to write."""
    with own_loop():
        monkey = Monkey(tmp_path_factory.mktemp("monkey"), seed=7)
    yield monkey
    with own_loop():
        monkey.close()


def test_random_use_does_what_its_log_says(monkey: Monkey):
    with own_loop():
        for _ in range(40):
            monkey.act()
    assert monkey.problems == [], "\n".join([*monkey.problems, *monkey.log])
    assert len(set(monkey.log)) > 12 and len(monkey._steps) > 3


def test_it_sees_a_voxel_that_a_look_changes(monkey: Monkey, monkeypatch: pytest.MonkeyPatch):
    def spoil(one: Monkey) -> None:
        labels = one.labels()
        there = [row["id"] for row in one.state.segments_rows if (labels == values().get(row["key"], -1)).any()]
        one.app.segments.choose(next(name for name in there if name != "body"))
        one.app.segments.remove()

    monkey.problems.clear()
    with own_loop():
        for name in actions.ACTIONS:
            monkeypatch.setitem(actions.ACTIONS, name, spoil)
        monkey.act()
    (problem,) = monkey.problems
    assert problem.endswith("labels changed by a look")
    monkey.problems.clear()
