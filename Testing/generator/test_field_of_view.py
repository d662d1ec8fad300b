"""Of a mostly empty field of view the body alone is made, and the rest is air."""

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.grids import on_grid_of, same_grid
from GuideGenLib.core.volumes import Frame, image_from_array
from GuideGenLib.description import Description
from GuideGenLib.description.acquisition import Acquisition
from GuideGenLib.generator import Generator
from GuideGenLib.generator.field_of_view import AIR_HU, put_back, worth_making

TILTED = (0.96, -0.28, 0.0, 0.28, 0.96, 0.0, 0.0, 0.0, 1.0)


def test_what_is_worth_making_is_the_body_its_surroundings_and_the_couch() -> None:
    labels = np.zeros((160, 80, 80), np.uint8)
    labels[60:90, 10:40, 10:40] = 1
    assert worth_making(labels, Acquisition()) == (slice(48, 102), slice(0, 52), slice(0, 52))
    tall = np.pad(labels, ((100, 100), (0, 0), (0, 0)))
    assert worth_making(tall, Acquisition(table=True)) == (slice(104, 240), slice(0, 80), slice(0, 80))
    labels[:, 10:70, 10:70] = 1
    assert worth_making(labels, Acquisition()) == (slice(0, 160), slice(0, 80), slice(0, 80))


def test_a_window_is_put_back_where_it_was() -> None:
    frame = Frame((2.0,) * 3, (-50.0, 20.0, 7.0), TILTED)
    whole = np.random.default_rng(0).integers(-900, 900, (9, 8, 7)).astype(np.float32)
    window = (slice(2, 6), slice(0, 5), slice(3, 7))
    found = put_back(whole[window], frame, window, whole.shape)
    assert same_grid(found, image_from_array(whole, frame.spacing, frame.origin, frame.direction, labels=False))
    array = sitk.GetArrayFromImage(found)
    assert np.array_equal(array[window], whole[window])
    array[window] = AIR_HU
    assert (array == AIR_HU).all()


def test_a_ct_in_a_large_frame_is_the_one_of_its_body_and_so_is_its_edit(generator: Generator) -> None:
    labels = np.zeros((24, 24, 24), np.uint8)
    labels[2:22, 3:21, 3:21] = values()["body"]
    labels[8:16, 8:16, 8:16] = values()["liver"]
    labels = np.pad(labels, ((24, 16), (16, 24), (32, 24)))
    window = worth_making(labels, Acquisition())
    large, part = (image_from_array(one, (2.0,) * 3, labels=True) for one in (labels, labels[window]))
    nobody = Description("a patient")
    whole, alone = (generator.synthesize_ct(one, nobody, seed=3, steps=1) for one in (large, part))
    array = sitk.GetArrayFromImage(whole)
    assert array.shape == labels.shape and np.array_equal(array[window], sitk.GetArrayViewFromImage(alone))
    edits = []
    for image, ct in ((large, whole), (part, alone)):
        edited = sitk.GetArrayFromImage(image)
        plane = edited[np.nonzero(edited == values()["liver"])[0].min()]
        plane[plane == values()["liver"]] = values()["body"]
        edits.append(
            generator.regenerate_ct(ct, image, on_grid_of(image, edited), nobody, seed=3, steps=1, margin_mm=6)
        )
    after, inside = (sitk.GetArrayFromImage(one) for one in edits)
    assert np.abs(after[window] - inside.astype(int)).max() <= 1 and (inside != array[window]).any()
    for one in (array, after):
        one[window] = AIR_HU
        assert (one == AIR_HU).all()
