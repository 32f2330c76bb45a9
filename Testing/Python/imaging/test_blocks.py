"""A large picture in blocks of pixels."""

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from readingroom.imaging.blocks import (
    block_means,
    block_middles,
    block_side,
    grid_of_blocks,
    resampled,
    side_between,
)


@pytest.mark.parametrize(("shape", "side"), [((1024, 900), 1), ((1025, 900), 2), ((4000, 3000), 4), ((20, 30), 1)])
def test_no_side_has_more_than_a_thousand_blocks(shape, side):
    assert block_side(shape) == side
    assert side_between(shape, tuple(-(-size // side) for size in shape)) == side


def test_a_block_is_the_mean_of_its_pixels_and_the_mask_at_its_middle():
    gray = np.arange(35, dtype=np.float32).reshape(5, 7)
    means = block_means(gray, 2)
    assert means.shape == (3, 4)
    assert means[0, 0] == gray[:2, :2].mean()
    assert means[2, 3] == gray[4, 6]  # the last block is one pixel
    assert [places.tolist() for places in block_middles((5, 7), 3)] == [[1, 4], [1, 4, 6]]


def test_a_large_picture_shrinks_in_bands_to_the_last_bit_as_pillow_shrinks_all_of_it():
    gray = np.random.default_rng(0).random((1501, 1203), dtype=np.float32)
    whole = Image.fromarray(gray)
    assert np.array_equal(block_means(gray, 4), whole.reduce(4))
    assert np.array_equal(
        resampled(gray, (400, 321), Image.Resampling.BOX), whole.resize((321, 400), Image.Resampling.BOX)
    )
    padded = Image.fromarray(np.pad(gray, ((2, 3), (5, 7))))
    assert np.array_equal(
        resampled(gray, (256, 128), Image.Resampling.BILINEAR, ((2, 3), (5, 7))),
        padded.resize((128, 256), Image.Resampling.BILINEAR),
    )


def test_blocks_lie_where_their_pixels_lie():
    image = SimpleITK.Image([7, 5, 1], SimpleITK.sitkFloat32)
    image.SetSpacing([0.5, 0.25, 2])
    image.SetOrigin([10, 20, 30])
    image.SetDirection([0, 1, 0, 1, 0, 0, 0, 0, -1])
    grid = grid_of_blocks(image, (4, 3, 1))
    assert grid.GetSpacing() == (1, 0.5, 2)
    middle = grid.TransformIndexToPhysicalPoint([1, 2, 0])
    assert middle == pytest.approx(image.TransformContinuousIndexToPhysicalPoint([2.5, 4.5, 0]))
    assert grid_of_blocks(image, (7, 5, 1)) is image


@pytest.mark.parametrize("blocks", [(4, 2), (3, 4), (5, 7, 1), (8, 6)])
def test_a_picture_has_no_blocks_of_another_size(blocks):
    assert side_between((7, 5), blocks) == 0
    if len(blocks) == 2:
        with pytest.raises(ValueError, match="blocks"):
            grid_of_blocks(SimpleITK.Image([7, 5], SimpleITK.sitkUInt8), blocks)
