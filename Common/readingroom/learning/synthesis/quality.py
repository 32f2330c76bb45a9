"""What made pictures are worth by themselves: how far they are from real ones, and whether they are copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ...bundles import store
from ...bundles.metadata import ClassifierMetadata
from ...device import Wanted, choose, run_in_batches
from ...imaging.preprocessing import normalized, resized
from ...metrics.sample_distances import closer_than, frechet_distance, kernel_distance, nearest
from ...networks import registry
from ...progress import Progress
from ...readers.network import load_network
from ...reading import Estimate
from ..training.feature_cache import FrozenNetwork
from .learning_loop import Pictures

Floats = NDArray[np.float64]

EXTRACTOR = "cxr-nih-pneumonia"  # the network that comes with ReadingRoom, so that the numbers need no download
_AT_ONCE = 8
_FEWEST = 2  # patients of a sample


@dataclass(frozen=True)
class Sides:
    """How many pictures, and of how many patients."""

    pictures: int
    patients: int


@dataclass(frozen=True)
class Quality:
    """Of one generator. Real held-out pictures say what each number would be of new pictures that nobody made.

    Parameters
    ----------
    features : what the distances are measured in
    made : how many pictures
    learned, held_out : real ones with the finding that the generator learned from, and that it did not
    frechet : between made pictures and those it learned from; biased upward where there are few
    frechet_of_real : between held-out ones and those it learned from
    kernel, kernel_of_real : the same without bias, with intervals
    closer : chance that a made picture is closer to what was learned than a held-out real one, by features
    closer_by_pixels : the same by gray levels
    """

    features: str
    made: int
    learned: Sides
    held_out: Sides
    frechet: float
    frechet_of_real: float | None
    kernel: Estimate | None
    kernel_of_real: Estimate | None
    closer: Estimate | None
    closer_by_pixels: Estimate | None


class FeatureExtractor:
    """Features of gray levels by the network of the bundle that ships."""

    def __init__(self, device: Wanted = "auto"):
        bundle = store.find(EXTRACTOR)
        metadata = bundle.of_kind(ClassifierMetadata)
        architecture = registry.find(metadata.backbone)
        self._preprocessing = metadata.preprocessing
        self._network = FrozenNetwork(metadata.backbone, load_network(bundle), architecture.head)
        self._device = choose(device)
        self.title = (
            f"{architecture.title} of the bundle {metadata.name} {metadata.version}, which began with ImageNet's "
            "weights and learned from chest radiographs"
        )

    def __call__(self, pictures: Pictures, progress: Progress | None = None) -> Floats:
        """(n, features) of (n, rows, columns), stretched to the network's input."""
        size = (self._preprocessing.size[0], self._preprocessing.size[1])
        found = []
        for first in range(0, len(pictures), _AT_ONCE):
            if progress is not None:
                progress(first / len(pictures), "Computing features of the real pictures.")
            part = [normalized(resized(gray, size), self._preprocessing) for gray in pictures[first : first + _AT_ONCE]]
            inputs = torch.from_numpy(np.stack(part))
            network = self._network.network.to(self._device)
            found.append(run_in_batches(self._network.features, inputs, _AT_ONCE, self._device, _ignore, network))
        features: Floats = torch.cat(found).double().numpy()
        return features


@dataclass(frozen=True, eq=False)
class Sample:
    """Real pictures (n, rows, columns) of a finding, their features (n, features), and whose they are."""

    pictures: Pictures
    features: Floats
    patients: NDArray[np.str_]

    def take(self, which: NDArray[np.bool_]) -> Sample:
        return Sample(self.pictures[which], self.features[which], self.patients[which])

    @property
    def sides(self) -> Sides:
        return Sides(len(self.pictures), len(np.unique(self.patients)))


def quality_of(made: Pictures, extractor: FeatureExtractor, learned: Sample, held_out: Sample, seed: int) -> Quality:
    """Compare made pictures (n, rows, columns) with those that were learned from, and with held-out ones."""
    own = extractor(made)
    there = held_out.sides.patients >= _FEWEST
    comparable = learned.sides.patients >= _FEWEST and len(made) >= _FEWEST

    def closer(own_ones: Floats, learned_ones: Floats, new_ones: Floats) -> Estimate | None:
        if not there:
            return None
        distances = nearest(own_ones, learned_ones)[0], nearest(new_ones, learned_ones)[0]
        return closer_than(*distances, held_out.patients, seed=seed)

    def kernel(features: Floats, patients: NDArray[np.str_] | None) -> Estimate | None:
        return (
            kernel_distance(features, learned.features, patients, learned.patients, seed=seed) if comparable else None
        )

    return Quality(
        features=extractor.title,
        made=len(made),
        learned=learned.sides,
        held_out=held_out.sides,
        frechet=frechet_distance(own, learned.features),
        frechet_of_real=frechet_distance(held_out.features, learned.features) if there else None,
        kernel=kernel(own, None),
        kernel_of_real=kernel(held_out.features, held_out.patients) if there else None,
        closer=closer(own, learned.features, held_out.features),
        closer_by_pixels=closer(*(_flat(each) for each in (made, learned.pictures, held_out.pictures))),
    )


def _flat(pictures: Pictures) -> Floats:
    return pictures.reshape(len(pictures), -1).astype(np.float64)


def _ignore(sentence: str) -> None:
    """Less memory than wished for changes no number."""
