"""What only people know of the bundle, and its comparison with other models, for its card."""

from __future__ import annotations

from collections.abc import Mapping

from readingroom.bundles.bundle import Bundle
from readingroom.formatting import estimate_text
from readingroom.learning.cohorts.cohort import Cohort
from readingroom.learning.evaluation.predictions import Predictions

from .comparison import MACRO_F1, Numbers, measure, original_size

TITLE = "Pneumonia of children: bacterial, viral or none"
SOURCE = "Kermany, Zhang, Goldbaum: pediatric chest radiographs (Mendeley Data, doi 10.17632/rscbjbr9sj), CC BY 4.0"
AGES = (1.0, 5.0)  # years, by the collection; no film has its child's own
INTENDED_USE = (
    "Research and teaching: a second look at frontal chest radiographs of children of 1 to 5 years. Not a medical "
    "device, not for diagnosis."
)
LICENSE = "Apache-2.0"
AUTHORS = "The ReadingRoom contributors"
CITATION = (
    "Kermany D, Zhang K, Goldbaum M. Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for "
    "Classification. Mendeley Data, doi 10.17632/rscbjbr9sj. CC BY 4.0: the films that trained it.",
    "Kermany DS, Goldbaum M, Cai W, et al. Identifying Medical Diagnoses and Treatable Diseases by Image-Based Deep "
    "Learning. Cell 2018;172:1122-1131.",
    "Tan M, Le QV. EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. ICML 2019. ImageNet "
    "weights of EfficientNet-Lite0 by Google, Apache-2.0.",
)
WARNINGS = (
    "All films are of children of 1 to 5 years: it is not for adults, adolescents or newborns.",
    "All films are from one hospital (Guangzhou). It has not been tested at another one, nor on the official test part "
    "of its collection, which was not at hand when it was made.",
    "How a film was taken goes with its class in these data: its size as it was exported, or the film at 32 x 32 "
    "pixels, already separate the classes (see the card), so part of the accuracy comes from there.",
    "It learned from films that had been stretched to 224 x 224 pixels and strongly compressed.",
    "Every film was bacterial pneumonia, viral pneumonia or normal by the judgment of physicians, not by culture. Any "
    "other disease will be called one of the three.",
    "Normal films have numbers that are not proven to be one child each: some children may be in two parts of a split.",
)

TUNED = "fine-tuned (ships)"
FROZEN = "frozen features and a linear head"
AVERAGE = "average of both"
_SIZE = "original size and proportions of the film, random forest"


def card(trained: Bundle, models: Mapping[str, Predictions], cohort: Cohort) -> str:
    """The card that the training wrote, with what people know and the comparison put in their places."""
    before, _, _rest = trained.card.partition("## Warnings\n")
    warnings = "\n".join(f"- {warning}" for warning in warnings_of(trained))
    return "\n\n".join([before.rstrip(), comparison(models, cohort), f"## Warnings\n\n{warnings}", _sources()])


def warnings_of(trained: Bundle) -> tuple[str, ...]:
    """What people know, then what the training found."""
    return (*WARNINGS, *trained.metadata.warnings)


def comparison(models: Mapping[str, Predictions], cohort: Cohort) -> str:
    """The table of all models, and by how much the one that ships exceeds each."""
    ships = models[TUNED]
    by_size, known = original_size(ships, cohort)
    found = {name: measure(model, None if name == TUNED else ships) for name, model in models.items()}
    found[_SIZE] = measure(by_size, ships.take(known))
    names = list(found[TUNED].values)
    values = [[name, *(_text(numbers.values[each]) for each in names)] for name, numbers in found.items()]
    behind = [
        [name, *(_text(numbers.behind[each], signed=True) for each in names)]
        for name, numbers in found.items()
        if numbers.behind
    ]
    return "\n\n".join(
        [
            "## Three models on the same folds",
            "Frozen is the network as ImageNet left it, with a linear head; fine-tuned is the one that ships; the "
            "average is of their probabilities and would be twice as large as a bundle that ships may be. AUCs are of "
            f"films, the F1 is of patients, each by the mean of its films ({MACRO_F1}: the most probable of three "
            f"classes). What the size of a film tells is known of {int(known.sum())} of {len(known)} films.",
            _table(["model", *names], values),
            "The model that ships is better by (paired, 95 % intervals over patients):",
            _table(["than", *names], behind),
        ]
    )


def _text(estimate: Numbers | object, signed: bool = False) -> str:
    return estimate_text(estimate, 3, signed=signed)  # type: ignore[arg-type]


def _sources() -> str:
    return (
        "\n\n".join(
            [
                "## How to make it again",
                "`python -m experiments.pneumonia_children --data DATA --weights FILE --out FOLDER --ship SHIPPED` "
                "in a checkout. It calls "
                "`readingroom train chest-xray --variant processor` twice, fine-tuned and with `--mode "
                "frozen`, on the table that `python -m experiments.public_cohorts` writes, less the child of the "
                "package's example; the weights to begin with are made by `python -m "
                "experiments.efficientnet_lite0_weights FILE.onnx --normalized imagenet`. About an hour on one "
                "processor core.",
                "For reference: logistic regression on frozen features of the same network at 224 x 224 pixels, tried "
                "by others on the official test part, reached an AUC of 0.962 (pneumonia against normal) and 0.949 "
                "(bacterial against viral). That part has other proportions of classes; the numbers above are "
                "not of it.",
                "## Sources and license",
                "Weights: Apache-2.0. The films are CC BY 4.0; they were reduced to 224 x 224 pixels by others, and "
                "the network learned from them as they were.",
                *(f"- {source}" for source in CITATION),
            ]
        )
        + "\n"
    )


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
