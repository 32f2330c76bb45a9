"""The questions that a chest radiograph bundle can answer, with their labels in the order of the network's outputs."""

from __future__ import annotations

from collections.abc import Sequence

from ..bundles.metadata import Label
from ..codes import PNEUMONIA, Code
from ..errors import BundleError
from .description import Task

TASKS = {
    task.name: task
    for task in (
        Task(
            "covid",
            "COVID-19, viral pneumonia or normal",
            (
                Label(
                    "covid-19",
                    "COVID-19",
                    Code("840539006", "SCT", "COVID-19"),
                ),
                Label("viral-pneumonia", "Viral pneumonia", Code("75570004", "SCT", "Viral pneumonia")),
                Label("normal", "Normal"),
            ),
        ),
        Task(
            "pneumonia",
            "Bacterial pneumonia, viral pneumonia or normal",
            (
                Label("bacterial-pneumonia", "Bacterial pneumonia", Code("53084003", "SCT", "Bacterial pneumonia")),
                Label("viral-pneumonia", "Viral pneumonia", Code("75570004", "SCT", "Viral pneumonia")),
                Label("normal", "Normal"),
            ),
        ),
        # Paper 004 names its seven classes in a figure only; these are the seven most frequent of ChestX-ray14, whose
        # counts fit the ratios in its text. "No finding" excludes the other six, which the paper does not say.
        Task(
            "chestxray8",
            "Seven findings",
            (
                Label("no-finding", "No finding"),
                Label("infiltration", "Infiltration"),
                Label("effusion", "Effusion", Code("60046008", "SCT", "Pleural effusion")),
                Label("atelectasis", "Atelectasis", Code("46621007", "SCT", "Atelectasis")),
                Label("nodule", "Nodule"),
                Label("mass", "Mass"),
                Label("pneumothorax", "Pneumothorax", Code("36118008", "SCT", "Pneumothorax")),
            ),
            multilabel=True,
        ),
        Task(
            "nih-pneumonia",
            "Pneumonia or no finding",
            (Label("pneumonia", "Pneumonia", PNEUMONIA), Label("no-finding", "No finding")),
        ),
    )
}


# The question of somebody's own cohort: its labels are what the bundle says they are.
OWN = "own"


def require_task(name: str, labels: Sequence[Label], multilabel: bool) -> Task:
    """The task of that name, if a bundle with these labels answers it.

    Raises
    ------
    BundleError : no such task, or its labels are others
    """
    if name == OWN:
        return Task(OWN, labels=tuple(labels), multilabel=multilabel)
    if name not in TASKS:
        raise BundleError(f"The bundle answers the task '{name}', which this reader does not know.")
    task = TASKS[name]
    expected, found = [label.name for label in task.labels], [label.name for label in labels]
    if found != expected or multilabel != task.multilabel:
        raise BundleError(
            f"The bundle's labels ({', '.join(found)}) are not those of the task '{name}' ({', '.join(expected)})."
        )
    return task
