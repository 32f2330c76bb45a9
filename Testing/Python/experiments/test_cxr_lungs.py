"""The bundle that draws lungs on radiographs, and what it learned from."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from experiments.cxr_lungs.augment import changed
from experiments.cxr_lungs.films import adults, sided
from experiments.cxr_lungs.measure import dice
from readingroom.bundles import store
from readingroom.phantoms.hand_radiograph import hand_radiograph
from readingroom.progress import Progress
from readingroom.readers.base import ReadContext
from readingroom.readers.radiograph_lungs import BUNDLE, find_lungs

DATA = Path(__file__).parents[4] / "shared" / "data"
EXAMPLE = Path(store.__file__).parents[1] / "examples" / "chest-radiograph.png"


@pytest.fixture(scope="module")
def find():
    """Ask the bundle that ships."""

    def ask(gray):
        context = ReadContext(store.find(BUNDLE), torch.device("cpu"), Progress())
        found = find_lungs(np.asarray(gray, dtype=np.float32), context)
        assert context.notes == []
        return found

    return ask


def test_lungs_of_the_example_film_lie_on_their_sides(find):
    gray = np.asarray(Image.open(EXAMPLE).convert("L")) / 255
    found = find(gray)
    middles = [np.argwhere(lung).mean(axis=0)[1] / gray.shape[1] for lung in (found.right, found.left)]
    assert 0.2 < middles[0] < 0.45 < 0.55 < middles[1] < 0.8
    assert 0.2 < found.both.mean() < 0.5
    assert gray[found.both].mean() < gray[~found.both].mean()


def test_a_hand_and_a_film_on_its_side_show_no_lungs(find):
    gray = np.asarray(Image.open(EXAMPLE).convert("L")) / 255
    assert find(hand_radiograph()) is None
    assert find(np.rot90(gray)) is None


@pytest.mark.skipif(not (DATA / "cxr_cohen_annotations").is_dir(), reason="the drawn lungs are not here")
def test_lungs_of_adults_are_those_that_people_drew(find):
    films = adults(DATA)[::9]
    assert np.mean([dice(find(film.gray()).both, film.lungs() > 0) for film in films]) > 0.92


def test_the_lung_at_the_left_of_the_picture_is_the_right_one():
    drawn = np.zeros((8, 12), bool)
    drawn[2:7, 1:4] = drawn[1:7, 8:11] = drawn[0, 5] = True
    labels = sided(drawn)
    assert labels[3, 2] == 1
    assert labels[3, 9] == 2
    assert labels[0, 5] == 0


def test_a_mirrored_film_has_its_lungs_exchanged_and_gray_stays_with_its_place():
    lungs = torch.zeros(16, 64, 64, dtype=torch.uint8)
    lungs[:, 16:48, 8:24], lungs[:, 16:48, 40:56] = 1, 2
    pictures, labels = changed((lungs > 0).float(), lungs, 64, torch.Generator().manual_seed(0))
    for picture, label in zip(pictures[:, 0], labels, strict=True):
        right, left = (np.argwhere((label == side).numpy()) for side in (1, 2))
        if len(right) and len(left):
            assert right[:, 1].mean() < left[:, 1].mean()
        assert picture[label > 0].mean() > picture[label == 0].mean()
