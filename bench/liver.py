"""What a liver MR costs on its way to an answer: the map against the bare network, 72 features, the whole read.

    python bench/liver.py [--network medicalnet_resnet50] [--repeats 3] [--read] [--memory]

``bare`` and ``map`` take turns within each repeat, and the median of the ratios within the turns is printed, so that
other load hits both: one forward pass alone, and the answer with the map of each label and of each of the 128 features.
The features are measured in a phantom's liver on its own voxels. ``--read`` reads with random weights as the shell
does, in a process of its own, whose peak memory is printed. ``--memory`` reads an MR of 120 x 320 x 320 voxels with the
demonstration bundle, after a small one, so that what Python, the libraries and the network take does not count.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import SimpleITK
import torch

from readingroom.bundles import write
from readingroom.bundles.metadata import ClassifierMetadata, HandcraftedSettings, Preprocessing, Training
from readingroom.networks import volumes
from readingroom.phantoms.abdomen_mr import AbdomenMR, abdomen_mr
from readingroom.radiomics.handcrafted import NAMES, measure_handcrafted
from readingroom.readers.liver_hcc import TASK
from readingroom.readers.volume_network import ask_volume

SIZE = (64, 128, 128)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--network", default="medicalnet_resnet50")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--read", action="store_true")
    parser.add_argument("--only-map", action="store_true")
    parser.add_argument("--memory", action="store_true", help="that alone")
    asked = parser.parse_args()
    if asked.memory:
        _memory()
        return
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or platform.machine()
    print(f"{asked.network} on {name}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    _map(asked.network, device, asked.repeats)
    phantom = abdomen_mr(5, nodules_ml=60.0, cirrhosis=0.5)
    if not asked.only_map:
        _features(phantom, asked.repeats)
    if asked.read:
        _read(phantom, asked.network)


def _map(name: str, device: torch.device, repeats: int) -> None:
    torch.manual_seed(0)
    network = volumes.create(name, 2).to(device)
    pixels = np.random.default_rng(0).random((1, *SIZE), dtype=np.float32)
    described = _metadata(name)

    def bare() -> None:
        with torch.inference_mode():
            network(torch.from_numpy(pixels[None]).to(device)).cpu()

    def mapped() -> None:
        ask_volume(network, pixels, described, device, print, explainable=True)

    bare()
    mapped()
    turns = [(_seconds(bare), _seconds(mapped)) for _ in range(repeats)]
    (forward, own), (forward_cpu, own_cpu) = (
        (median(turn[0][clock] for turn in turns), median(turn[1][clock] for turn in turns)) for clock in (0, 1)
    )
    ratio, ratio_cpu = (median(turn[1][clock] / turn[0][clock] for turn in turns) for clock in (0, 1))
    print(f"bare forward: {forward:.3f} s, CPU {forward_cpu:.3f} s")
    print(f"answer with maps: {own:.3f} s, CPU {own_cpu:.3f} s; ratio {ratio:.3f}, by CPU time {ratio_cpu:.3f}")


def _features(phantom: AbdomenMR, repeats: int) -> None:
    image = _image(phantom.pixels, phantom)
    settings = HandcraftedSettings()
    measure_handcrafted(image, phantom.liver, settings)
    took = [_seconds(lambda: measure_handcrafted(image, phantom.liver, settings)) for _ in range(repeats)]
    voxels = int(phantom.liver.sum())
    wall, cpu = (median(one[clock] for one in took) for clock in (0, 1))
    print(f"{len(NAMES)} features of {voxels:,} voxels: {wall:.3f} s, CPU {cpu:.3f} s")


def _read(phantom: AbdomenMR, network: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        torch.manual_seed(0)
        weights = volumes.create(network, 2).state_dict()
        write.write(folder / "random", _metadata(network), weights, card="# Random\n", license_text="Apache\n")
        SimpleITK.WriteImage(_image(phantom.pixels, phantom), str(folder / "mr.nrrd"))
        SimpleITK.WriteImage(_image(phantom.liver.astype(np.uint8), phantom), str(folder / "liver.nrrd"))
        began = time.perf_counter()
        subprocess.run(
            [
                sys.executable, "-m", "readingroom.cli", "read", "liver-hcc", folder / "mr.nrrd",
                "--mask", f"liver={folder / 'liver.nrrd'}", "--bundle", folder / "random", "--out", folder / "out",
            ],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        print(f"whole read with its tests: {time.perf_counter() - began:.1f} s, peak {peak:.2f} GiB")


def _memory() -> None:
    """The most that a read takes beyond what Python, the libraries and the network take; where Linux says it."""
    code = """import pathlib, sys
from readingroom.bundles import store
from readingroom.readers.base import read
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader
peak = lambda: int(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) / 1024
reader, folder = find_reader('liver-hcc'), pathlib.Path(sys.argv[1])
def work(name):
    study = open_study(reader, {'mr': folder / f'{name}.nrrd'}, {'liver': folder / f'{name}-liver.nrrd'})
    read(reader, study, store.find(reader.default_bundle), folder / 'out', 'cpu', force=True, options=sys.argv[2:],
         on_answer=lambda reading: print(peak() - before))
    print(peak() - before)
before = 0
work('small')
before = peak()
work('large')
"""
    shapes = {"small": ((30, 80, 104), (8.0, 4.0, 4.0)), "large": ((120, 320, 320), (2.0, 1.25, 1.25))}
    with tempfile.TemporaryDirectory() as temporary:
        for name, (shape, spacing) in shapes.items():
            phantom = abdomen_mr(5, nodules_ml=60.0, cirrhosis=0.5, shape=shape, spacing=spacing)
            SimpleITK.WriteImage(_image(phantom.pixels, phantom), f"{temporary}/{name}.nrrd")
            SimpleITK.WriteImage(_image(phantom.liver.astype(np.uint8), phantom), f"{temporary}/{name}-liver.nrrd")
        volume = phantom.pixels.size * 4 / 2**20
        for options in ((), ("correct-bias-field",)):
            done = subprocess.run(
                [sys.executable, "-c", code, temporary, *options], capture_output=True, text=True, check=True
            )
            for step, peak in zip(("answer", "whole read"), map(float, done.stdout.split()[-2:]), strict=True):
                told = " ".join((step, *options))
                print(f"{told}: peak {peak:.0f} MB, {peak / volume:.1f} times the float32 volume of {volume:.0f} MB")


def _metadata(network: str) -> ClassifierMetadata:
    return ClassifierMetadata(
        name="random",
        title="Random weights",
        version="1.0.0",
        reader="liver-hcc",
        task="hcc",
        backbone=network,
        labels=TASK.labels,
        multilabel=False,
        preprocessing=Preprocessing(
            "volume", SIZE, 1, normalize="image", percentiles=(0.5, 99.5), organ="liver", organ_crop=True,
            keep_aspect=True,
        ),
        training=Training("rigorous", 1, 1, {}, ("phantoms",), 0),
        intended_use="Measurements of speed.",
        license="Apache-2.0",
        demonstration=True,
    )  # fmt: skip


def _image(voxels: np.ndarray, phantom: AbdomenMR) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetSpacing(phantom.spacing[::-1])
    return image


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU time."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
