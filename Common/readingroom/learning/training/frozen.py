"""Heads on the kept features of a frozen network: each fold takes seconds."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from torch import nn

from ...bundles.preprocessing import Preprocessing
from ...device import Wanted
from ...errors import InputError
from ...files import make_folder, write_bytes
from ...networks import backbones, linear_softmax, registry, slices, volumes
from ...networks.places import PlacesNetwork
from ...progress import Progress
from ...trust.distance import held_out_distances
from ..cohorts.cohort import Cohort
from ..cohorts.label_set import LabelSet
from ..cohorts.splits import Split
from ..protocols.training_protocol import TrainingProtocol
from .feature_cache import Bag, FrozenNetwork, Source, cached_features
from .fold_trainer import FinalModel, Floats, FoldFeatures, FoldResult
from .heads import head_of
from .heads.head import Choice, Head, Outcomes, Rows, State
from .network import make_network
from .normalization import measured
from .picture_store import UnusableStudiesError
from .question import Question
from .views import Views, views_of

_DONE = "head.safetensors"


@dataclass(frozen=True, eq=False)
class Frozen:
    """Made by `prepare_frozen`.

    Parameters
    ----------
    name : of the network
    backbone : the whole network as it began, with kernels rounded as the bundle will store them
    views : what the network is given
    features : of each row of ``views``
    choice : what the heads of all folds and the final one share, see `heads.head.Head.choose`
    notes : what is done otherwise than the protocol says
    """

    protocol: TrainingProtocol
    question: Question
    name: str
    backbone: nn.Module
    preprocessing: Preprocessing
    head: Head
    views: Views
    features: tuple[Bag, ...]
    outcomes: Outcomes
    choice: Choice
    notes: tuple[str, ...]

    def train_fold(self, split: Split, seed: int, folder: Path, progress: Progress) -> FoldResult:
        progress(0.0, f"Training the head, {split.name}.")
        learned, tested = self.views.of(learned_rows(split)), self.views.of(split.test)
        state = self._fitted(learned, seed, folder)
        distances = held_out_distances(self._embeddings(learned), self._embeddings(tested))
        logits = self.views.joined(self.head.logits(state, self.features, tested), split.test)
        features = None
        if self.protocol.explained is not None:
            rows = learned_rows(split)
            features = FoldFeatures(rows, self._means(self.views.of(rows)), self._means(tested))
        return FoldResult(logits, distances, (), self.notes, features)

    def train_final(self, split: Split, seed: int, folder: Path, progress: Progress) -> FinalModel:
        progress(0.0, "Training the final head.")
        learned = self.views.of(learned_rows(split))
        state = self._fitted(learned, seed, folder)
        joined = "none" if self.protocol.input.kind == "volume" else self.views.how or self.head.aggregation
        settings = {"mode": "frozen", "head": self.protocol.head, "aggregation": joined}
        settings[self.head.chooses] = ", ".join(f"{value:g}" for value in self.choice)
        return FinalModel(self._network(state), self._embeddings(learned), self.preprocessing, (), settings)

    def _fitted(self, rows: Rows, seed: int, folder: Path) -> State:
        """The head of these rows, from the folder or trained and put there."""
        path = make_folder(folder) / _DONE
        outcomes = self.outcomes.among(rows)
        key = self._key(rows, outcomes, seed)
        if path.is_file():
            with safetensors.safe_open(path, "np") as kept:
                if kept.metadata() == {"of": key}:
                    return {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118  # no mapping
        state = self.head.fit(self.features, outcomes, rows, self.choice, seed)
        write_bytes(path, safetensors.numpy.save(dict(state), {"of": key}))
        return state

    def _key(self, rows: Rows, outcomes: Outcomes, seed: int) -> str:
        """What a head was trained on, and how."""
        found = hashlib.sha256(repr((self.head, self.choice, seed, self.question.values)).encode())
        for row in rows:
            found.update(self.features[row].tobytes())
            found.update(outcomes.said_of(row).encode())
        return found.hexdigest()

    def _embeddings(self, rows: Rows) -> Floats:
        """(real rows, features) the means over the slices: how far patients lie is asked of patients."""
        return self._means(rows[~self.views.cohort.synthetic[rows]])

    def _means(self, rows: Rows) -> Floats:
        return np.stack([self.features[row].mean(axis=0, dtype=np.float64) for row in rows])

    def _network(self, state: State) -> nn.Module:
        """The frozen network with the head in its place."""
        outputs, wanted = len(self.question.values), self.protocol.input
        architecture = registry.find(self.name)
        classifier = functools.partial(self.head.classifier, outputs=outputs)
        body = {n: v for n, v in self.backbone.state_dict().items() if not n.startswith(f"{architecture.head}.")}
        if wanted.kind == "slices":
            stack = slices.create(
                self.name, outputs, self.head.aggregation, channels=wanted.channels, classifier=classifier
            )
            stack.backbone.load_state_dict(body)
            self.head.place(state, stack.classifier, stack.aggregation)
            return stack.eval()
        if wanted.kind == "volume":
            network = volumes.create(self.name, outputs, channels=wanted.channels, classifier=classifier)
        else:
            network = backbones.create(self.name, outputs, channels=wanted.channels)
        network.load_state_dict(body, strict=False)  # all but the head
        self.head.place(state, network.get_submodule(architecture.head))
        return network.eval()


def prepare_frozen(
    cohort: Cohort,
    question: Question,
    protocol: TrainingProtocol,
    name: str,
    weights: Path | None,
    features: Path,
    rows: Rows,
    device: Wanted = "auto",
    workers: int = 2,
    progress: Progress | None = None,
) -> Frozen:
    """Make the network and pass every study through it once.

    Parameters
    ----------
    name, weights : as `network.make_network`
    features : folder where they are kept, which several runs may share
    rows : those that the final model learns from; they choose what the heads of all folds and the final one share

    Raises
    ------
    UnusableStudiesError : studies that cannot be read; the features of the others are kept
    InputError : a head that does not fit the input
    SetupError, BundleError, DownloadError : the network or its weights cannot be had
    """
    wanted, head = protocol.input, head_of(protocol)
    if head.chooses == "epochs" and isinstance(question, LabelSet) and question.multilabel:
        raise InputError(
            "Attention over slices is trained on classes of which each study has one; for findings that may hold "
            "together choose the mode 'fine-tune', or the head 'linear' with another aggregation."
        )
    if wanted.normalize == "training":
        # The same features serve every fold, so no fold's rows may shape them.
        wanted = replace(wanted, normalize="imagenet")
    preprocessing = measured(wanted)
    plain = replace(protocol, aggregation="mean" if wanted.kind == "slices" else "none", input=wanted)
    backbone = as_stored(seeded_network(plain, len(question.values), name, weights, protocol.seed))
    if isinstance(backbone, PlacesNetwork):
        raise InputError(
            f"The network '{name}' weighs places by its own last layer, which the mode 'frozen' would replace: choose "
            "the mode 'fine-tune'."
        )
    network = FrozenNetwork(name, backbone, registry.find(name).head)
    views = views_of(cohort, protocol, question)
    try:
        bags = cached_features(views.cohort, network, Source.of(preprocessing), features, device, workers, progress)
    except UnusableStudiesError as error:
        raise UnusableStudiesError(views.rows(error.problems)) from error
    outcomes = Outcomes.of(views.cohort, question, protocol.balance != "none")
    learned = views.of(rows)
    choice = head.choose(bags, outcomes.among(learned), learned, protocol.seed)
    notes = _notes(protocol, wanted)
    return Frozen(protocol, question, name, backbone, preprocessing, head, views, bags, outcomes, choice, notes)


def seeded_network(protocol: TrainingProtocol, outputs: int, name: str, weights: Path | None, seed: int) -> nn.Module:
    """`network.make_network` with random values that follow from the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make_network(protocol, outputs, name, weights)


def _notes(protocol: TrainingProtocol, wanted: Preprocessing) -> tuple[str, ...]:
    found = []
    if protocol.trained != "head":
        found.append("The network stayed as it began, and a head was trained on its features.")
    if wanted.normalize != protocol.input.normalize:
        found.append("Pixels were normalized as ImageNet's, since the same features serve every fold.")
    if wanted.kind == "slices" and protocol.aggregation in ("vote", "max"):
        found.append(
            f"The features of the slices were averaged, where the protocol joins answers by '{protocol.aggregation}': "
            "a bundle is one network."
        )
    if protocol.aggregation == linear_softmax.NAME:
        found.append(
            f"The features of the slices were averaged, where the protocol pools places by '{protocol.aggregation}': a "
            "head sees slices."
        )
    return tuple(found)


def as_stored(network: nn.Module) -> nn.Module:
    """Kernels in half precision and back, as bundles store them: the features are then those of the bundle."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                parameter.copy_(parameter.half().float())
    return network


def learned_rows(split: Split) -> Rows:
    """Heads need no rows that choose an epoch, so both parts train."""
    return np.sort(np.concatenate([split.train, split.validation]))
