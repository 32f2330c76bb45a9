"""The chest phantom."""

import numpy as np
import pytest

from readingroom.phantoms.chest_radiograph import Opacity, chest_radiograph


def test_lungs_are_darker_than_heart_and_spine_brightest():
    gray = chest_radiograph(256, 224)
    lung = gray[110:140, 60:75].mean()
    heart = gray[165:175, 132:140].mean()
    spine = gray[110:140, 109:115].mean()
    assert gray[20, 5] < lung < heart < spine


def test_the_same_seed_gives_the_same_picture_and_another_seed_another():
    np.testing.assert_array_equal(chest_radiograph(64, 64, seed=4), chest_radiograph(64, 64, seed=4))
    assert not np.array_equal(chest_radiograph(64, 64, seed=4), chest_radiograph(64, 64, seed=5))


def test_an_opacity_is_bright_where_it_was_asked_for_and_nowhere_else():
    change = chest_radiograph(256, 224, opacity=Opacity(x=0.3, y=0.5)) - chest_radiograph(256, 224)
    assert change[128, 67] > 0.1
    assert np.abs(change[:, 120:]).max() < 0.01


def test_a_picture_too_small_to_show_a_chest_is_refused():
    with pytest.raises(ValueError, match="at least 32"):
        chest_radiograph(16, 400)
