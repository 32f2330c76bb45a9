"""Kill trainings at many moments, each in a process of its own, and resume them; a program, started by the test.

    python kill_and_resume.py FOLDER

Prints one JSON line for each moment: whether the process was killed there, and whether the resumed training ended with
the same history and, to the last bit, the same weights as one that nobody killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.splits import Split
from readingroom.learning.protocols.training_protocol import (
    Augment,
    Change,
    Optimizer,
    Schedule,
    TrainingProtocol,
)
from readingroom.learning.training.loop.checkpoints import OVER, WholeCheckpoints
from readingroom.learning.training.loop.fit import Fitted, fit
from readingroom.learning.training.loop.run_folder import RunFolder
from readingroom.progress import Progress

COMMON = {"reader": "chest-xray", "kind": "rigorous", "title": "A training to kill", "source": "None.",
          "networks": ("resnet18",), "input": Preprocessing("picture", (32, 32), channels=1), "batch": 8}  # fmt: skip
PROTOCOLS = {
    # everything that is random or remembers: MixUp, dropout, changes, moments, moving average, sampler
    "all that is random": TrainingProtocol(
        **COMMON,
        optimizer=Optimizer("adamw", 0.01),
        epochs=3,
        mixup=0.2,
        averaging=0.9,
        balance="sampler",
        augment=Augment((Change("rotate", 0.5, 10), Change("exposure", 1, 0.05))),
    ),
    "one cycle": TrainingProtocol(
        **COMMON,
        optimizer=Optimizer("sgd", 0.1, momentum=0.9),
        epochs=3,
        schedule=Schedule("one-cycle"),
        accumulate=2,
    ),
    # so high a rate makes the loss go up and down, and training stops before its last epoch
    "early stop": TrainingProtocol(
        **COMMON, optimizer=Optimizer("sgd", 5.0), epochs=9, patience=3, schedule=Schedule("constant")
    ),
}
# How often checkpoints are written follows from the time that it takes; here it is said.
WRITTEN_EVERY = {"all that is random": 1, "one cycle": 1, "early stop": 1, "early stop, seldom written": 3}
PROTOCOLS["early stop, seldom written"] = PROTOCOLS["early stop"]
SPLIT = Split(np.arange(28), np.arange(28, 40), np.array([], dtype=np.intp), "a split")


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    body = (nn.Conv2d(1, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.3))
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))


def cohort(folder: Path) -> Cohort:
    generator = np.random.default_rng(0)
    rows = []
    for number in range(40):
        path = folder / f"{number}.png"
        Image.fromarray(generator.integers(0, 200 + 55 * (number % 2), (40, 36)).astype(np.uint8)).save(path)
        rows.append(Row(f"p{number}", f"s{number}", {"frontal": path}, label=("no", "yes")[number % 2]))
    return Cohort(tuple(rows))


def write_every(epochs: int) -> None:
    """The first checkpoint, then one after so many epochs, and the last."""

    def is_due(_: WholeCheckpoints, checkpoint: Mapping[str, Any]) -> bool:
        return bool(checkpoint[OVER]) or checkpoint["epoch"] % epochs == 0

    WholeCheckpoints.is_due = is_due  # type: ignore[method-assign]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_batch(wanted: int) -> Callable[[], Progress]:
    """Before the batch of that number, counted over epochs."""
    seen = 0

    def report(_: float, sentence: str) -> None:
        nonlocal seen
        seen += sentence.startswith("Training")
        if seen == wanted:
            die()

    return lambda: Progress(report)


def at_checkpoint(name: str, wanted: int, written: bool) -> Callable[[], Progress]:
    """When that checkpoint is saved for that many times, before or after it was written."""

    def prepare() -> Progress:
        whole, seen = WholeCheckpoints.save_checkpoint, 0

        def save(self: WholeCheckpoints, checkpoint: dict, path: str, storage_options: object = None) -> None:
            nonlocal seen
            seen += Path(path).name == name
            if Path(path).name == name and seen == wanted and not written:
                (Path(path).parent / ".writing-half.ckpt").write_bytes(b"half a checkpoint")
                die()
            whole(self, checkpoint, path, storage_options)
            if Path(path).name == name and seen == wanted:
                die()

        WholeCheckpoints.save_checkpoint = save  # type: ignore[method-assign]
        return Progress()

    return prepare


def when_all_is_learned() -> Progress:
    RunFolder.finish = lambda *_: die()  # type: ignore[assignment,method-assign]
    return Progress()


MOMENTS: dict[str, Callable[[], Progress]] = {
    "before the first step": at_batch(1),
    "within the first epoch": at_batch(3),
    "at the start of the second epoch": at_batch(4),
    "within the second epoch": at_batch(5),
    "within the third epoch": at_batch(8),
    "with half of the first checkpoint": at_checkpoint("last.ckpt", 1, written=False),
    "between the best and the last checkpoint": at_checkpoint("best.ckpt", 2, written=True),
    "with half of a later checkpoint": at_checkpoint("last.ckpt", 2, written=False),
    "after the last checkpoint of an epoch": at_checkpoint("last.ckpt", 2, written=True),
    "before the result is kept": when_all_is_learned,
}

# All moments are tried with what is random; the others differ in what a checkpoint has to remember.
LATER = ("within the third epoch",)
TRIED = {title: tuple(MOMENTS) if title == "all that is random" else LATER for title in PROTOCOLS}


def main() -> None:
    folder = Path(sys.argv[1])
    studies = cohort(folder)

    def train(name: str, protocol: TrainingProtocol, seed: int, progress: Progress | None = None) -> Fitted:
        return fit(network(seed), studies, SPLIT, protocol, folder / name, "cpu", pictures=folder / "prepared",
                   progress=progress)  # fmt: skip

    for title, protocol in PROTOCOLS.items():
        write_every(WRITTEN_EVERY[title])
        whole = train(title, protocol, seed=0)
        for moment in TRIED[title]:
            name = f"{title}, {moment}"
            child = os.fork()
            if child == 0:
                train(name, protocol, 0, MOMENTS[moment]())
                os._exit(0)
            _, status = os.waitpid(child, 0)
            resumed = train(name, protocol, seed=1)  # it begins with the first weights of the one that was killed
            same = all(torch.equal(value, resumed.state_dict[key]) for key, value in whole.state_dict.items())
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            print(json.dumps({"moment": name, "killed": killed, "same": same and resumed.history == whole.history,
                              "epochs": len(whole.history), "best": whole.best_epoch}))  # fmt: skip


if __name__ == "__main__":
    main()
