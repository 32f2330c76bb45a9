"""What the training loop costs: images per second of `readingroom.learning.training.loop` against a bare torch loop.

    python bench/training.py [--network resnet18] [--size 224] [--images 256] [--batch 16] [--repeats 3] [--threads 2]
                             [--device cpu]

Both train the same network (random weights, fixed seed) on the same prepared pictures with the same optimizer, batches
and changes of the images. The bare loop is what one would write by hand: a `DataLoader`, forward, loss, backward, step,
and a pass over the validation pictures. They take turns in one process, so that other load on the machine hits both;
ratios are taken within each turn and medians are printed, of wall time and of the process's CPU time. Times are of an
epoch, from the start of the second of four to the start of the last: what happens once in a training (pictures are
prepared, a log is opened, the best weights are read back) is in ``s in all`` alone.

Then the heads, as ``readingroom train --mode frozen`` trains them: a linear head where no study's features are kept
yet, against the next one, which finds them all (pictures are hashed, features read, the head's strength is chosen).
"""

from __future__ import annotations

import argparse
import copy
import platform
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.label_set import label_set_of
from readingroom.learning.cohorts.splits import Split
from readingroom.learning.protocols.training_protocol import (
    Augment,
    Change,
    Optimizer,
    Schedule,
    TrainingProtocol,
)
from readingroom.learning.training.feature_cache import FrozenNetwork, Source, cached_features
from readingroom.learning.training.heads import load_head
from readingroom.learning.training.heads.head import Outcomes
from readingroom.learning.training.loop.data import AugmentedDataset, InputTransform, PlainDataset, SplitPart
from readingroom.learning.training.loop.epoch_sampler import EpochSampler
from readingroom.learning.training.loop.fit import fit
from readingroom.learning.training.losses.cross_entropy import CrossEntropy
from readingroom.learning.training.normalization import measured
from readingroom.learning.training.picture_store import PictureStore
from readingroom.networks import backbones, registry
from readingroom.progress import Progress

EPOCHS = 4
CHANGES = (Change("rotate", 1, 5), Change("scale", 1, 0.05), Change("shift", 1, 0.02), Change("exposure", 1, 0.04))


class Clock:
    """Wall and CPU seconds between the starts of epochs, as a training's progress tells them."""

    def __init__(self) -> None:
        self.starts: dict[int, tuple[float, float]] = {}

    def __call__(self, epoch: int) -> None:
        self.starts.setdefault(epoch, now())

    def epochs(self) -> tuple[float, float]:
        """Means of all epochs but the first and the last, start to start."""
        first, last = self.starts[1], self.starts[EPOCHS - 1]
        return (last[0] - first[0]) / (EPOCHS - 2), (last[1] - first[1]) / (EPOCHS - 2)


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def studies(folder: Path, count: int) -> Cohort:
    generator = np.random.default_rng(0)
    rows = []
    for number in range(count):
        path = folder / f"{number}.png"
        Image.fromarray(generator.integers(0, 255, (512, 448)).astype(np.uint8)).save(path)
        rows.append(Row(f"p{number}", f"s{number}", {"frontal": path}, label=("no", "yes")[number % 2]))
    return Cohort(tuple(rows))


def ours(
    network: nn.Module, cohort: Cohort, split: Split, protocol: TrainingProtocol, pictures: Path, device: str
) -> Clock:
    """The loop as a user starts it, with its checkpoints, logs and progress."""
    clock = Clock()

    def report(_: float, sentence: str) -> None:
        if sentence.startswith("Training"):
            clock(int(sentence.split()[2]) - 1)

    with tempfile.TemporaryDirectory() as folder:
        fit(network, cohort, split, protocol, Path(folder), device, progress=Progress(report), pictures=pictures)  # type: ignore[arg-type]
    return clock


def bare(
    network: nn.Module, cohort: Cohort, split: Split, protocol: TrainingProtocol, pictures: Path, device: str
) -> Clock:
    """The same by hand."""
    loss = CrossEntropy(cohort.classes).to(device)
    store = PictureStore(pictures, protocol.input)
    parts = [
        SplitPart(tuple(store.path(cohort.rows[int(n)]) for n in rows), loss.targets(cohort.take(rows)))
        for rows in (split.train, split.validation)
    ]
    transform = InputTransform(measured(protocol.input))
    order = EpochSampler(len(parts[0]), protocol.batch, protocol.seed)
    training = DataLoader(
        AugmentedDataset(parts[0], transform, protocol.augment, protocol.seed), protocol.batch, sampler=order
    )
    validation = DataLoader(PlainDataset(parts[1], transform), protocol.batch)
    network.to(device)
    optimizer = torch.optim.SGD(network.parameters(), protocol.optimizer.rate, protocol.optimizer.momentum)
    clock = Clock()
    for epoch in range(EPOCHS):
        clock(epoch)
        order.set_epoch(epoch)
        network.train()
        for inputs, targets in training:
            optimizer.zero_grad()
            loss(network(inputs.to(device)), targets.to(device)).mean().backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            for inputs, targets, _ in validation:
                loss(network(inputs.to(device)), targets.to(device)).sum().item()
    return clock


def heads(
    name: str, network: nn.Module, cohort: Cohort, protocol: TrainingProtocol, device: str, repeats: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Wall and CPU seconds until a linear head is trained: where the network has to be asked, and on kept features."""
    frozen = FrozenNetwork(name, copy.deepcopy(network).eval(), registry.find(name).head)
    source = Source.of(measured(protocol.input))
    outcomes, rows = Outcomes.of(cohort, label_set_of(cohort, "chest-xray")), np.arange(len(cohort))
    seconds: tuple[list[tuple[float, float]], ...] = ([], [])
    for turn in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            for times in seconds:  # the first finds nothing there, the second everything
                begun = now()
                bags = cached_features(cohort, frozen, source, Path(folder), device)  # type: ignore[arg-type]
                head = load_head("linear", {})
                head.fit(bags, outcomes, rows, head.choose(bags, outcomes, rows, turn), turn)
                ended = now()
                times.append((ended[0] - begun[0], ended[1] - begun[1]))
    asked, kept = ((median(w for w, _ in times), median(c for _, c in times)) for times in seconds)
    return asked, kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="resnet18")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--images", type=int, default=256, help="that train; a quarter as many choose the epoch")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    network = backbones.create(arguments.network, 2)
    protocol = TrainingProtocol(
        "chest-xray", "rigorous", "Speed", "None.", (arguments.network,),
        Preprocessing("picture", (arguments.size, arguments.size), normalize="imagenet"),
        Optimizer("sgd", 1e-3, momentum=0.9),
        augment=Augment(CHANGES), schedule=Schedule("constant"), epochs=EPOCHS, batch=arguments.batch,
    )  # fmt: skip
    contestants: dict[str, Callable[..., Clock]] = {"bare torch loop": bare, "ReadingRoom": ours}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    around: dict[str, list[float]] = {name: [] for name in contestants}
    with tempfile.TemporaryDirectory() as folder:
        images = arguments.images
        cohort = studies(Path(folder), images + images // 4)
        nobody = np.array([], dtype=np.intp)
        split = Split(np.arange(images), np.arange(images, len(cohort)), nobody, "speed")
        pictures = Path(folder) / "pictures"
        for turn in range(arguments.repeats + 1):  # the first one warms up
            for name, run in contestants.items():
                begun = now()
                clock = run(copy.deepcopy(network), cohort, split, protocol, pictures, arguments.device)
                ended = now()
                if turn:
                    seconds[name].append(clock.epochs())
                    around[name].append(ended[0] - begun[0])
        asked, kept = heads(arguments.network, network, cohort, protocol, arguments.device, arguments.repeats)

    print(
        f"{arguments.network}, {images} + {images // 4} images of {arguments.size} x {arguments.size}, batch "
        f"{arguments.batch}, {arguments.device}, {arguments.threads} threads, {arguments.repeats} interleaved turns; "
        f"torch {torch.__version__}, Lightning {version('lightning')}, Python {platform.python_version()}\n"
    )
    _print_table(seconds, around, images + images // 4)
    print(
        f"\nA linear head on {len(cohort)} images, wall and CPU: {asked[0]:.2f} s and {asked[1]:.2f} s where the "
        f"network is asked first, {kept[0]:.2f} s and {kept[1]:.2f} s on kept features: {asked[0] / kept[0]:.0f} and "
        f"{asked[1] / kept[1]:.0f} times as fast."
    )


def _print_table(seconds: dict[str, list[tuple[float, float]]], around: dict[str, list[float]], images: int) -> None:
    columns = ["", "s an epoch", "CPU s an epoch", "images / s", "speed / bare", "speed / bare (CPU)", "s in all"]
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for name, pairs in seconds.items():
        wall, cpu = (median(pair[place] for pair in pairs) for place in (0, 1))
        beside = list(zip(seconds["bare torch loop"], pairs, strict=True))
        ratios = [median(other[place] / own[place] for other, own in beside) for place in (0, 1)]
        print(
            f"| {name} | {wall:.3f} | {cpu:.3f} | {images / wall:.1f} | {ratios[0]:.3f} | {ratios[1]:.3f} "
            f"| {median(around[name]):.2f} |"
        )


if __name__ == "__main__":
    main()
