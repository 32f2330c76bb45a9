"""The breast on a mammogram: its outline, its chest wall, its muscle and its dense tissue."""

import numpy as np
import pytest
from PIL import Image

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.imaging.breast import find_breast
from readingroom.imaging.breast_density import dense_tissue, density
from readingroom.imaging.organ import box
from readingroom.imaging.preprocessing import prepare
from readingroom.phantoms.mammogram import Lesion, four_views, mammogram


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Dice."""
    return float(2 * np.count_nonzero(one & other) / max(np.count_nonzero(one) + np.count_nonzero(other), 1))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dense", [0.12, 0.5])
def test_the_outline_is_that_of_the_breast_without_the_letters(seed, dense):
    for view in four_views(seed, dense=dense).values():
        found = find_breast(view.gray)
        assert found.found
        assert overlap(found.mask, view.breast) > 0.99
        assert found.chest_wall == view.side


def test_a_film_with_noise_fog_and_bright_edges_has_an_outline_too():
    noise = np.random.default_rng(0)
    for view in four_views(1).values():
        film = np.clip(0.12 + 0.8 * view.gray + noise.normal(0, 0.02, view.gray.shape), 0, 1).astype(np.float32)
        film[:, :4], film[-5:] = 0.95, 0.9
        found = find_breast(film)
        assert overlap(found.mask, view.breast) > 0.96
        assert found.chest_wall == view.side


@pytest.mark.parametrize("view", ["cc", "mlo"])
def test_a_scanned_film_is_told_from_what_lies_around_it_on_the_scanner(view):
    """The film's black is brighter than the padding; a label touches the breast, and a bar the upper edge."""
    one = mammogram("left", view, 2)
    noise = np.random.default_rng(0).normal(0, 0.004, one.gray.shape)
    film = np.clip(0.03 + 0.9 * one.gray + noise, 0, 1)
    film[4:10, :200] = 0.6
    row = 200
    edge = int(np.flatnonzero(one.breast[row])[-1])
    film[row : row + 10, edge - 4 : edge + 50] = 0.9
    scan = np.pad(film, ((0, 0), (100, 160))).astype(np.float32)
    found = find_breast(scan, view.upper())
    assert overlap(found.mask, np.pad(one.breast, ((0, 0), (100, 160)))) > 0.97
    assert found.chest_wall == "left"


@pytest.mark.parametrize("share", [0.12, 0.4])
def test_the_muscle_of_an_oblique_view_may_be_small(share):
    view = mammogram("right", "mlo", 1)
    film, columns = view.gray.copy(), np.arange(view.gray.shape[1], 0, -1) / view.gray.shape[1]
    rows = np.arange(len(film)) / len(film)
    film[view.muscle] = np.median(film[view.breast & ~view.muscle])
    small = columns[None] / (share * 0.7) + rows[:, None] / share < 1
    film[small] = 0.65
    found = find_breast(film, "MLO")
    assert overlap(found.muscle, small & view.breast) > 0.75


@pytest.mark.parametrize("seed", range(4))
def test_the_muscle_of_an_oblique_view_is_found(seed):
    for side in ("left", "right"):
        view = mammogram(side, "mlo", seed)
        assert overlap(find_breast(view.gray).muscle, view.muscle) > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_a_craniocaudal_view_has_no_muscle(seed):
    for side in ("left", "right"):
        view = mammogram(side, "cc", seed, dense=0.15)
        assert not find_breast(view.gray).muscle.any()
        assert not find_breast(view.gray, "CC").muscle.any()


@pytest.mark.parametrize("picture", [np.zeros((200, 160)), np.full((200, 160), 0.7), np.eye(160)])
def test_where_there_is_no_outline_all_of_the_picture_is_taken_and_that_is_known(picture):
    found = find_breast(picture.astype(np.float32))
    assert not found.found
    assert found.mask.all()
    assert not found.muscle.any()


def test_a_breast_that_fills_the_picture_is_all_of_it():
    noise = np.random.default_rng(0)
    found = find_breast(np.clip(0.5 + noise.normal(0, 0.05, (200, 160)), 0, 1).astype(np.float32))
    assert found.mask.mean() > 0.9


def test_a_large_film_has_the_same_outline():
    small = mammogram("right", "mlo", 2)
    large = np.asarray(Image.fromarray(small.gray).resize((1500, 2000), Image.Resampling.BILINEAR))
    found = find_breast(large)
    expected = np.asarray(Image.fromarray(small.breast).resize((1500, 2000), Image.Resampling.NEAREST))
    assert found.mask.shape == large.shape
    assert overlap(found.mask, expected) > 0.99


def test_a_breast_is_known_at_some_pixels_of_a_large_film_and_by_its_box_as_it_is_on_all_of_them():
    small = mammogram("right", "mlo", 2)
    found = find_breast(np.asarray(Image.fromarray(small.gray).resize((1536, 2048), Image.Resampling.BILINEAR)))
    cells = Image.fromarray(found.small_mask).resize((1536, 2048), Image.Resampling.NEAREST)
    assert np.array_equal(found.mask, cells)
    rows, columns = np.arange(2, 2048, 5), np.arange(1, 1536, 7)
    assert np.array_equal(found.at(rows, columns).tissue, found.tissue[np.ix_(rows, columns)])
    assert found.box == box(found.tissue)


@pytest.mark.parametrize("share", [0.12, 0.25, 0.5])
def test_the_density_is_the_share_of_dense_tissue(share):
    for view in four_views(5, dense=share).values():
        assert density(view.gray, find_breast(view.gray, view.view.upper())) == pytest.approx(share, abs=0.08)


def test_muscle_is_no_dense_tissue():
    view = mammogram("left", "mlo", 1, dense=0.1)
    dense = dense_tissue(view.gray, find_breast(view.gray))
    assert np.count_nonzero(dense & view.muscle) < 0.08 * np.count_nonzero(view.muscle)
    assert overlap(dense, view.dense) > 0.6


def test_both_breasts_are_turned_the_same_way_for_the_network_and_their_maps_come_back():
    preprocessing = Preprocessing("picture", (128, 64), 1, normalize="none", organ="breast", organ_crop=True,
                                  keep_aspect=True, chest_wall_left=True)  # fmt: skip
    lesion = Lesion(depth=0.4, outer=0.5, margin="circumscribed")
    for side in ("left", "right"):
        view = mammogram(side, "cc", 3, [lesion], dense=0.1)
        prepared = prepare(view.gray, preprocessing)
        heights = (prepared.pixels[0] > 0.1).sum(axis=0)
        held = np.flatnonzero(heights)
        assert heights[held[:4]].mean() > 1.5 * heights[held[-4:]].mean()
        back = prepared.to_input(prepared.pixels[0])
        assert np.corrcoef(back[view.breast], view.gray[view.breast])[0, 1] > 0.9
        assert prepared.mirrored == (side == "right")
