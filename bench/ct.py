"""What a chest CT of full size costs on its way to an answer, step by step, against the least that each step can cost.

    python bench/ct.py [--reader pasc-fibrosis] [--slices 130] [--repeats 5] [--only STEP ...] [--bundle NAME]

A plain list of steps (`STEPS`): what comes to be worth a number adds one. The slices have 512 x 512 voxels. The series
that `load` reads are the real slices of LUNG1-001 through its tumor, up and down until there are enough, where the
folder ``shared`` lies beside the checkout; else noise. The others take all of LUNG1-001, resampled to as many voxels,
as the panel hands it over: an NRRD file that is not compressed; else a phantom. Contestants take turns within each
repeat, so that other load on the machine hits all of them; ratios are taken within each repeat, and medians are
printed, of wall time and of the process's CPU time (which other load hardly touches).
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pydicom
import SimpleITK
import torch
from numpy.typing import NDArray
from pydicom.uid import generate_uid
from scipy.special import softmax

from readingroom.bundles import store
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import ClassifierMetadata, NetworkMetadata, SurvivalMetadata
from readingroom.engine.client import Failed, Finished, Partial, WorkerClient
from readingroom.imaging.lungs import find_lungs
from readingroom.imaging.preprocessing import prepare_slices
from readingroom.imaging.volume import load_volume
from readingroom.networks.slices import SliceNetwork
from readingroom.phantoms.dicom_series import ct_slices, write_slices
from readingroom.phantoms.fibrosis_ct import fibrosis_ct
from readingroom.progress import Progress
from readingroom.readers import lung_survival, pasc_fibrosis
from readingroom.readers.answer import Answer, Case, Prediction
from readingroom.readers.base import ReadContext, Reader
from readingroom.readers.lung_masks import find_lung_masks
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader
from readingroom.readers.results import drawn, write_results
from readingroom.readers.slice_network import ask_slices
from readingroom.readers.survival_network import ask_survival
from readingroom.reading import Provenance, Reading
from readingroom.reports.write import write_reports
from readingroom.trust.ct_checks import lung_checks

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
REAL = DATA / "dicom_io" / "ct_lung1_001" / "image"
WHOLE = DATA / "lung_ct" / "LUNG1-001" / "ct.nii.gz"
READERS = (pasc_fibrosis.READER, lung_survival.READER)
CT = "ct"
OURS = "ReadingRoom"
SIDE = 512


@dataclass(frozen=True)
class Inputs:
    """A DICOM series, a volume that shows all of both lungs, the reader, its bundle, and how often a step is timed."""

    series: Path
    chest: Path
    reader: Reader
    bundle: str
    repeats: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=130)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=[step.__name__ for step in STEPS], metavar="STEP")
    parser.add_argument("--reader", default=pasc_fibrosis.READER.name, choices=[reader.name for reader in READERS])
    parser.add_argument("--bundle")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        chest = full_chest(place / "chest.nrrd", options.slices)
        reader = find_reader(options.reader)
        bundle = options.bundle or reader.default_bundle
        inputs = Inputs(full_series(place / "ct", options.slices), chest, reader, bundle, options.repeats)
        print(f"{options.slices} slices of {SIDE} x {SIDE}, {platform.machine()}, Python {platform.python_version()}")
        for step in STEPS:
            if options.only is None or step.__name__ in options.only:
                step(inputs)


def full_series(folder: Path, count: int) -> Path:
    """A DICOM series of that many slices, 3 mm apart."""
    if not REAL.is_dir():
        hu = np.random.default_rng(0).integers(-1000, 1000, (count, 512, 512))
        return write_slices(folder, ct_slices(hu))
    folder.mkdir()
    files = sorted(REAL.iterdir())
    there_and_back = [*files, *files[-2:0:-1]]
    for number in range(count):
        dataset = pydicom.dcmread(there_and_back[number % len(there_and_back)])
        dataset.InstanceNumber = number + 1
        dataset.ImagePositionPatient = [*dataset.ImagePositionPatient[:2], -612.5 + 3 * number]
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.save_as(folder / f"{number:04d}.dcm")
    return folder


def full_chest(path: Path, count: int) -> Path:
    """Both lungs as a volume of that many slices."""
    if WHOLE.is_file():
        image = SimpleITK.ReadImage(str(WHOLE))
    else:
        made = fibrosis_ct(0, ml=300)
        image = SimpleITK.GetImageFromArray(made.pixels)
        image.SetSpacing(made.spacing[::-1])
    size = (SIDE, SIDE, count)
    spacing = [n * step / m for n, step, m in zip(image.GetSize(), image.GetSpacing(), size, strict=True)]
    full = SimpleITK.Resample(
        image,
        size,
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        image.GetOrigin(),
        spacing,
        image.GetDirection(),
        -1024,
    )
    SimpleITK.WriteImage(full, str(path), useCompression=False)
    return path


def load(inputs: Inputs) -> None:
    """From a folder to HU in space: against SimpleITK, which checks less, and against decoding the pixels alone."""
    series = inputs.series

    def ours() -> NDArray:
        return load_volume(series).voxels

    def simpleitk() -> NDArray:
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(series)))
        image = SimpleITK.DICOMOrient(SimpleITK.Cast(reader.Execute(), SimpleITK.sitkFloat32), "LPS")
        return SimpleITK.GetArrayFromImage(image)

    def bare() -> NDArray:
        return np.stack([pydicom.dcmread(path).pixel_array for path in sorted(series.iterdir())])

    if not np.array_equal(ours(), simpleitk()):
        raise SystemExit("The volume is not the one that SimpleITK reads.")
    take_turns("load", {OURS: ours, "SimpleITK": simpleitk, "pydicom, bare pixels": bare}, inputs.repeats)
    if (peak := peak_megabytes("load_volume(path)", series)) is not None:
        print(
            f"{'load, peak memory':<28}{peak:8.0f} MB, {peak / _volume_megabytes(inputs):.1f} times the float32 volume"
        )


def mask(inputs: Inputs) -> None:
    """Both lungs by the built-in mask, on one core."""
    image = load_volume(inputs.chest).image
    threads = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        take_turns("mask on one core", {OURS: lambda: find_lungs(image)}, inputs.repeats)
    finally:
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)


def answer(inputs: Inputs) -> None:
    """What an answer is made of, one after the other in this process; then the answer of a warm worker, and its tests.

    The least that an answer can cost is the mask and the bare forward pass.
    """
    bundle = store.find(inputs.bundle)
    rounds = [_stages(inputs, bundle) for _ in range(inputs.repeats + 1)][1:]
    stages = {name: [round_[name] for round_ in rounds] for name in rounds[0]}
    for name, times in stages.items():
        print(f"{'    ' + name:<28}{median(w for w, _ in times):8.2f} s wall {median(c for _, c in times):8.2f} s CPU")
    least = [
        [sum(round_[name][kind] for name in ("mask", "bare forward")) for round_ in rounds] for kind in (0, 1)
    ]  # fmt: skip
    ours = [[sum(times[kind] for name, times in round_.items() if name not in _NOT_ANSWER) for round_ in rounds]
            for kind in (0, 1)]  # fmt: skip
    ratios = [median(a / b for a, b in zip(ours[kind], least[kind], strict=True)) for kind in (0, 1)]
    print(f"{'answer, its parts':<28}{median(ours[0]):8.2f} s wall {median(ours[1]):8.2f} s CPU   "
          f"/ (mask + bare forward): wall {ratios[0]:5.2f}, CPU {ratios[1]:5.2f}")  # fmt: skip
    _from_worker(inputs, least[0])


_NOT_ANSWER = ("bare forward", "report")


def _stages(inputs: Inputs, bundle: Bundle) -> dict[str, tuple[float, float]]:
    """Wall and CPU seconds of each part of an answer."""
    times: dict[str, tuple[float, float]] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        begun, used = time.perf_counter(), _cpu_seconds()
        found = work()
        times[name] = (time.perf_counter() - begun, _cpu_seconds() - used)
        return found

    reader = inputs.reader
    context = ReadContext(bundle, torch.device("cpu"), Progress(), force=True)
    model = context.model = reader.load_model(bundle, context.device)
    case = timed("load", lambda: reader.load(open_study(reader, {CT: inputs.chest})))
    timed("checks", lambda: context.check(*reader.checks(case)))
    image = case.images[CT].image
    lungs = timed("mask", lambda: find_lung_masks(case, CT, context))
    timed("checks of the lungs", lambda: lung_checks(lungs.lungs, case.images[CT]))
    metadata = bundle.metadata
    assert isinstance(metadata, NetworkMetadata)
    prepared = timed("preprocessing", lambda: prepare_slices(image, metadata.preprocessing, lungs.lungs.both))
    timed("bare forward", lambda: _bare(model.network, prepared.pixels))
    answers = timed("forward with map", lambda: _asked(bundle, prepared.pixels, context))
    kind = lung_survival.Details if reader is lung_survival.READER else pasc_fibrosis.Details
    prediction = Prediction(answers.logits, answers.embedding, kind(lungs, prepared, answers))
    found = timed("map and measurements", lambda: reader.explain(case, prediction, context))
    with tempfile.TemporaryDirectory() as folder:
        _write(case, found, bundle, Path(folder), timed)
    return times


def _asked(bundle: Bundle, pixels: NDArray[np.float32], context: ReadContext) -> Any:
    """What the network says of the slices, with its map."""
    network, metadata = context.model.network, bundle.metadata
    if isinstance(metadata, SurvivalMetadata):
        return ask_survival(network, pixels, metadata, context.device, context.note, explainable=True)
    aggregation = bundle.of_kind(ClassifierMetadata).aggregation
    return ask_slices(network, pixels, aggregation, context.device, context.note)


def _write(case: Case, found: Answer, bundle: Bundle, folder: Path, timed: Callable[..., Any]) -> None:
    """The layers as the panel shows them, and the report."""
    reading = Reading(
        reader=bundle.metadata.reader,
        task=bundle.metadata.task,
        study=case.study,
        findings=found.findings,
        checks=(),
        bundle=bundle.facts,
        provenance=Provenance(software={}, device="cpu", started="2026-01-01T00:00:00Z", seconds=0.0, settings={}),
        prediction_sets=found.prediction_sets,
        measurements=found.measurements,
        regions=tuple(layer.region for layer in found.regions),
        curves=found.curves,
        heat_maps=tuple(layer.heat_map for layer in found.maps),
        key_pictures=tuple(layer.picture for layer in found.pictures),
    )
    timed("layers", lambda: write_results(reading, case, found, folder, {}))
    for name, data in drawn(reading, found).items():
        (folder / name).write_bytes(data)
    timed("report", lambda: write_reports(reading, folder, folder))


@torch.inference_mode()
def _bare(network: SliceNetwork, pixels: NDArray[np.float32], half: bool = False) -> NDArray[np.float32]:
    """Logits of the slices; nothing but the network."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        found = [network.classifier(network.backbone(batch)) for batch in torch.from_numpy(pixels).split(4)]
    return np.asarray(torch.cat(found).float())


def _from_worker(inputs: Inputs, least: list[float]) -> None:
    study = open_study(inputs.reader, {CT: inputs.chest})
    client = WorkerClient()
    try:
        wanted: dict[str, object] = {
            "reader": inputs.reader.name,
            "study": study.to_json(),
            "bundle": inputs.bundle,
            "device": "cpu",
            "answer_first": True,
            "force": True,  # the bundle may know phantoms alone
        }
        rounds = [_read(client, wanted) for _ in range(inputs.repeats + 1)]
    finally:
        client.stop()
    print(f"{'answer, cold worker':<28}{rounds[0][0]:8.2f} s wall")
    shown, whole = (median(times) for times in zip(*rounds[1:], strict=True))
    print(f"{'answer, warm worker':<28}{shown:8.2f} s wall   / (mask + bare forward): {shown / median(least):5.2f}")
    print(f"{'answer with its tests':<28}{whole:8.2f} s wall   / (mask + bare forward): {whole / median(least):5.2f}")


def _read(client: WorkerClient, wanted: dict[str, Any]) -> tuple[float, float]:
    """Seconds until the answer came, and until its tests were done; into a new folder, as a panel reads."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        call = client.start("read", {**wanted, "out": folder})
        shown = 0.0
        while True:
            for event in call.poll():
                if isinstance(event, Partial):
                    shown = time.perf_counter() - begun
                elif isinstance(event, Failed):
                    raise event.error
                elif isinstance(event, Finished):
                    return shown, time.perf_counter() - begun
            time.sleep(0.001)


def memory(inputs: Inputs) -> None:
    """The most that a read takes beyond what Python, the libraries and the network take."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.nrrd"
        made = fibrosis_ct(0, 300, shape=(20, 80, 100), spacing=(14.0, 3.6, 3.6))
        image = SimpleITK.GetImageFromArray(made.pixels)
        image.SetSpacing(made.spacing[::-1])
        SimpleITK.WriteImage(image, str(small))
        work = (
            "def work(path):\n"
            f"    reader = find_reader({inputs.reader.name!r})\n"
            "    study = open_study(reader, {'ct': pathlib.Path(path)})\n"
            f"    bundle, out = store.find({inputs.bundle!r}), pathlib.Path({folder!r}) / 'out'\n"
            "    read(reader, study, bundle, out, 'cpu', force=True,\n"
            "         on_answer=lambda reading: print(peak() - before))\n"
        )
        imports = (
            "from readingroom.bundles import store\nfrom readingroom.readers.base import read\n"
            "from readingroom.readers.opening import open_study\nfrom readingroom.readers.registry import find_reader\n"
        )
        warm = f"before = 0\nwork({str(small)!r})\nprint(0)"
        peaks = _peaks(imports + work + warm, "work(path)\nprint(peak() - before)", inputs.chest)
    volume = _volume_megabytes(inputs)
    for name, peak in zip(("answer", "whole read"), peaks, strict=True):
        print(f"{name + ', peak memory':<28}{peak:8.0f} MB, {peak / volume:.1f} times the float32 volume")


def half(inputs: Inputs) -> None:
    """The forward pass in bfloat16, which only a processor that has it computes faster."""
    if "avx512_bf16" not in _processor() and "amx_bf16" not in _processor():
        print("bfloat16: this processor does not have it.")
        return
    bundle = store.find(inputs.bundle)
    if not isinstance(bundle.metadata, ClassifierMetadata):
        return
    model = inputs.reader.load_model(bundle, torch.device("cpu"))
    image = load_volume(inputs.chest).image
    pixels = prepare_slices(image, bundle.of_kind(ClassifierMetadata).preprocessing, find_lungs(image).both).pixels
    network = model.network
    contestants = {OURS: lambda: _bare(network, pixels), "bfloat16": lambda: _bare(network, pixels, half=True)}
    full, short = (work() for work in contestants.values())
    take_turns("forward", contestants, inputs.repeats)
    slices, study = (np.abs(softmax(join(full), 1) - softmax(join(short), 1)).max() for join in (np.asarray, _joined))
    print(f"{'bfloat16, probabilities':<28}differ by {study:.1e}; of single slices by {slices:.1e} at most")


def _joined(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(logits.mean(0, keepdims=True))


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.is_file() else ""


def _volume_megabytes(inputs: Inputs) -> float:
    return float(load_volume(inputs.chest).voxels.nbytes / 2**20)


def peak_megabytes(work: str, path: Path) -> float | None:
    """How much more memory than before a process of its own takes for the work; None where Linux does not say it."""
    found = _peaks("from readingroom.imaging.volume import load_volume\n", f"{work}\nprint(peak() - before)", path)
    return found[-1] if found else None


def _peaks(prepare: str, work: str, path: Path) -> list[float]:
    """The numbers that ``work`` prints, in a process of its own after ``prepare``; none where Linux does not say them.

    Both may use ``path``, ``before`` and ``peak()``, the most memory so far in MB.
    """
    if not Path("/proc/self/status").is_file():
        return []
    code = (
        "import pathlib, sys\n"
        "status, path = pathlib.Path('/proc/self/status'), pathlib.Path(sys.argv[1])\n"
        "peak = lambda: int(status.read_text().split('VmHWM:')[1].split()[0]) / 1024\n"
        f"{prepare}\nprint('begins')\nbefore = peak()\n{work}\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.partition("begins\n")[2].splitlines()]


def take_turns(step: str, contestants: Mapping[str, Callable[[], object]], repeats: int) -> None:
    """Print the medians of each contestant, and how many times as long as ours each of the others takes."""
    wall: dict[str, list[float]] = {name: [] for name in contestants}
    cpu: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, work in contestants.items():
            begun, used = time.perf_counter(), _cpu_seconds()
            work()
            wall[name].append(time.perf_counter() - begun)
            cpu[name].append(_cpu_seconds() - used)
    for name in contestants:
        ratios = [median(a / b for a, b in zip(times[OURS], times[name], strict=True)) for times in (wall, cpu)]
        print(
            f"{step + ', ' + name:<28}{median(wall[name]):8.2f} s wall {median(cpu[name]):8.2f} s CPU   "
            f"ours / this: wall {ratios[0]:5.2f}, CPU {ratios[1]:5.2f}"
        )


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


STEPS: tuple[Callable[[Inputs], None], ...] = (load, mask, answer, memory, half)

if __name__ == "__main__":
    main()
