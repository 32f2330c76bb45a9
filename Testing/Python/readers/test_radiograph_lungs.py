"""Both lungs on a frontal radiograph: where they lie on the film, and what is not taken for lungs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from readingroom import codes
from readingroom.bundles import store, write
from readingroom.bundles.metadata import Label, Preprocessing, SegmenterMetadata, Training
from readingroom.errors import BundleError
from readingroom.networks.radiograph_unet import NAME, RadiographUNet
from readingroom.progress import Progress
from readingroom.readers.base import ReadContext
from readingroom.readers.radiograph_lungs import BUNDLE, BUNDLE_READER, find_lungs, find_lungs_with, load_network


class LungsByGray(nn.Module):
    """Takes 0.4 for the right lung and 0.8 for the left one, and is sure of it."""

    def __init__(self):
        super().__init__()
        self.levels = nn.Parameter(torch.tensor([5.0, 0.4, 0.8]))

    def forward(self, pictures):
        near = 0.15 - (pictures - self.levels[:, None, None]).abs()
        return torch.where(torch.arange(3)[:, None, None] == 0, torch.zeros(()), near) * 100


@pytest.fixture(scope="module")
def a_metadata():
    return SegmenterMetadata(
        name=BUNDLE, title="Lungs", version="1.0.0", reader=BUNDLE_READER, task="lungs", backbone=NAME,
        labels=(Label("right-lung", "Right", codes.RIGHT_LUNG), Label("left-lung", "Left", codes.LEFT_LUNG)),
        preprocessing=Preprocessing("picture", (64, 64), channels=1, normalize="none", keep_aspect=True),
        training=Training("own", 1, 1, {}, ("phantoms",), 0), intended_use="Tests.", license="None",
        demonstration=True,
    )  # fmt: skip


@pytest.fixture
def a_context():
    return ReadContext(None, torch.device("cpu"), Progress())


def two_lungs(rows=900, columns=600):
    gray = np.zeros((rows, columns), np.float32)
    gray[200:700, 60:260] = 0.4
    gray[220:690, 340:540] = 0.8
    return gray


def test_lungs_lie_where_they_are_on_a_film_that_is_no_square(a_metadata, a_context):
    gray = two_lungs()
    found = find_lungs_with(LungsByGray(), a_metadata, gray, a_context)
    for lung, level in ((found.right, 0.4), (found.left, 0.8)):
        drawn = gray == np.float32(level)
        assert lung.shape == gray.shape
        assert 2 * (lung & drawn).sum() / (lung.sum() + drawn.sum()) > 0.95
        assert np.allclose(np.argwhere(lung).mean(axis=0), np.argwhere(drawn).mean(axis=0), atol=4)


def test_a_film_of_many_pixels_gets_its_lungs_at_the_same_places(a_metadata, a_context):
    coarse = find_lungs_with(LungsByGray(), a_metadata, two_lungs(), a_context).right
    fine = find_lungs_with(LungsByGray(), a_metadata, np.kron(two_lungs(), np.ones((3, 3), np.float32)), a_context)
    assert (fine.right[1::3, 1::3] != coarse).mean() < 0.005


def without_one(gray):
    gray[gray == np.float32(0.8)] = 0


def with_a_small_one(gray):
    gray[300:, 340:540] = 0


def exchanged(gray):
    gray[:] = gray[:, ::-1].copy()


def one_above_the_other(gray):
    gray[:] = 0
    gray[50:400, 60:260], gray[500:850, 340:540] = 0.4, 0.8


def in_pieces(gray):
    gray[::90] = gray[1::90] = gray[2::90] = gray[:, ::80] = 0
    gray[np.add.outer(np.arange(900) // 30, np.arange(600) // 30) % 2 == 0] = 0


@pytest.mark.parametrize("change", [without_one, with_a_small_one, exchanged, one_above_the_other, in_pieces])
def test_what_does_not_look_like_two_lungs_is_not_shown(a_metadata, a_context, change):
    gray = two_lungs()
    change(gray)
    assert find_lungs_with(LungsByGray(), a_metadata, gray, a_context) is None


def test_a_small_part_elsewhere_is_left_out_and_holes_are_filled(a_metadata, a_context):
    gray = two_lungs()
    gray[20:60, 20:60] = 0.4
    gray[400:460, 120:180] = 0
    right = find_lungs_with(LungsByGray(), a_metadata, gray, a_context).right
    assert not right[:120].any()
    assert right[430, 150]


def test_a_network_for_something_else_is_refused(a_metadata, tmp_path):
    state = RadiographUNet(3).state_dict()

    def load(**changes):
        metadata = replace(a_metadata, **changes)
        return load_network(write.write(tmp_path / BUNDLE, metadata, state, card="# None", license_text="None"))

    assert load()(torch.zeros(1, 1, 64, 64)).shape == (1, 3, 64, 64)
    with pytest.raises(BundleError, match="right lung from the left"):
        load(labels=a_metadata.labels[::-1])
    with pytest.raises(BundleError, match="another network"):
        load(backbone="resnet18")
    with pytest.raises(BundleError, match="multiple of 32"):
        load(preprocessing=replace(a_metadata.preprocessing, size=(48, 64)))
    with pytest.raises(BundleError, match="made for the reader 'chest-xray'"):
        load(reader="chest-xray")


def test_without_the_bundle_the_reason_is_said(a_context, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "shipped_folder", lambda: tmp_path)
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path))
    assert find_lungs(two_lungs(), a_context) is None
    assert a_context.notes == [
        "No lungs were looked for: There is no bundle named 'cxr-lungs'. No bundle is installed."
    ]
