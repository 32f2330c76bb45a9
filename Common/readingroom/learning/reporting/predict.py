"""What a bundle says of every study of a cohort, by the way that its reader reads: same pixels, same network.

A study that cannot be used becomes a sentence and is counted; none is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...bundles.bundle import Bundle
from ...bundles.metadata import ClassifierMetadata
from ...device import Wanted, choose, run_in_batches
from ...errors import BundleError, InputError, ReadingRoomError
from ...explain.forward import forward_from_last_map
from ...imaging.open import open_image
from ...imaging.preprocessing import prepare
from ...imaging.radiograph_loading import load_radiograph
from ...progress import Progress
from ...readers.network import load_network
from ...readers.probabilities import main_finding
from ...trust.radiograph_checks import checks_before
from ..cohorts.cohort import Cohort, Row
from ..cohorts.findings import split_label
from ..cohorts.label_names import is_reference, plain_name
from ..evaluation.predictions import EXTERNAL, Predictions

Floats = NDArray[np.float64]

# On a CPU a picture among sixteen takes more than twice as long as among four: larger batches leave the caches.
_BATCH = {"cpu": 4}
_BATCH_ON_CARD = 32
_CHUNK = 32  # images that are in memory at once
_AGES = ((18, "below 18"), (40, "18 to 39"), (65, "40 to 64"), (200, "65 and older"))
_SUBGROUPS: Mapping[str, Callable[[Row], str]] = {
    "sex": lambda row: row.sex,
    "age": lambda row: age_group(row.age),
    "view": lambda row: row.view,
    "laterality": lambda row: row.laterality,
    "scanner": lambda row: row.scanner,
}


@dataclass(frozen=True, eq=False)
class Predicted:
    """A bundle's answers.

    Parameters
    ----------
    predictions : of the usable rows
    features : (usable rows, features) what the network's last linear layer was given; None where it has none
    rows : (usable rows,) their places in the cohort
    problems : one sentence for each row that could not be used
    refused : one sentence for each row that the reader would refuse; it was predicted all the same
    notes : what happened on the way
    """

    predictions: Predictions
    features: Floats | None
    rows: NDArray[np.intp]
    problems: tuple[str, ...]
    refused: tuple[str, ...]
    notes: tuple[str, ...]


def predict(
    bundle: Bundle,
    cohort: Cohort,
    labels: Mapping[str, str] | None = None,
    device: Wanted = "auto",
    progress: Progress | None = None,
) -> Predicted:
    """Ask the bundle about every study.

    Parameters
    ----------
    labels : the bundle's label for a label of the table, where they differ: ``{"normal": "no-finding"}``

    Raises
    ------
    BundleError : there is no reader that reads such a bundle from a table of files
    InputError : not one row can be used; the sentence says why the first one cannot
    SetupError : the device or a package is missing
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    read = _READERS.get(bundle.metadata.reader)
    if read is None:
        raise BundleError(f"A table of studies cannot be read for the reader '{bundle.metadata.reader}' yet.")
    metadata = bundle.of_kind(ClassifierMetadata)
    notes: list[str] = []
    asked = _Network(bundle, choose(device, notes.append), notes.append)
    found = _Found()
    chunk: list[NDArray[np.float32]] = []
    for number, row in enumerate(cohort.rows):
        progress(number / len(cohort), f"Study {number + 1} of {len(cohort)}.")
        try:
            truth = _truth(row, metadata, labels or {})
            pixels, refusal = read(row, metadata)
        except ReadingRoomError as error:
            found.problems.append(f"{_name(row)}: {error}")
            continue
        found.rows.append(number)
        found.truth.append(truth)
        chunk.append(pixels)
        if refusal:
            found.refused.append(f"{_name(row)}: {refusal}")
        if len(chunk) == _CHUNK:
            found.add(*asked(np.stack(chunk)))
            chunk.clear()
    if chunk:
        found.add(*asked(np.stack(chunk)))
    if not found.rows:
        raise InputError(
            f"Not one study of the table can be used. {' '.join(found.problems[:1] or cohort.problems[:1])}"
        )
    return found.answer(cohort, metadata, notes)


class _Found:
    """What has been gathered so far."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.truth: list[NDArray[np.int64]] = []
        self.problems: list[str] = []
        self.refused: list[str] = []
        self._logits: list[Floats] = []
        self._features: list[Floats] = []

    def add(self, logits: Floats, features: Floats | None) -> None:
        self._logits.append(logits)
        if features is not None:
            self._features.append(features)

    def answer(self, cohort: Cohort, metadata: ClassifierMetadata, notes: Sequence[str]) -> Predicted:
        rows = np.array(self.rows, dtype=np.intp)
        used = cohort.take(rows)
        binary = not metadata.multilabel and len(metadata.labels) == 2
        predictions = Predictions(
            classes=tuple(label.name for label in metadata.labels),
            multilabel=metadata.multilabel,
            study_ids=used.column("study_id"),
            patients=used.patients,
            sites=used.sites,
            truth=np.array(self.truth, dtype=np.int64),
            logits=np.concatenate(self._logits)[None],
            folds=np.full((1, len(rows)), EXTERNAL, dtype=np.int64),
            subgroups=subgroups(used),
            positive=metadata.labels[main_finding(metadata)].name if binary else "",
        )
        features = np.concatenate(self._features) if self._features else None
        return Predicted(predictions, features, rows, tuple(self.problems), tuple(self.refused), tuple(notes))


class _Network:
    """The bundle's network on a device: inputs (n, channels, j, i) in, logits and features out."""

    def __init__(self, bundle: Bundle, device: torch.device, note: Callable[[str], None]):
        self._network = load_network(bundle).to(device)
        self._device, self._note = device, note
        self._batch = _BATCH.get(device.type, _BATCH_ON_CARD)

    def __call__(self, pixels: NDArray[np.float32]) -> tuple[Floats, Floats | None]:
        found = run_in_batches(
            self._ask, torch.from_numpy(pixels), self._batch, self._device, self._note, self._network
        )
        logits, features = found if isinstance(found, tuple) else (found, None)
        return logits.double().numpy(), None if features is None else features.double().numpy()

    def _ask(self, batch: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        forward = forward_from_last_map(self._network, batch)
        return forward.logits if forward.embedding is None else (forward.logits, forward.embedding.flatten(1))


def subgroups(cohort: Cohort) -> dict[str, NDArray[np.str_]]:
    """(rows,) by name, of what the table says of the patients and of how the images were made."""
    found = {name: np.array([value(row) for row in cohort.rows], dtype=np.str_) for name, value in _SUBGROUPS.items()}
    return {name: values for name, values in found.items() if len(np.unique(values)) > 1}


def age_group(age: float | None) -> str:
    """``18 to 39`` and the like; empty where the age is not known."""
    return "" if age is None else next(words for limit, words in _AGES if age < limit)


def _truth(row: Row, metadata: ClassifierMetadata, labels: Mapping[str, str]) -> NDArray[np.int64]:
    """The class number of the row, or for labels that do not exclude each other (labels,) 0 or 1.

    Raises
    ------
    InputError : the row has no label, or one that the bundle does not know
    """
    if row.synthetic:
        raise InputError("It is synthetic; a bundle is evaluated on real studies only.")
    if row.label is None:
        raise InputError("It has no label.")
    if not metadata.multilabel:
        return np.array(_number(labels.get(row.label, row.label), metadata), dtype=np.int64)
    truth = np.zeros(len(metadata.labels), dtype=np.int64)
    for part in split_label(row.label):
        label = labels.get(part, part)
        if not _means_none(label, metadata):
            truth[_number(label, metadata)] = 1
    return truth


def _means_none(label: str, metadata: ClassifierMetadata) -> bool:
    """Whether a label says that there is no finding, and is none of the bundle's own (some have one for it)."""
    name, known = plain_name(label), [known.name for known in metadata.labels]
    return name not in known and is_reference(name, known)


def _number(label: str, metadata: ClassifierMetadata) -> int:
    wanted = plain_name(label)
    for number, known in enumerate(metadata.labels):
        if wanted in (known.name, plain_name(known.title)):
            return number
    names = ", ".join(known.name for known in metadata.labels)
    raise InputError(f"The bundle has no label '{label}'; it has {names}. Say which of them is meant.")


def _radiograph(row: Row, metadata: ClassifierMetadata) -> tuple[NDArray[np.float32], str]:
    """The network's input [channels, j, i], and why the reader would refuse the picture (empty: it would not)."""
    image = open_image(row.image, "frontal").image
    radiograph = load_radiograph(image)
    checks = checks_before(image, radiograph.gray, color_fraction=radiograph.color_fraction)
    refusal = next((check.sentence for check in checks if check.status == "stop"), "")
    return prepare(radiograph.gray, metadata.preprocessing).pixels, refusal


_READERS: Mapping[str, Callable[[Row, ClassifierMetadata], tuple[NDArray[np.float32], str]]] = {
    "chest-xray": _radiograph
}


def _name(row: Row) -> str:
    return f"Study {row.study_id} of patient {row.patient_id}"
