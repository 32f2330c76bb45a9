"""Features of the films: of the network as it began, and as the first fold trained it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray

from readingroom.device import channels_last
from readingroom.imaging.preprocessing import normalized
from readingroom.learning.cohorts.cohort import Cohort
from readingroom.learning.evaluation import predictions
from readingroom.learning.training.feature_cache import FrozenNetwork, Source, cached_features
from readingroom.learning.training.frozen import as_stored
from readingroom.learning.training.network import make_network
from readingroom.learning.training.normalization import measured
from readingroom.learning.training.picture_store import PictureStore, read
from readingroom.learning.training.training_tables import TrainingPaths
from readingroom.networks import registry

from .make import NAME, protocol

Floats = NDArray[np.float64]
_CLASSES = 3


def frozen_features(cohort: Cohort, weights: Path, out: Path) -> Floats:
    """(films, features), those that the frozen bundle's head was trained on."""
    bags = cached_features(cohort, _network(weights), Source.of(measured(protocol().input)), out / "features", "cpu", 2)
    return np.concatenate(bags).astype(np.float64)


def tuned_features(cohort: Cohort, weights: Path, out: Path, count: int) -> tuple[Floats, NDArray[np.intp]]:
    """Features of at most ``count`` films in the network of the first fold, which had not seen these children, and
    the films' row numbers."""
    answers = predictions.read(out / f"{NAME}-predictions.csv")
    tested = set(answers.study_ids[answers.folds[0] == 0].tolist())
    rows = np.array([number for number, row in enumerate(cohort.rows) if row.study_id in tested], dtype=np.intp)
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:count])
    paths = TrainingPaths(out, NAME)
    (trained,) = paths.work.glob("*/repeat-0-fold-0/network.safetensors")
    asked = _network(weights)
    asked.network.load_state_dict(safetensors.torch.load_file(trained))
    store, preprocessing = PictureStore(paths.pictures, protocol().input), measured(protocol().input)
    found = []
    for start in range(0, len(rows), 16):
        pictures = [read(store.path(cohort.rows[int(row)])) for row in rows[start : start + 16]]
        inputs = torch.from_numpy(np.stack([normalized(picture, preprocessing) for picture in pictures]))
        found.append(asked.features(channels_last(inputs)).double().numpy())
    return np.concatenate(found), rows


def _network(weights: Path) -> FrozenNetwork:
    """The network as it begins, with kernels as bundles store them."""
    name = protocol().networks[0]
    network = as_stored(make_network(protocol(), _CLASSES, name, weights)).eval()
    return FrozenNetwork(name, network, registry.find(name).head)
