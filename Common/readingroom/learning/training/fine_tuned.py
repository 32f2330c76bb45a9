"""Networks that are trained whole or in part, by the loop: one for each split."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray
from torch import nn

from ...device import Wanted, choose, run_in_batches
from ...errors import InputError
from ...files import write_bytes
from ...imaging.preprocessing import normalized
from ...networks import registry
from ...networks.linear_softmax import LinearSoftmax
from ...networks.slices import SliceNetwork
from ...progress import Progress
from ...trust.distance import held_out_distances
from ..cohorts.cohort import Cohort
from ..cohorts.label_set import LabelSet
from ..cohorts.splits import Rows, Split
from ..cohorts.time_to_event import TimeToEvent, times_of
from ..protocols.training_protocol import JOINS_ANSWERS, TrainingProtocol
from . import losses
from .feature_cache import FrozenNetwork
from .fold_trainer import FinalModel, Floats, FoldFeatures, FoldResult
from .frozen import seeded_network
from .heads import head_of
from .heads.survival_head import SurvivalHead
from .loop.fit import Fitted, fit
from .picture_store import PictureStore, UnusableStudiesError, read
from .question import Question
from .views import Views, views_of

_INPUTS_AT_ONCE = 4
_DONE, _FEATURES = "answers.safetensors", "features.safetensors"


@dataclass(frozen=True, eq=False)
class FineTuned:
    """Trains with the protocol's loop.

    Parameters
    ----------
    name, weights : as `network.make_network`
    pictures : folder of prepared pictures, which all splits share
    hashes : pixel hash of each row (empty: not known)
    devices, nodes : processes that share each batch, see `loop.fit.fit`
    """

    cohort: Cohort
    question: Question
    protocol: TrainingProtocol
    name: str
    weights: Path | None
    pictures: Path
    hashes: Sequence[str]
    device: Wanted = "auto"
    devices: int = 1
    nodes: int = 1

    def __post_init__(self) -> None:
        wanted = self.protocol
        if isinstance(self.question, TimeToEvent):
            head_of(wanted)  # refuses what it cannot read
            if wanted.mixup:
                raise InputError("Times with events cannot be mixed: set the protocol's mixup to 0.")
            if wanted.loss != wanted.head:
                raise InputError(
                    f"The loss '{wanted.loss}' does not train the head '{wanted.head}'; give both one name."
                )
        elif wanted.head != "linear":
            raise InputError(f"The head '{wanted.head}' is trained on frozen features; choose the mode 'frozen'.")
        if wanted.input.kind == "slices" and wanted.aggregation in JOINS_ANSWERS:
            raise InputError(
                f"A bundle is one network, and '{wanted.aggregation}' joins the answers of several: choose an "
                "aggregation of features such as 'average-pooling' or 'gated-attention', or the mode 'frozen'."
            )
        if isinstance(self.question, LabelSet) and self.question.multilabel != (wanted.loss == "binary"):
            raise InputError(
                f"The loss '{wanted.loss}' does not fit the table: findings that may hold together (a|b) are trained "
                "with 'binary' (of chest radiographs --variant chestxray8), classes of which each study has one with "
                "'cross-entropy'."
            )

    def train_fold(self, split: Split, seed: int, folder: Path, progress: Progress) -> FoldResult:
        network, fitted = self._trained(split, seed, folder, progress.part(0.0, 0.9))
        done, explained = folder / _DONE, self.protocol.explained is not None
        if not done.is_file() or (explained and not (folder / _FEATURES).is_file()):
            progress(0.9, f"Predicting the test rows, {split.name}.")
            learned, answers = self._predict(network, fitted, split.train)
            self._complete(network, answers, split.train)
            tested, logits = self._predict(network, fitted, split.test)
            distances = held_out_distances(learned[self._real(split.train)], tested)
            logits = self._views.joined(logits, split.test)
            if explained:
                write_bytes(folder / _FEATURES, safetensors.numpy.save({"learned": learned, "tested": tested}))
            write_bytes(done, safetensors.numpy.save({"logits": logits, "distances": distances}))
        kept = safetensors.numpy.load_file(done)
        features = None
        if explained:
            features = FoldFeatures(split.train, **safetensors.numpy.load_file(folder / _FEATURES))
        return FoldResult(kept["logits"], kept["distances"], fitted.history, fitted.notes, features)

    def train_final(self, split: Split, seed: int, folder: Path, progress: Progress) -> FinalModel:
        network, fitted = self._trained(split, seed, folder, progress.part(0.0, 0.9))
        progress(0.9, "Computing the features of the final model.")
        rows = np.sort(np.concatenate([split.train, split.validation]))
        embeddings, answers = self._predict(network, fitted, rows)
        trained = np.isin(rows, split.train)
        self._complete(network, answers[np.isin(self._views.row_of[self._views.of(rows)], split.train)], rows[trained])
        self._reorder(network, self._order)
        settings = {"mode": "fine-tune", "best_epoch": fitted.best_epoch + 1, "aggregation": self.protocol.aggregation}
        embeddings = embeddings[self._real(rows)]
        return FinalModel(network.eval(), embeddings, fitted.preprocessing, fitted.history, settings)

    def _real(self, rows: Rows) -> NDArray[np.bool_]:
        """(pictures,) of these rows, which of them nobody made: how far patients lie is asked of patients."""
        return ~self._views.cohort.synthetic[self._views.of(rows)]

    def _trained(self, split: Split, seed: int, folder: Path, progress: Progress) -> tuple[nn.Module, Fitted]:
        protocol = replace(self.protocol, seed=seed)
        network = seeded_network(protocol, len(self.question.values), self.name, self.weights, seed)
        if self.weights is not None and self.weights.is_dir():  # a bundle's outputs have the order of its question
            self._reorder(network, np.argsort(self._order).tolist())
        for pooling in _poolings(network):
            pooling.finding = self._order[0]
        fitted = fit(
            network,
            self._views.cohort,
            self._views.split(split),
            protocol,
            folder,
            self.device,
            self.devices,
            self.nodes,
            progress,
            pictures=self.pictures,
            hashes=self._views.spread(self.hashes),
        )
        network.load_state_dict(fitted.state_dict)
        return network.eval(), fitted

    def _predict(self, network: nn.Module, fitted: Fitted, rows: Rows) -> tuple[Floats, Floats]:
        """(pictures, features) embeddings, (pictures, classes) logits in the question's order."""
        head = head_name(network, self.name)
        asked = FrozenNetwork(self.name, network, head)
        layer = network.get_submodule(head).cpu()
        store = PictureStore(self.pictures, self.protocol.input)
        device = choose(self.device)
        features, embeddings = [], []
        for number in self._views.of(rows):
            gray = read(store.path(self._views.cohort.rows[int(number)]))
            inputs = torch.from_numpy(normalized(gray, fitted.preprocessing))[None]
            found = run_in_batches(asked.features_and_embeddings, inputs, _INPUTS_AT_ONCE, device, _ignore, network)
            features.append(found[0])
            embeddings.append(found[1])
        network.cpu()
        with torch.inference_mode():
            logits = layer(torch.cat(features))[:, self._order]
        return torch.cat(embeddings).double().numpy(), logits.double().numpy()

    def _complete(self, network: nn.Module, logits: Floats, rows: Rows) -> None:
        """What a head of times still lacks after training, from its answers (rows, outputs) for training rows."""
        head = head_of(self.protocol)
        if isinstance(head, SurvivalHead):
            times, events = times_of(self.cohort)
            head.complete(network.get_submodule(head_name(network, self.name)), logits, times[rows], events[rows])

    @functools.cached_property
    def _views(self) -> Views:
        """What the network is given."""
        return views_of(self.cohort, self.protocol, self.question)

    @property
    def _order(self) -> list[int]:
        """For each class of the question, which output of the trained network it is."""
        trained = losses.outputs(self.protocol, self.cohort)
        return [trained.index(value) for value in self.question.values]

    def _reorder(self, network: nn.Module, order: list[int]) -> None:
        """Give the outputs another order, `_order` that of the question."""
        if order == list(range(len(order))):
            return
        layer = network.get_submodule(head_name(network, self.name))
        assert isinstance(layer, nn.Linear)
        with torch.no_grad():
            layer.weight.copy_(layer.weight[order].clone())
            layer.bias.copy_(layer.bias[order].clone())
        for pooling in _poolings(network):
            pooling.finding = 0


def prepare_fine_tuned(
    cohort: Cohort,
    question: Question,
    protocol: TrainingProtocol,
    name: str,
    weights: Path | None,
    pictures: Path,
    hashes: Sequence[str],
    device: Wanted = "auto",
    devices: int = 1,
    nodes: int = 1,
    progress: Progress | None = None,
) -> FineTuned:
    """See that what is asked for fits, and prepare the pictures of every study once.

    Raises
    ------
    UnusableStudiesError : studies that cannot be prepared; the others are kept
    InputError : the protocol does not fit the mode or the table
    """
    made = FineTuned(cohort, question, protocol, name, weights, pictures, hashes, device, devices, nodes)
    store, views = PictureStore(pictures, protocol.input), views_of(cohort, protocol, question)
    try:
        store.fill(views.cohort, np.arange(len(views.cohort)), progress or Progress(), os.cpu_count() or 1)
    except UnusableStudiesError as error:
        raise UnusableStudiesError(views.rows(error.problems)) from error
    return made


def head_name(network: nn.Module, name: str) -> str:
    """Dotted name of the last linear layer of a network that was made with the architecture ``name``."""
    return "classifier" if isinstance(network, SliceNetwork) else registry.find(name).head


def _poolings(network: nn.Module) -> list[LinearSoftmax]:
    """Its parts that have to know which output is the finding."""
    return [part for part in network.modules() if isinstance(part, LinearSoftmax)]


def _ignore(sentence: str) -> None:
    """The loop has already said when the memory did not suffice."""
