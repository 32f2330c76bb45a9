"""Which networks are tried on which public cohort, and at what size: each fits a processor of two cores."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.learning.cohorts.cohort import Cohort
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.protocols.training_protocol import Augment, Change, TrainingProtocol, load_protocol

from .. import public_cohorts

Start = Literal["scratch", "imagenet"]

IMAGENET = Path("weights") / "mobilenet_v2_1.0_224_imagenet.npz"  # the one network whose weights come with the data


@dataclass(frozen=True)
class Question:
    """Something asked of a public cohort.

    Parameters
    ----------
    title : for people
    reader : whose protocol trains and evaluates
    cohort : the rows that can answer it
    finding : of two labels the one that is asked for
    warning : what a reader of the number has to know
    """

    title: str
    reader: str
    cohort: Callable[[Path], Cohort]
    finding: str = ""
    warning: str = ""


@dataclass(frozen=True)
class Experiment:
    """A network and a question.

    Parameters
    ----------
    name : of its folder
    start : from random values, every layer learns; or from ImageNet's weights, and a linear layer learns on frozen
        features (``trained`` of the protocol)
    size : rows and columns of the input
    epochs : at most; a head has none
    """

    name: str
    question: Question
    network: str
    start: Start
    size: int = 64
    epochs: int = 8
    folds: int = 3

    def cohort(self, data: Path) -> Cohort:
        """The rows that can answer the question, with the finding that it asks for."""
        found = self.question.cohort(data)
        return stating(found, positive=[self.question.finding] if self.question.finding else [])

    @property
    def protocol(self) -> TrainingProtocol:
        """The rigorous protocol of the reader at this experiment's size."""
        base = load_protocol(self.question.reader, "rigorous")
        scratch = self.start == "scratch"
        return dataclasses.replace(
            base,
            networks=(self.network,),
            weights="none" if scratch else "imagenet",
            trained="all" if scratch else "head",
            head="linear",
            head_settings={},
            input=Preprocessing(
                "picture",
                (self.size, self.size),
                base.input.channels,
                base.input.preset,
                "training" if scratch else "imagenet",
            ),
            aggregation="none",
            augment=Augment((Change("rotate", amount=5), Change("scale", amount=0.05), Change("shift", amount=0.02))),
            optimizer=dataclasses.replace(base.optimizer, name="adamw", rate=1e-3, decay=0.01),
            epochs=self.epochs,
            patience=None,
            batch=16,
            accumulate=1,
            averaging=0.9,
            validation=dataclasses.replace(base.validation, kind="k-fold", folds=self.folds, repeats=1),
            assumptions={},
            variants={},
        )


def _labeled(cohort: Cohort, *labels: str) -> Cohort:
    return cohort.take([number for number, row in enumerate(cohort.rows) if row.label in labels])


def _three_classes(data: Path) -> Cohort:
    return public_cohorts.chest_radiographs(data)


def _covid_within_cohen(data: Path) -> Cohort:
    cohort = public_cohorts.chest_radiographs(data)
    return _labeled(cohort.take(cohort.sites == "cohen"), "covid", "pneumonia")


def _nih_matched(data: Path) -> Cohort:
    cohort = public_cohorts.nih_pneumonia(data)
    return cohort.take(cohort.column("in_range") == "1")


def _malignant(data: Path) -> Cohort:
    return _labeled(public_cohorts.mammograms(data), "malignant", "normal")


THREE_CLASSES = Question(
    "COVID-19, other pneumonia or normal, over three sources",
    "chest-xray",
    _three_classes,
    warning="Class and source go together: this measures the source as much as the disease.",
)
COVID = Question(
    "COVID-19 or other pneumonia, within one source (Cohen)",
    "chest-xray",
    _covid_within_cohen,
    "covid",
    "Few patients.",
)
PNEUMONIA = Question(
    "Pneumonia or normal, within NIH, matched patient numbers",
    "chest-xray",
    _nih_matched,
    "pneumonia",
    "Labels were mined from reports and are about 90 % right.",
)
COVID_CT = Question(
    "COVID-19 or not, single CT slices (covid-slice, never shipped)",
    "pasc-fibrosis",
    public_cohorts.covid_ct,
    "covid",
    "Patients are not known; blocks of neighboring file numbers stand for them, so that a patient at the end of one "
    "may be on both sides: these numbers may be too good.",
)
MAMMOGRAM = Question(
    "Malignant or normal, whole mammogram (mini-MIAS)",
    "mammo-screen",
    _malignant,
    "malignant",
    "Chance is expected: 31 malignant films, and the lesion is a small part of the film.",
)
QUESTIONS = (THREE_CLASSES, COVID, PNEUMONIA, COVID_CT, MAMMOGRAM)

_PAPER = ("resnet34", "mobilenetv3_large_100", "efficientnet_b1")  # Paper 004
_TRANSFERRED = "tf_mobilenetv2_100"


def experiments() -> tuple[Experiment, ...]:
    """All of them, the quick ones first."""
    found = [
        Experiment(f"{_slug(question)}-transferred", question, _TRANSFERRED, "imagenet", size=224, folds=5)
        for question in QUESTIONS
    ]
    for question in (PNEUMONIA, THREE_CLASSES, COVID):
        found += [Experiment(f"{_slug(question)}-{network}", question, network, "scratch") for network in _PAPER]
    found += [
        Experiment(f"{_slug(COVID_CT)}-{name}", COVID_CT, name, "scratch") for name in ("resnet18", "densenet121")
    ]
    found.append(Experiment(f"{_slug(MAMMOGRAM)}-resnet18", MAMMOGRAM, "resnet18", "scratch"))
    return tuple(found)


def _slug(question: Question) -> str:
    return {
        THREE_CLASSES: "three-classes",
        COVID: "covid",
        PNEUMONIA: "pneumonia",
        COVID_CT: "covid-slice",
        MAMMOGRAM: "mammogram",
    }[question]
