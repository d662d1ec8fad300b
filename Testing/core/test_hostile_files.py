"""Whatever a file holds, it is read as a volume or refused in one line; benchmarks/hostile_files.py tries more."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from Testing.core.hostile_files import KINDS, changes, check_reading, damaged, whole_file, with_changes

FEW = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(changed=changes())
def test_random_headers(tmp_path: Path, kind: str, changed: list[tuple[int, int]]) -> None:
    path = tmp_path / f"odd{kind}"
    path.write_bytes(with_changes(whole_file(tmp_path, kind), changed, kind))
    check_reading(path)


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(length=st.floats(0, 1), flipped=st.integers(0, 1 << 14))
def test_cut_and_flipped_files(tmp_path: Path, kind: str, length: float, flipped: int) -> None:
    path = tmp_path / f"odd{kind}"
    path.write_bytes(damaged(whole_file(tmp_path, kind), length, flipped))
    check_reading(path)
