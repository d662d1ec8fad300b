"""Damaged and hostile DICOM files: an image or one line, never a traceback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.sr.codedict import codes

from GuideGenLib.anatomy.label_maps.reading import read_label_map
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.volumes import read_ct
from Testing.anatomy.label_maps.test_dicom import ball, ct_of, write_contours, write_masks

Damage = tuple[int | None, list[tuple[float, int]]]
HEADER = 2200
"""Bytes at the beginning that hold most of the header: damage there is worse than in pixels."""
damages = st.tuples(
    st.one_of(st.none(), st.none(), st.integers(0, 4000)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
)


def damaged(whole: bytes, damage: Damage) -> bytes:
    """A file cut short at a byte, or with some bytes replaced, every second of them in the header."""
    cut, flips = damage
    data = bytearray(whole if cut is None else whole[:cut])
    for number, (share, value) in enumerate(flips):
        if data:
            data[int(share * (min(HEADER, len(data)) if number % 2 else len(data)))] = value
    return bytes(data)


@pytest.fixture(scope="module", params=["ct", "masks", "label map", "contours"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Callable[..., Any]]:
    """A file of each kind, and what reads it."""
    folder = tmp_path_factory.mktemp("dicom")
    liver = ball((3, 12, 12), 8)
    if request.param == "ct":
        ct = ct_of(folder)
        return sorted(ct.iterdir())[2], lambda path: read_ct(path.parent)
    if request.param == "contours":
        ct_of(folder)
        return write_contours(folder, {"Liver": liver}), read_label_map
    kind = "BINARY" if request.param == "masks" else "LABELMAP"
    return write_masks(folder, [("Liver", codes.SCT.Liver, liver)], kind), read_label_map


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(damage=damages)
def test_a_damaged_file_is_an_image_or_one_line(file: tuple[Path, Callable[..., Any]], damage: Damage) -> None:
    path, read = file
    whole = path.read_bytes()
    path.write_bytes(damaged(whole, damage))
    try:
        read(path)
    except GuideGenError as error:
        assert "\n" not in str(error) and len(str(error)) < 900
    finally:
        path.write_bytes(whole)


def test_an_undamaged_one_is_read(file: tuple[Path, Callable[..., Any]]) -> None:
    path, read = file
    assert read(path) is not None
    assert np.array_equal(list(damaged(b"abc", (2, []))), list(b"ab"))
