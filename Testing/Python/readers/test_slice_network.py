"""Networks that read slices one by one: answer, map and the study's answer of one pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special

from pasc_fibrosis_cases import INPUT, gray_network, write_bundle
from readingroom.errors import BundleError, CancelledError
from readingroom.networks import slices
from readingroom.readers.slice_network import ask_slices, is_tied, joined_answers, load_slice_network, margins

CPU = torch.device("cpu")


def some_pixels(count: int = 3, channels: int = 3, side: int = 64) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, channels, side, side)).astype(np.float32)


def a_network(backbone: str = "resnet18", aggregation: str = "average-pooling") -> slices.SliceNetwork:
    """With random weights, and normalization that has seen something."""
    torch.manual_seed(0)
    network = slices.create(backbone, 2, aggregation)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network


@pytest.mark.parametrize(
    "backbone", ["densenet121", "resnet18", "resnet34", "resnext50_32x4d", "mobilenetv2_100", "tf_mobilenetv2_100"]
)
def test_the_mean_of_the_map_is_the_slice_s_logit_and_the_answer_that_of_the_network(backbone: str) -> None:
    network, pixels = a_network(backbone), some_pixels()
    found = ask_slices(network, pixels, "average-pooling", CPU, pytest.fail)
    with torch.inference_mode():
        each = network(torch.from_numpy(pixels)[:, None]).numpy()
        together = network(torch.from_numpy(pixels)[None])[0].numpy()
    scale = np.abs(each).max()
    np.testing.assert_allclose(found.slice_logits, each, atol=1e-5 * scale)
    np.testing.assert_allclose(found.logits, together, atol=1e-5 * scale)
    np.testing.assert_allclose(found.maps.mean((2, 3)), found.slice_logits, atol=1e-3 * scale)


@pytest.mark.parametrize("aggregation", ["soft-attention", "gated-attention", "self-attention"])
def test_attention_gives_the_answer_of_the_network_and_weights_of_the_slices(aggregation: str) -> None:
    network, pixels = a_network("resnet18", aggregation), some_pixels(5)
    found = ask_slices(network, pixels, aggregation, CPU, pytest.fail)
    with torch.inference_mode():
        logits, weights = network.attend(torch.from_numpy(pixels)[None])
    np.testing.assert_allclose(found.logits, logits[0].numpy(), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.weights, weights[0].numpy(), atol=1e-5)
    assert found.weights.sum() == pytest.approx(1)


def test_places_that_show_the_finding_give_the_answer_of_the_network() -> None:
    network, pixels = a_network("resnet18", "linear-softmax"), some_pixels(5)
    found = ask_slices(network, pixels, "linear-softmax", CPU, pytest.fail)
    with torch.inference_mode():
        logits, weights = network.attend(torch.from_numpy(pixels)[None])
        each = network(torch.from_numpy(pixels)[:, None]).numpy()
    np.testing.assert_allclose(found.logits, logits[0].numpy(), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.slice_logits, each, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.weights, weights[0].numpy(), atol=1e-5)
    shares = special.softmax(found.maps, axis=1)[:, 0]
    places = (shares[:, None] * found.maps).sum((0, 2, 3)) / shares.sum()
    np.testing.assert_allclose(found.logits, places, rtol=1e-3, atol=1e-4)


def test_batches_change_nothing_and_are_told() -> None:
    network, pixels, told = a_network(), some_pixels(9), []
    whole = ask_slices(network, pixels, "mean", CPU, pytest.fail, told.append)
    first = ask_slices(network, pixels[:2], "mean", CPU, pytest.fail)
    np.testing.assert_allclose(whole.slice_logits[:2], first.slice_logits, atol=1e-4)
    assert told == [4, 8, 9]


def test_a_cancel_stops_between_batches() -> None:
    def cancel(done: int) -> None:
        raise CancelledError("The work was canceled.")

    with pytest.raises(CancelledError):
        ask_slices(a_network(), some_pixels(9), "mean", CPU, pytest.fail, cancel)


LOGITS = np.array([[3.0, 0.0], [0.0, 1.0], [0.0, 1.0]])


def test_the_mean_joins_the_logits() -> None:
    np.testing.assert_allclose(joined_answers(LOGITS, "mean"), [1.0, 2 / 3])


def test_the_surest_slice_decides_where_the_maximum_joins() -> None:
    np.testing.assert_allclose(joined_answers(LOGITS, "max"), [3.0, 0.0])


def test_a_vote_counts_slices_and_not_how_sure_they_are() -> None:
    joined = joined_answers(LOGITS, "vote")
    np.testing.assert_allclose(np.exp(joined), [1.5 / 4, 2.5 / 4])
    assert not is_tied(LOGITS)


def test_a_tied_vote_goes_to_the_finding() -> None:
    joined = joined_answers(LOGITS[:2], "vote")
    assert is_tied(LOGITS[:2])
    assert joined[0] > joined[1]


@pytest.mark.parametrize("aggregation", ["vote", "max"])
def test_answers_are_joined_as_the_bundle_says(aggregation: str) -> None:
    found = ask_slices(a_network(), some_pixels(), aggregation, CPU, pytest.fail)
    np.testing.assert_allclose(found.logits, joined_answers(found.slice_logits, aggregation))


def test_the_margin_of_a_place_is_what_it_says_more_than_the_other_label() -> None:
    maps = np.arange(8.0).reshape(1, 2, 2, 2)
    np.testing.assert_array_equal(margins(maps), np.full((1, 2, 2), -4.0))


def test_a_map_of_one_place_is_refused() -> None:
    with pytest.raises(BundleError, match="does not end in average pooling"):
        ask_slices(a_network(), some_pixels(side=32), "mean", CPU, pytest.fail)


def test_a_bundle_that_reads_pictures_is_refused(tmp_path) -> None:
    from dataclasses import replace

    pictures = replace(INPUT, kind="picture", slices=None)
    bundle = write_bundle(tmp_path / "flat", gray_network(), preprocessing=pictures, aggregation="none")
    with pytest.raises(BundleError, match="does not read the slices of a CT"):
        load_slice_network(bundle)


def test_weights_of_another_network_are_refused(tmp_path) -> None:
    bundle = write_bundle(tmp_path / "other", gray_network(), backbone="resnet34")
    with pytest.raises(BundleError, match="do not fit the network 'resnet34'"):
        load_slice_network(bundle)
