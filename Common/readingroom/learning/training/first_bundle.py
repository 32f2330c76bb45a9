"""Going on with a bundle on another cohort: its weights to begin with, and nobody evaluated who had trained it."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from ...bundles.bundle import Bundle, load
from ...bundles.metadata import ClassifierMetadata, NetworkMetadata, SurvivalMetadata
from ...errors import InputError
from ...formatting import counted
from ..cohorts.cohort import Cohort
from ..cohorts.hashes import Fingerprints
from . import training_digest
from .question import Question


def first_bundle(weights: Path | None) -> Bundle | None:
    """The bundle whose folder is given in place of a file of weights; None where it is none.

    Raises
    ------
    BundleError : it is damaged
    """
    return load(weights) if weights is not None and weights.is_dir() else None


def begin_with(network: nn.Module, name: str, bundle: Bundle) -> None:
    """Give a network, made with the architecture ``name``, all weights of a bundle.

    Raises
    ------
    InputError : the bundle has another network, or another end of it
    """
    metadata = bundle.metadata
    backbone = getattr(metadata, "backbone", "no network")
    if backbone != name:
        raise InputError(f"The bundle '{metadata.name}' has the network '{backbone}', and '{name}' is to be trained.")
    try:
        network.load_state_dict(bundle.weights())
    except RuntimeError as error:
        raise InputError(
            f"The bundle '{metadata.name}' cannot be gone on with: its aggregation{_end_of(metadata)} or its labels "
            "are not those of this training; take the protocol and the variants that it was trained with."
        ) from error


def refuse_other_labels(bundle: Bundle, question: Question) -> None:
    """See that the table asks what the bundle answers.

    Raises
    ------
    InputError : it asks something else
    """
    metadata = bundle.metadata
    labels = [label.name for label in metadata.labels] if isinstance(metadata, NetworkMetadata) else []
    if labels != (asked := [label.name for label in question.labels]):
        raise InputError(
            f"The bundle '{metadata.name}' tells {', '.join(labels) or 'something else'}, and the table asks for "
            f"{', '.join(asked)}: a bundle is gone on with on the same question."
        )


def refuse_known(bundle: Bundle, cohort: Cohort, found: Fingerprints) -> None:
    """See that nobody of the cohort trained the bundle: evaluated on them the numbers would be too good.

    Raises
    ------
    InputError : somebody did
    """
    digest = training_digest.read_digest(bundle)
    if digest is None:
        return
    known = digest.patients_among(cohort.patients) | digest.pictures_among(found.pixel_hashes)
    if known.any():
        row = cohort.rows[int(known.argmax())]
        raise InputError(
            f"{counted(int(known.sum()), 'study', 'studies')} of the table trained the bundle "
            f"'{bundle.metadata.name}', the first is '{row.study_id}' of patient '{row.patient_id}': leave them out, "
            "or change the identifiers where these alone are alike."
        )


def told_of(bundle: Bundle) -> str:
    """A sentence for the card."""
    metadata = bundle.metadata
    assert isinstance(metadata, ClassifierMetadata | SurvivalMetadata)
    sources = f" ({'; '.join(metadata.training.sources)})" if metadata.training.sources else ""
    return (
        f"Every network began as the bundle '{metadata.name}', version {metadata.version}, which had learned from "
        f"{counted(metadata.training.patients, 'patient')}{sources}; none of them is in this table, as far as "
        "its digest tells."
    )


def _end_of(metadata: object) -> str:
    return f", its head '{metadata.head}'" if isinstance(metadata, SurvivalMetadata) else ""
