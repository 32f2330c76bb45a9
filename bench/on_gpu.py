"""Every path that a graphics card takes, once, with its speed against bare PyTorch.

    python bench/on_gpu.py [--device cuda]        on a bare machine: bash bench/on_gpu.sh

A plain list of steps (`STEPS`): what comes to need a card adds one. Each prints what it found and raises where the card
gives another answer than it should. Ends with 3 where there is no card, with 1 where a step failed. ``--device cpu``
goes through the same steps on the processor, to try the script where there is no card: out of memory is then played.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import torch
import training  # the benchmark beside this file
from torch import nn

from readingroom import device as device_choice
from readingroom.bundles import store
from readingroom.bundles.metadata import ClassifierMetadata
from readingroom.bundles.preprocessing import Preprocessing
from readingroom.examples import chest_radiograph
from readingroom.imaging.preprocessing import prepare
from readingroom.learning.cohorts.splits import Split
from readingroom.learning.protocols.training_protocol import Augment, Optimizer, Schedule, TrainingProtocol
from readingroom.networks import backbones
from readingroom.phantoms.planted_cohort import Planted, write_planted_cohort
from readingroom.progress import Progress
from readingroom.readers.answer import Case, Prediction
from readingroom.readers.base import ReadContext, read
from readingroom.readers.chest_xray import Model
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader

NO_CARD = 3
TURNS = {"cuda": 5, "cpu": 1}
CASES = {"cuda": 96, "cpu": 8}  # of the batch prediction: three full batches on a card
CLOSE = 0.02  # of logits: convolutions of a card round in TF32
MIB = 2**20
READER = find_reader("chest-xray")


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Wall time until the device has finished."""
    _wait(device)
    begun = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - begun


def probe_device(device: torch.device) -> list[str]:
    """What is found without PyTorch and with it."""
    facts = device_choice.probe()
    chosen = device_choice.choose(device.type)  # type: ignore[arg-type]
    found = [f"probe: {facts.kind}, {facts.name}, {_mebibytes(facts.memory_bytes)}; chosen: {chosen}"]
    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        found.append(f"PyTorch: {card.name}, {_mebibytes(card.total_memory)}, capability {card.major}.{card.minor}")
        if facts.kind != "cuda" or device_choice.choose("auto").type != "cuda":
            raise AssertionError("The card was not found.")
    return found


def read_the_example(device: torch.device) -> list[str]:
    """The example film with the bundle that ships: a warm read against the bare forward pass of its network."""
    bundle = store.find(READER.default_bundle)
    study = open_study(READER, {"frontal": chest_radiograph()})
    answered: list[float] = []

    def whole(folder: Path, on: str) -> dict[str, float]:
        begun = time.perf_counter()
        reading = read(
            READER, study, bundle, folder, on,  # type: ignore[arg-type]
            on_answer=lambda _: answered.append(time.perf_counter() - begun),
        )  # fmt: skip
        if torch.device(reading.provenance.device).type != torch.device(on).type:
            raise AssertionError(f"It was read on {reading.provenance.device}.")
        return {finding.name: finding.probability for finding in reading.findings}

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected = whole(folder / "cpu", "cpu")
        first = seconds(lambda: whole(folder / "first", device.type), device)
        answered.clear()
        times = [seconds(lambda: whole(folder / "warm", device.type), device) for _ in range(TURNS[device.type])]
        found = whole(folder / "again", device.type)
    worst = max(abs(found[name] - expected[name]) for name in expected)
    if worst > CLOSE:
        raise AssertionError(f"A probability differs by {worst:.4f} from that of the processor.")
    model, pixels = _model(device), _pixels([READER.load(study)]).to(device)
    with torch.inference_mode():
        bare = [seconds(lambda: model.network(pixels), device) for _ in range(TURNS[device.type] + 1)][1:]
    opening = median(seconds(lambda: READER.load(study), device) for _ in range(TURNS[device.type]))
    answer = median(answered)
    return [
        f"first read {first:.3f} s; warm: answer on disk after {answer:.3f} s, whole read {median(times):.3f} s",
        f"bare forward pass {median(bare):.4f} s, opening the file {opening:.3f} s: the answer takes "
        f"{answer / (median(bare) + opening):.1f} times both together",
        f"probabilities differ by {worst:.1e} from the processor's",
    ]


def predict_a_cohort(device: torch.device) -> list[str]:
    """Phantoms in batches, as evaluations and cohort runs predict, against a plain loop over batches."""
    cases, model = _phantoms(CASES[device.type]), _model(device)
    context = ReadContext(store.find(READER.default_bundle), device, Progress())
    size = 32 if device.type == "cuda" else 4

    def ours() -> list[Prediction]:
        return READER.predict(model, cases, context)

    def bare() -> torch.Tensor:
        pixels = _pixels(cases)
        with torch.inference_mode():
            return torch.cat([model.network(part.to(device)).cpu() for part in pixels.split(size)])

    expected = _logits(READER.predict(_model(torch.device("cpu")), cases, _context(torch.device("cpu"))))
    model.network.to(device)
    turns = [(seconds(bare, device), seconds(ours, device)) for _ in range(TURNS[device.type] + 1)]
    pairs = turns[1:]  # the first one warms up
    worst = float(np.abs(_logits(ours()) - expected).max())
    if worst > CLOSE * max(1.0, float(np.abs(expected).max())):
        raise AssertionError(f"A logit differs by {worst:.4f} from that of the processor.")
    wall = median(pair[1] for pair in pairs)
    return [
        f"{len(cases)} films in {wall:.3f} s, {len(cases) / wall:.0f} films / s; speed / bare torch "
        f"{median(plain / own for plain, own in pairs):.3f} (both prepare the pixels)",
        f"logits differ by {worst:.1e} from the processor's; notes: {'; '.join(context.notes) or 'none'}",
    ]


def train_with_mixed_precision(device: torch.device) -> list[str]:
    """A few epochs of the training loop in half precision, against a bare loop under autocast."""
    card = device.type == "cuda"
    images, size = (256, 224) if card else (8, 64)
    network = backbones.create("resnet18", 2)
    protocol = TrainingProtocol(
        "chest-xray", "rigorous", "On a card", "None.", ("resnet18",),
        Preprocessing("picture", (size, size), normalize="imagenet"),
        Optimizer("sgd", 1e-3, momentum=0.9),
        augment=Augment(training.CHANGES), schedule=Schedule("constant"), epochs=training.EPOCHS, batch=16,
        precision="16-mixed" if card else "bf16-mixed",
    )  # fmt: skip
    half = torch.float16 if card else torch.bfloat16
    with tempfile.TemporaryDirectory() as name:
        cohort = training.studies(Path(name), images + images // 4)
        nobody = np.array([], dtype=np.intp)
        split = Split(np.arange(images), np.arange(images, len(cohort)), nobody, "on a card")
        pictures = Path(name) / "pictures"
        arguments = (cohort, split, protocol, pictures, device.type)
        pairs = []
        for turn in range(2):  # the first one prepares the pictures
            own = training.ours(copy.deepcopy(network), *arguments).epochs()[0]
            with torch.autocast(device.type, half):
                plain = training.bare(copy.deepcopy(network), *arguments).epochs()[0]
            if turn:
                pairs.append((plain, own))
    plain, own = pairs[0]
    return [
        f"resnet18, {images} + {images // 4} images of {size} x {size}, {protocol.precision}: {own:.3f} s an epoch, "
        f"{1.25 * images / own:.0f} images / s; speed / bare torch {plain / own:.3f}",
    ]


def run_out_of_memory(device: torch.device) -> list[str]:
    """Too little memory for a batch, then for a single image: smaller batches, then the processor."""
    cases = _phantoms(32 if device.type == "cuda" else 4)
    expected = _logits(READER.predict(_model(torch.device("cpu")), cases, _context(torch.device("cpu"))))
    found = []
    for title, limit in (("a batch", 160 * MIB), ("one image", 2 * MIB)):
        model, context = _model(device), _context(device)
        with _little_memory(model.network, device, limit):
            logits = _logits(READER.predict(model, cases, context))
        if not context.notes:
            raise AssertionError(f"With {limit // MIB} MiB there was enough memory for {title}.")
        worst = float(np.abs(logits - expected).max())
        if worst > CLOSE * max(1.0, float(np.abs(expected).max())):
            raise AssertionError(f"After the fall-back a logit differs by {worst:.4f}.")
        found.append(f"too little for {title}: {' '.join(context.notes)} Logits differ by {worst:.1e}.")
    if device.type == "cuda" and "processor" not in found[-1]:
        raise AssertionError("The processor did not take over.")
    return found


STEPS: tuple[Callable[[torch.device], list[str]], ...] = (
    probe_device,
    read_the_example,
    predict_a_cohort,
    train_with_mixed_precision,
    run_out_of_memory,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    wanted = parser.parse_args().device
    if wanted == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA card here, or this PyTorch cannot use it; nothing was run.")
        return NO_CARD
    device, failed = torch.device(wanted), []
    print(f"torch {torch.__version__}, CUDA {torch.version.cuda}, Python {platform.python_version()}, device {device}")
    if wanted == "cpu":
        print("On the processor: this tries the script, no path of a card was taken.")
    for step in STEPS:
        begun = time.perf_counter()
        print(f"\n{(step.__doc__ or '').strip()}")
        try:
            for line in step(device):
                print(f"  {line}")
        except Exception:  # the next steps are tried all the same
            failed.append(step.__name__)
            print(traceback.format_exc())
        print(f"  ({step.__name__}: {time.perf_counter() - begun:.1f} s)", flush=True)
    print(f"\nFailed: {', '.join(failed)}." if failed else "\nEvery step went through.")
    return 1 if failed else 0


@contextlib.contextmanager
def _little_memory(network: nn.Module, device: torch.device, limit: int) -> Iterator[None]:
    """Not much more memory than what is in use; on the processor a network that refuses most batches."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved(device) + limit) / total)
        try:
            yield
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        return
    most = 2 if limit > 10 * MIB else 1

    def refuse(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if len(inputs[0]) > most:
            raise torch.OutOfMemoryError("out of memory, as played by bench/on_gpu.py")

    handle = next(network.children()).register_forward_pre_hook(refuse)
    try:
        yield
    finally:
        handle.remove()


def _phantoms(count: int) -> list[Case]:
    with tempfile.TemporaryDirectory() as name:
        write_planted_cohort(Path(name), Planted(max(count, 8), size=320))
        files = sorted((Path(name) / "images").iterdir())[:count]
        return [READER.load(open_study(READER, {"frontal": file})) for file in files]


def _model(device: torch.device) -> Model:
    model = READER.load_model(store.find(READER.default_bundle), device)
    assert isinstance(model, Model)
    return model


def _context(device: torch.device) -> ReadContext:
    return ReadContext(store.find(READER.default_bundle), device, Progress())


def _pixels(cases: list[Case]) -> torch.Tensor:
    """(cases, channels, rows, columns) as the shipped bundle wants them."""
    wanted = store.find(READER.default_bundle).of_kind(ClassifierMetadata).preprocessing
    return torch.from_numpy(np.stack([prepare(case.images["frontal"].gray, wanted).pixels for case in cases]))


def _logits(predictions: list[Prediction]) -> np.ndarray:
    return np.stack([prediction.logits for prediction in predictions])


def _mebibytes(count: int | None) -> str:
    return "memory not known" if count is None else f"{count // MIB} MiB"


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    sys.exit(main())
