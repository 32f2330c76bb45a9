"""The coarse mean of chest radiographs and its match."""

import numpy as np
import pytest

from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.trust.chest_template import fit_template, match_chest


def test_a_chest_fits_best_as_it_is():
    match = match_chest(chest_radiograph())
    assert match.best == match.upright > 0.7
    assert match.inverted < 0.4


def test_each_turn_is_seen_as_what_it_is():
    chest = chest_radiograph().astype(np.float64)
    upright = match_chest(chest).upright
    assert match_chest(1 - chest).inverted == pytest.approx(upright, abs=1e-6)
    assert match_chest(chest[::-1, ::-1]).upside_down == pytest.approx(upright, abs=1e-6)
    assert match_chest(np.rot90(chest)).sideways == pytest.approx(upright, abs=1e-6)
    assert match_chest(1 - np.rot90(chest)).turned_inverted == pytest.approx(upright, abs=1e-6)


def test_a_white_collimator_frame_does_not_hide_the_chest():
    framed = np.pad(chest_radiograph(400, 350), 70, constant_values=1.0)
    assert match_chest(framed).upright > 0.65


def test_a_flat_picture_fits_nothing():
    assert match_chest(np.full((100, 100), 0.3)).best == pytest.approx(0, abs=1e-6)


def test_a_template_is_found_again_in_shifted_copies_of_a_picture():
    chest = chest_radiograph(256, 256)
    shifted = [np.pad(chest, ((top, 40 - top), (left, 40 - left))) for top in (0, 20, 40) for left in (0, 20, 40)]
    template = fit_template(shifted)
    assert template.shape == (24, 24)
    assert (template**2).sum() == pytest.approx(1)
    assert np.corrcoef(template.ravel(), template[:, ::-1].ravel())[0, 1] > 0.8
