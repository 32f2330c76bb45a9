"""From a radiograph to the network's input and back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from readingroom.bundles import store
from readingroom.bundles.metadata import Preprocessing
from readingroom.examples import chest_radiograph
from readingroom.imaging.equalize import blur_5x5, equalize_histogram
from readingroom.imaging.open import open_image
from readingroom.imaging.preprocessing import prepare
from readingroom.imaging.radiograph_loading import load_radiograph


def settings(preset: str = "rigorous", size: int = 64, channels: int = 3) -> Preprocessing:
    return Preprocessing("picture", (size, size), channels, preset, mean=(0.5,) * channels, std=(0.25,) * channels)  # type: ignore[arg-type]


def a_film(rows: int = 300, columns: int = 240) -> np.ndarray:
    j, i = np.mgrid[:rows, :columns]
    return ((np.sin(j / 23) + np.cos(i / 31) + 2) / 4).astype(np.float32)


@pytest.mark.parametrize("preset", ["published", "rigorous"])
@pytest.mark.parametrize("channels", [1, 3])
def test_gives_the_network_a_square_of_single_precision(preset: str, channels: int) -> None:
    pixels = prepare(a_film(), settings(preset, 64, channels)).pixels
    assert pixels.shape == (channels, 64, 64)
    assert pixels.dtype == np.float32


def test_normalizes_with_the_training_set_s_mean_and_deviation() -> None:
    assert np.allclose(prepare(np.full((50, 40), 0.75, np.float32), settings()).pixels, 1.0)


def test_published_equalizes_and_blurs_before_it_resizes() -> None:
    film = a_film(64, 64)
    expected = blur_5x5(equalize_histogram(np.rint(255 * film).astype(np.uint8))) / 255
    pixels = prepare(film, settings("published")).pixels
    assert np.allclose(pixels[0] * 0.25 + 0.5, expected, atol=1e-6)


def test_rigorous_keeps_the_gray_levels() -> None:
    film = a_film(64, 64)
    assert np.allclose(prepare(film, settings()).pixels[0] * 0.25 + 0.5, film, atol=1e-6)


@pytest.mark.parametrize("shape", [(640, 640), (701, 499), (300, 1000), (40, 30)])
def test_a_marked_spot_comes_back_to_where_it_was(shape: tuple[int, int]) -> None:
    film = np.zeros(shape, dtype=np.float32)
    j, i = int(0.3 * shape[0]), int(0.8 * shape[1])
    film[j : j + shape[0] // 10, i : i + shape[1] // 10] = 1
    prepared = prepare(film, settings(size=320))
    back = prepared.to_input(prepared.pixels[0] * 0.25 + 0.5)
    assert back.shape == shape
    for axis, pixel in enumerate((1 / shape[0], 1 / shape[1])):
        profiles = [picture.sum(axis=1 - axis) for picture in (film, back)]
        centers = [float((p * np.arange(p.size)).sum() / p.sum()) * pixel for p in profiles]
        assert centers[1] == pytest.approx(centers[0], abs=0.001)


def test_the_cells_of_a_coarse_map_share_the_film_evenly() -> None:
    heat = np.zeros((4, 4))
    heat[1, 2] = 1
    back = prepare(a_film(400, 200), settings()).to_input(heat)
    assert np.unravel_index(back.argmax(), back.shape) in [(j, i) for j in (149, 150) for i in (124, 125)]
    # Symmetric about the center of its cell
    assert np.allclose(back[100:200], back[100:200][::-1], atol=1e-6)
    assert np.allclose(back[:, 100:150], back[:, 100:150][:, ::-1], atol=1e-6)


def test_a_map_keeps_its_range_and_its_border() -> None:
    heat = np.random.default_rng(0).random((7, 7))
    back = prepare(a_film(), settings()).to_input(heat)
    assert back.min() >= np.float32(heat.min())
    assert back.max() <= np.float32(heat.max())
    assert back[0, 0] == np.float32(heat[0, 0])


def test_a_map_of_the_film_s_own_size_is_unchanged() -> None:
    film = a_film(50, 40)
    assert np.array_equal(prepare(film, settings()).to_input(film), film)


def test_gray_levels_outside_0_to_1_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        prepare(2 * a_film(), settings())


def test_numbers_that_are_none_are_refused() -> None:
    film = a_film()
    film[3, 4] = np.nan
    with pytest.raises(ValueError, match="between 0 and 1"):
        prepare(film, settings())


def test_a_stack_of_slices_is_refused() -> None:
    with pytest.raises(ValueError, match="two axes"):
        prepare(np.zeros((3, 40, 40), np.float32), settings())


def test_the_shipped_bundle_gets_the_pixels_that_it_was_trained_with() -> None:
    gray = load_radiograph(open_image(chest_radiograph(), "frontal").image).gray
    resized = np.asarray(Image.fromarray(gray).resize((320, 320), Image.Resampling.BILINEAR), dtype=np.float32)
    number = np.float32(0.5019607843137255)  # mean and deviation of its MobileNetV2 alike
    expected = np.stack([(resized - number) / number] * 3)
    assert np.array_equal(prepare(gray, store.find("cxr-nih-pneumonia").metadata.preprocessing).pixels, expected)


def test_what_was_cut_away_is_nothing_on_the_map() -> None:
    film = np.zeros((200, 160), dtype=np.float32)
    j, i = np.mgrid[:200, :160]
    film[((j - 100) / 80) ** 2 + (i / 60) ** 2 < 1] = 0.5  # a breast on the left
    cut = Preprocessing("picture", (64, 32), normalize="none", organ="breast", organ_crop=True)
    back = prepare(film, cut).to_input(np.ones((8, 4)))
    assert back.shape == film.shape
    assert back[100, 30] == 1
    assert (back[:, 70:] == 0).all()


def test_a_spot_comes_back_through_the_padding_to_where_it_was() -> None:
    film = np.zeros((100, 300), dtype=np.float32)
    film[60:70, 200:210] = 1
    padded = Preprocessing("picture", (96, 96), normalize="none", keep_aspect=True)
    prepared = prepare(film, padded)
    assert (prepared.pixels[0, :30] == 0).all()
    back = prepared.to_input(prepared.pixels[0])
    assert back.shape == film.shape
    centers = [float((back.sum(axis=1 - axis) * np.arange(back.shape[axis])).sum() / back.sum()) for axis in (0, 1)]
    assert centers == pytest.approx([64.5, 204.5], abs=0.5)
