"""Pictures of a report: in proportion, large enough to read, marked with the side."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from readingroom.reading import Box
from readingroom.reports.pictures import gray_png, map_png


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize(
    ("shape", "spacing", "size"),
    [
        ((100, 80), (1.0, 1.0), (410, 512)),  # enlarged, so that the legend is readable
        ((600, 600), (0.7, 0.7), (600, 600)),  # left as it is
        ((3000, 1500), (0.1, 0.1), (500, 1000)),  # reduced
        ((50, 400), (5.0, 0.8), (512, 400)),  # a coronal slice is not squeezed
    ],
)
def test_the_picture_has_the_proportions_of_the_anatomy(shape, spacing, size):
    assert opened(gray_png(np.zeros(shape, np.float32), spacing)).size == size


def test_the_side_stands_at_the_left_edge():
    plain, marked = (np.asarray(opened(gray_png(np.zeros((600, 600), np.float32), left=left))) for left in ("", "R"))
    assert plain.max() == 0
    assert marked[:, :60].max() > 200
    assert marked[:, 100:].max() == 0


def test_the_box_lies_where_it_is_on_a_stretched_picture():
    flat = np.zeros((50, 100), np.float32)
    picture = np.asarray(opened(map_png(flat, flat, Box((10, 10), (20, 20)), spacing=(2.0, 1.0))).convert("RGB"))
    rows, columns = np.nonzero((picture[:, :512] == (90, 220, 255)).all(axis=-1))
    scale = 512 / 100
    assert rows.min() / scale / 2 == pytest.approx(10, abs=0.5)
    assert rows.max() / scale / 2 == pytest.approx(20, abs=0.5)
    assert columns.min() / scale == pytest.approx(10, abs=0.5)
