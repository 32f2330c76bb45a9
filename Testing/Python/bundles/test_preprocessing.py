"""One record says how pixels become a network's input: contradictions are refused, JSON brings it back."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from readingroom import records
from readingroom.bundles.preprocessing import Preprocessing

CT = Preprocessing(
    "slices", (224, 224), window=(-600, 1500), spacing=(3, 1, 1), slices=16, organ="lungs", least_organ=0.02,
    organ_crop=True, keep_aspect=True, normalize="imagenet", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225),
)  # fmt: skip
MR = Preprocessing(
    "volume", (64, 128, 128), 1, percentiles=(0.5, 99.5), organ="liver", organ_crop=True, normalize="image"
)
FILM = Preprocessing("picture", (1024, 512), organ="breast", organ_crop=True, keep_aspect=True)


@pytest.mark.parametrize("preprocessing", [CT, MR, FILM], ids=lambda p: p.kind)
def test_a_picture_a_stack_and_a_volume_come_back_from_json(preprocessing: Preprocessing) -> None:
    assert records.from_json(Preprocessing, json.loads(json.dumps(records.to_json(preprocessing)))) == preprocessing


def test_it_is_complete_when_no_number_is_left_to_measure() -> None:
    assert CT.complete
    assert MR.complete
    assert not FILM.complete  # its mean and deviation come from the training set


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: Preprocessing("volume", (64, 64)), "has 3 sizes, not 2"),
        (lambda: Preprocessing("picture", (64, 64, 64)), "has 2 sizes, not 3"),
        (lambda: Preprocessing("slices", (64, 64), window=(0, 1), percentiles=(1, 99)), "not both"),
        (lambda: Preprocessing("slices", (64, 64), window=(0, 0)), "0 wide"),
        (lambda: Preprocessing("slices", (64, 64), percentiles=(99, 1)), "not rising"),
        (lambda: Preprocessing("slices", (64, 64), percentiles=(0, 101)), "not rising"),
        (lambda: Preprocessing("slices", (64, 64), percentiles_of="body"), "without percentiles"),
        (lambda: Preprocessing("picture", (64, 64), percentiles=(1, 99), percentiles_of="body"), "of a volume"),
        (lambda: Preprocessing("volume", (64, 64, 64), 1, normalize="nonzero", mean=(0.5,), std=(1,)), "has no 'mean'"),
        (lambda: Preprocessing("slices", (64, 64), spacing=(0, 1, 1)), "0 mm is not above 0"),
        (lambda: Preprocessing("picture", (64, 64), spacing=(1, 1, 1)), "neither slices nor a spacing"),
        (lambda: Preprocessing("slices", (64, 64), slices=0), "0 slices of a study are none"),
        (lambda: Preprocessing("volume", (64, 64, 64), slices=3), "chooses no slices"),
        (lambda: Preprocessing("slices", (64, 64), organ="lungs", least_organ=1.5), "1.5, not 0 to 1"),
        (lambda: Preprocessing("slices", (64, 64), organ="Both lungs"), "not a plain name"),
        (lambda: Preprocessing("slices", (64, 64), organ_crop=True), "must name it"),
        (lambda: Preprocessing("slices", (64, 64), least_organ=0.02), "must name it"),
        (lambda: Preprocessing("volume", (64, 64, 64), organ_only=True), "must name it"),
        (lambda: Preprocessing("slices", (64, 64), organ="lungs", organ_only=True), "Only a volume"),
        (lambda: Preprocessing("picture", (64, 64), 1, normalize="image", mean=(0.5,), std=(0.2,)), "has no 'mean'"),
        (lambda: Preprocessing("picture", (64, 64), 1, mean=(0.5,)), "needs both"),
        (lambda: Preprocessing("picture", (8, 64)), "8 pixels"),
        (lambda: Preprocessing("picture", (64, 100_000)), "100000 pixels"),
        (lambda: Preprocessing("picture", (64, 64), 2), "1 or 3 channels"),
        (lambda: Preprocessing("picture", (64, 64), mean=(0.5,), std=(0.2,)), "1 values of 'mean' for 3 channels"),
        (lambda: Preprocessing("picture", (64, 64), 1, mean=(0.5,), std=(0.0,)), "not above 0"),
        (lambda: Preprocessing("picture", (64, 64), 1, mean=(float("nan"),), std=(0.2,)), "not finite"),
    ],
)
def test_what_cannot_be_prepared_is_refused_with_a_sentence(made: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        made()
