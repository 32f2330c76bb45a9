"""Makes the bundle ``cxr-pneumonia-children``: trained by the product's own command, compared, described.

    python -m experiments.pneumonia_children --data DATA --weights FILE.safetensors --out FOLDER --ship SHIPPED

What is finished lies in the folder, so that a run that was stopped goes on there.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from readingroom.bundles import write
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import ClassifierMetadata
from readingroom.files import make_folder
from readingroom.learning.cohorts.cohort import Cohort
from readingroom.learning.evaluation import predictions
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.learning.protocols.training_protocol import TrainingProtocol, load_protocol
from readingroom.learning.training.description import FEATURES
from readingroom.learning.training.train import train_bundle
from readingroom.learning.training.training_digest import FILE
from readingroom.learning.training.training_run import BundleDescription
from readingroom.progress import Progress

from .. import public_cohorts
from . import card
from .comparison import average

NAME = "cxr-pneumonia-children"
VERSION = "1.0.0"
CHANGELOG = {"1.0.0": "The first one."}
VARIANT = "processor"
EXAMPLE_FILE = "images_224/bacteria/person1170_bacteria_3117.jpg"  # of the package; no training film
EXAMPLE_PATIENT = "person1170_bacteria"
FROZEN = f"{NAME}-frozen"


def films(data: Path) -> Cohort:
    """The films of ``cxr_kermany`` without the example's."""
    cohort = public_cohorts.childrens_pneumonia(data)
    return cohort.take(cohort.patients != EXAMPLE_PATIENT)


def protocol() -> TrainingProtocol:
    """What ``--variant processor`` asks for."""
    return load_protocol("chest-xray").with_variants(VARIANT)


def train_both(data: Path, weights: Path, out: Path, progress: Progress) -> Bundle:
    """The fine-tuned bundle, and beside it one with a head on frozen features of the same network and folds."""
    cohort = films(data)
    about = BundleDescription(
        title=card.TITLE, sources=(card.SOURCE,), license=card.LICENSE, intended_use=card.INTENDED_USE, ages=card.AGES
    )
    train_bundle(cohort, protocol(), out, FROZEN, weights=weights, mode="frozen", device="cpu",
                 progress=progress.part(0.0, 0.1), description=about)  # fmt: skip
    return train_bundle(cohort, protocol(), out, NAME, weights=weights, device="cpu",
                        progress=progress.part(0.1, 1.0), description=about)  # fmt: skip


def out_of_fold(out: Path) -> dict[str, Predictions]:
    """What each model said of films whose children had no part in its training."""
    tuned, frozen = (predictions.read(out / f"{name}-predictions.csv") for name in (NAME, FROZEN))
    return {card.TUNED: tuned, card.FROZEN: frozen, card.AVERAGE: average([tuned, frozen])}


def describe(trained: Bundle, models: dict[str, Predictions], cohort: Cohort, out: Path) -> Bundle:
    """Write the trained bundle again as ``out / NAME`` with what only people know of it, and its comparison, beside
    the table of its answers."""
    ships = models[card.TUNED]
    make_folder(out)
    replace(ships, logits=ships.logits.round(3)).write(out / f"{NAME}-out-of-fold.csv")
    described = replace(
        trained.of_kind(ClassifierMetadata),
        version=VERSION,
        warnings=card.warnings_of(trained),
        citation=card.CITATION,
        authors=card.AUTHORS,
    )
    return write.write(
        out / NAME,
        described,
        trained.arrays("model"),
        card=card.card(trained, models, cohort),
        license_text=(Path(__file__).parents[2] / "LICENSE").read_text("utf-8"),
        arrays={name: trained.arrays(name) for name in (FEATURES, FILE)},
        changelog=CHANGELOG,
    )
