"""2,000 random headers and 500 cut or flipped files, each of them read or refused in one line (`python -m`)."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from Testing.core.hostile_files import KINDS, changes, check_reading, damaged, whole_file, with_changes

HEADERS, DAMAGED = 2000, 500


def try_all(folder: Path) -> None:
    """Raises at the first file that is neither read nor refused."""
    for kind in KINDS:
        whole, path = whole_file(folder, kind), folder / f"odd{kind}"

        @settings(max_examples=HEADERS // len(KINDS), deadline=None, database=None)
        @given(changed=changes())
        def headers(changed: list[tuple[int, int]]) -> None:
            path.write_bytes(with_changes(whole, changed, kind))  # noqa: B023  called before the next kind
            check_reading(path)  # noqa: B023

        @settings(max_examples=DAMAGED // len(KINDS), deadline=None, database=None)
        @given(length=st.floats(0, 1), flipped=st.integers(0, 1 << 14))
        def cut(length: float, flipped: int) -> None:
            path.write_bytes(damaged(whole, length, flipped))  # noqa: B023
            check_reading(path)  # noqa: B023

        start = time.perf_counter()
        headers()
        cut()
        seconds = time.perf_counter() - start
        print(f"{kind}: {HEADERS // len(KINDS)} headers, {DAMAGED // len(KINDS)} damaged, {seconds:.0f} s")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        try_all(Path(folder))
