"""What a heat map costs: prediction and maps of one batch against the bare prediction and against two other libraries.

    python bench/cam.py [--images 32] [--repeats 5] [--threads 2] [--channels-last]

DenseNet-121 (MONAI's, random weights, fixed seed), 224 x 224, one process. Each contestant gets its own copy of the
network and turns the same input into heat maps of 224 x 224 for one class; all map the same layer (the last ReLU). The
contestants take turns within each repeat, so that other load on the machine hits all of them; ratios are taken within
each repeat, and medians are printed, of wall time and of the process's CPU time (which other load hardly touches). The
bare forward pass is the same eager network under ``torch.inference_mode``, given the batch whole.
"""

from __future__ import annotations

import argparse
import copy
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from readingroom.explain.cam import Method, activation_maps
from readingroom.explain.normalize import heat_maps
from readingroom.networks.torchvision_schemas import make_torchvision_importable

make_torchvision_importable()  # pytorch-grad-cam and MONAI import torchvision
warnings.filterwarnings("ignore")

import monai  # noqa: E402
import pytorch_grad_cam  # noqa: E402
from monai.networks.nets.densenet import DenseNet121  # noqa: E402
from monai.visualize.class_activation_maps import GradCAM  # noqa: E402
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # noqa: E402

SIZE = (224, 224)
LAYER = "class_layers.relu"
TARGET = 1

BARE, OURS, OURS_GRAD, MONAI, PEER = (
    "bare forward pass",
    "ReadingRoom, auto (CAM)",
    "ReadingRoom, grad-cam",
    "MONAI GradCAM",
    "pytorch-grad-cam GradCAM",
)


def contestants(network: nn.Module, inputs: Tensor) -> dict[str, Callable[[], Tensor]]:
    """Each makes (images, 224, 224) heat maps of class ``TARGET``; the bare forward pass gives its logits instead."""
    bare, ours = copy.deepcopy(network), copy.deepcopy(network)

    def forward() -> Tensor:
        with torch.inference_mode():
            return bare(inputs)

    def readingroom(method: Method | Literal["auto"]) -> Callable[[], Tensor]:
        return lambda: heat_maps(activation_maps(ours, inputs, targets=TARGET, method=method).maps, SIZE)[:, 0]

    monai_cam = GradCAM(copy.deepcopy(network), target_layers=LAYER)
    peer_network = copy.deepcopy(network)
    peer_cam = pytorch_grad_cam.GradCAM(peer_network, [peer_network.get_submodule(LAYER)])
    peer_targets = [ClassifierOutputTarget(TARGET)] * len(inputs)
    return {
        BARE: forward,
        OURS: readingroom("auto"),
        OURS_GRAD: readingroom("grad-cam"),
        # MONAI's maps are hot where it does not matter; turned round here, outside of its time it would be the same.
        MONAI: lambda: 1 - monai_cam(inputs, class_idx=TARGET)[:, 0],
        PEER: lambda: torch.from_numpy(peer_cam(inputs, targets=peer_targets)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--channels-last", action="store_true", help="channels-last memory for every contestant")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    network = DenseNet121(spatial_dims=2, in_channels=3, out_channels=2).eval()
    inputs = torch.randn(arguments.images, 3, *SIZE)
    if arguments.channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch has it
        inputs = inputs.to(memory_format=torch.channels_last)

    runs = contestants(network, inputs)
    results = {name: run() for name, run in runs.items()}  # also the warm-up
    wall: dict[str, list[float]] = {name: [] for name in runs}
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(arguments.repeats):
        for name, run in runs.items():
            start = time.perf_counter(), time.process_time()
            run()
            wall[name].append(time.perf_counter() - start[0])
            cpu[name].append(time.process_time() - start[1])

    memory = "channels-last" if arguments.channels_last else "contiguous"
    print(
        f"DenseNet-121, {arguments.images} images of 224 x 224, {memory}, {arguments.threads} threads, "
        f"{arguments.repeats} interleaved repeats; torch {torch.__version__}, MONAI {monai.__version__}, "
        f"pytorch-grad-cam {_version('grad-cam')}, Python {platform.python_version()}\n"
    )
    columns = ["", "wall s", "CPU s", "wall / bare", "CPU / bare", "wall / ours", "CPU / ours", "max map difference"]
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for name in runs:
        difference = "" if name in (BARE, OURS) else f"{(results[name] - results[OURS]).abs().max().item():.1e}"
        print(
            f"| {name} | {statistics.median(wall[name]):.2f} | {statistics.median(cpu[name]):.2f} "
            f"| {_ratio(wall[name], wall[BARE])} | {_ratio(cpu[name], cpu[BARE])} "
            f"| {_ratio(wall[name], wall[OURS])} | {_ratio(cpu[name], cpu[OURS])} | {difference} |"
        )


def _ratio(times: list[float], reference: list[float]) -> str:
    """Median of the ratios of the runs that lay side by side."""
    return f"{statistics.median(a / b for a, b in zip(times, reference, strict=True)):.2f}"


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


if __name__ == "__main__":
    main()
