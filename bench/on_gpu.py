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
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import SimpleITK
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
from readingroom.learning.synthesis import generator as generators
from readingroom.learning.synthesis.presets import KINDS, TITLES, preset_named
from readingroom.networks import backbones, volumes
from readingroom.phantoms.lung_cancer_ct import lung_cancer_ct
from readingroom.phantoms.mammogram import Lesion, four_views, write_exam
from readingroom.phantoms.planted_cohort import Planted, write_planted_cohort
from readingroom.progress import Progress
from readingroom.readers.answer import Case, Prediction
from readingroom.readers.base import ReadContext, read
from readingroom.readers.chest_xray import Model
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader
from readingroom.reading import Reading
from readingroom.study import Study

NO_CARD = 3
TURNS = {"cuda": 5, "cpu": 1}
CASES = {"cuda": 96, "cpu": 8}  # of the batch prediction: three full batches on a card
CLOSE = 0.02  # of logits: convolutions of a card round in TF32
GENERATOR = {"cuda": ("256", (256, 128), 20), "cpu": ("trial", (64, 32), 2)}  # preset, rows and columns, timed steps
VOLUME = {"cuda": (4, 64, 128, 128), "cpu": (2, 16, 32, 32)}  # batch, slices, rows, columns
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


def read_phantoms(device: torch.device) -> list[str]:
    """A phantom exam with each of the other bundles that ship: its answer against that of the processor."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        phantom = lung_cancer_ct(9, 60.0, 0.1)
        image = SimpleITK.GetImageFromArray(phantom.pixels)
        image.SetSpacing(phantom.spacing[::-1])
        SimpleITK.WriteImage(image, str(folder / "ct.nrrd"))
        views = write_exam(folder / "exam", four_views(1, left=[Lesion(radius=0.2)], rows=1280, columns=1024))
        for reader, images in (
            ("lung-survival", {"ct": folder / "ct.nrrd"}),
            ("mammo-screen", views),
            ("pasc-fibrosis", {"ct": folder / "ct.nrrd"}),
        ):
            study = open_study(find_reader(reader), images)
            expected = _numbers(_read(reader, study, folder / f"{reader}-cpu", "cpu"))
            _read(reader, study, folder / f"{reader}-first", device.type)
            begun = time.perf_counter()
            answer = _numbers(_read(reader, study, folder / reader, device.type))
            wall = time.perf_counter() - begun
            worst = float(np.abs(answer - expected).max())
            if worst > CLOSE:
                raise AssertionError(f"{reader}: a probability differs by {worst:.4f} from that of the processor.")
            found.append(f"{reader}: warm whole read {wall:.2f} s; probabilities differ by {worst:.1e}")
    return found


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


def train_on_volumes(device: torch.device) -> list[str]:
    """Forward and backward of MedicalNet's 3D ResNet-50 on a batch of volumes, and the forward pass of one read."""
    network = volumes.create("medicalnet_resnet50", 2).to(device)
    batch = torch.randn(VOLUME[device.type][0], 1, *VOLUME[device.type][1:]).to(device)
    labels = torch.arange(len(batch), device=device) % 2
    found, logits = [], {}
    for title, half in (("32 bits", False), ("bfloat16", True)):

        def learn(half: bool = half) -> None:
            network.train()
            network.zero_grad()
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                loss = nn.functional.cross_entropy(network(batch), labels)
            loss.backward()
            if not torch.isfinite(loss):
                raise AssertionError("The loss is not finite.")

        def answer(title: str = title, half: bool = half) -> None:
            network.eval()
            with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=half):
                logits[title] = network(batch[:1]).float()

        learning, learning_memory = _timed(learn, device)
        reading, reading_memory = _timed(answer, device)
        found.append(
            f"{title}: a step on {len(batch)} volumes of {' x '.join(map(str, batch.shape[2:]))} {learning:.3f} s, "
            f"{learning_memory}; the forward pass of one {reading:.4f} s, {reading_memory}"
        )
    worst = float((logits["32 bits"] - logits["bfloat16"]).abs().max())
    return [*found, f"logits in bfloat16 differ by {worst:.1e}"]


def make_pictures(device: torch.device) -> list[str]:
    """A few steps of both generators of synthetic pictures, and what one picture takes."""
    name, size, steps = GENERATOR[device.type]
    preset, random = preset_named(name), torch.Generator().manual_seed(0)
    found = []
    for kind in KINDS:
        generator = generators.create(kind, preset, size, 0)
        generator.module.to(device).train()
        pictures = torch.rand(preset.batch, 1, *size).to(device) * 2 - 1
        parts = {"autoencoder": 0, "diffusion": preset.autoencoder_steps} if kind == "diffusion" else {"steps": 0}
        told = []
        for part, first in parts.items():
            generator.begin_step(first, pictures)
            learn = partial(_learn, generator, pictures, random)
            learn(range(first, first + 1))  # warms up
            _reset_peak(device)
            timed = partial(learn, range(first + 1, first + 1 + steps))
            told.append(f"{part} {seconds(timed, device) / steps:.4f} s a step, {_peak(device)}")
        made = generator.sample(preset.batch, random)
        if not torch.isfinite(made).all():
            raise AssertionError("A picture has values that are not finite.")
        wall = seconds(partial(generator.sample, preset.batch, random), device)
        found.append(
            f"{TITLES[kind]}, preset {name}, batches of {preset.batch} at {size[0]} x {size[1]}: {'; '.join(told)}; "
            f"{wall / preset.batch:.3f} s a picture"
        )
    return found


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
    read_phantoms,
    predict_a_cohort,
    train_with_mixed_precision,
    train_on_volumes,
    make_pictures,
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


def _read(reader: str, study: Study, out: Path, on: str) -> Reading:
    found = find_reader(reader)
    return read(found, study, store.find(found.default_bundle), out, on)  # type: ignore[arg-type]


def _numbers(reading: Reading) -> np.ndarray:
    """Probabilities of findings, and of survival."""
    curves = [value for curve in reading.curves if curve.kind == "survival" for value in curve.line.values]
    return np.array([*(finding.probability for finding in reading.findings), *curves])


def _learn(generator: generators.Generator, pictures: torch.Tensor, random: torch.Generator, numbers: range) -> None:
    for number in numbers:
        if not np.isfinite(generator.step(number, pictures, random)):
            raise AssertionError(f"The loss of step {number} is not finite.")


def _timed(work: Callable[[], None], device: torch.device) -> tuple[float, str]:
    """Median seconds of warm turns, and the most memory that they took."""
    work()
    _reset_peak(device)
    wall = median(seconds(work, device) for _ in range(TURNS[device.type]))
    return wall, _peak(device)


def _reset_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: torch.device) -> str:
    """Of tensors, without what PyTorch keeps in reserve."""
    return _mebibytes(torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None)


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
