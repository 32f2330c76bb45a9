"""A classifier that reads a volume as one: logits, features and the map of each, exact in one pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from liver_hcc_cases import INPUT, gray_network, metadata, write_bundle
from readingroom.errors import BundleError, EngineError
from readingroom.networks import volumes
from readingroom.readers.volume_network import ask_volume, load_volume_network

CPU = torch.device("cpu")


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(1, 64, 64, 32)).astype(np.float32)


def ask(network: nn.Module, explainable: bool = True, notes: list[str] | None = None, device: torch.device = CPU):
    return ask_volume(network, noise(), metadata("any"), device, (notes or []).append, explainable)


class AfterPooling(nn.Module):
    """Something that is not linear lies between pooling and answer."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv3d(1, 6, 4, 4)
        self.features, self.answers = nn.Linear(6, 5), nn.Linear(5, 2)

    def forward(self, volumes: torch.Tensor) -> torch.Tensor:
        return self.answers(self.features(self.maps(volumes).mean((2, 3, 4))).tanh())


@pytest.mark.parametrize(("name", "features"), [("monai_resnet50", 128), ("densenet121_3d", 1024)])
def test_logits_and_features_are_the_means_of_their_maps(name, features) -> None:
    torch.manual_seed(1)
    network = volumes.create(name, 2, channels=1)
    found = ask(network)
    with torch.inference_mode():
        expected = network(torch.from_numpy(noise()[None]))[0]
    assert found.method == "cam"
    assert found.maps.shape[0] == 2
    assert found.feature_maps.shape == (features, *found.maps.shape[1:])
    np.testing.assert_allclose(found.logits, expected, rtol=1e-5)
    np.testing.assert_allclose(found.maps.mean((1, 2, 3)), found.logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.feature_maps.mean((1, 2, 3)), found.embedding, rtol=1e-3, atol=1e-5)


def test_a_network_with_more_after_pooling_is_mapped_by_grad_cam() -> None:
    torch.manual_seed(2)
    found = ask(AfterPooling())
    assert (found.method, found.feature_maps) == ("grad-cam", None)
    assert found.maps.shape == (2, 16, 16, 8)
    assert found.maps.min() >= 0
    assert found.embedding.shape == (5,)


def test_without_maps_the_answer_is_the_same() -> None:
    plain, mapped = ask(gray_network(), explainable=False), ask(gray_network())
    assert plain.maps is plain.feature_maps is None
    np.testing.assert_array_equal(plain.logits, mapped.logits)
    np.testing.assert_array_equal(plain.embedding, mapped.embedding)


def test_too_little_memory_ends_in_a_sentence() -> None:
    class Greedy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.answers = nn.Linear(1, 2)

        def forward(self, volumes: torch.Tensor) -> torch.Tensor:
            raise MemoryError

    with pytest.raises(EngineError, match="memory is not enough"):
        ask(Greedy())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a graphics card")
def test_the_graphics_card_says_what_the_processor_says() -> None:
    torch.manual_seed(1)
    network = volumes.create("monai_resnet50", 2)
    here = ask(network)
    there = ask(network.to("cuda"), device=torch.device("cuda"))
    np.testing.assert_allclose(there.logits, here.logits, rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(there.maps, here.maps, rtol=1e-2, atol=1e-2)


def test_a_bundle_of_slices_is_refused(tmp_path) -> None:
    from dataclasses import replace

    slices = replace(INPUT, kind="slices", size=(64, 64), slices=5)
    bundle = write_bundle(tmp_path / "slices", gray_network(), preprocessing=slices)
    with pytest.raises(BundleError, match="does not read volumes"):
        load_volume_network(bundle)


def test_weights_of_another_network_are_refused(tmp_path) -> None:
    bundle = write_bundle(tmp_path / "other", gray_network(), backbone="densenet121_3d")
    with pytest.raises(BundleError, match="do not fit the network 'densenet121_3d'"):
        load_volume_network(bundle)
