"""How far the filters agree with IBSI 2: response maps of the digital phantoms, and features of the filtered CT.

    python experiments/ibsi_filters.py [--maps] [--features]

Phantoms, reference maps and values lie in ``../shared/data/ibsi``. A voxel of a map agrees within 1 % of the range of
the reference map, a feature within the tolerance of the consensus. Configurations are those of the reference manual.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Common"))

from readingroom.radiomics import image_types  # noqa: E402
from readingroom.radiomics.measure import measure  # noqa: E402
from readingroom.radiomics.prepare import prepare  # noqa: E402
from readingroom.radiomics.settings import Settings  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "ibsi"
TOLERANCE = 0.01  # of the range of a reference map


@dataclass(frozen=True)
class Response:
    """A reference map: the phantom, the image type with its options, and the image of those it gives."""

    phantom: str
    kind: str
    options: dict[str, Any]
    image: str


def _maps() -> dict[str, Response]:
    mean = {"mean_support": 15}
    turned = {"rotation_invariant": True}
    laws_space = {"laws_kernel": "E5L5S5", "filter_boundary": "zero", "laws_energy": 0}
    laws_mixed = {"laws_kernel": "E3W5R5", "laws_energy": 0}
    laws_plane = {"laws_kernel": "L5S5", "laws_energy": 0, "force_2d": True}
    thin = {"gabor_sigma": 10, "gabor_wavelength": 4, "gabor_gamma": 0.5, "filter_boundary": "zero"}
    wide = {"gabor_sigma": 20, "gabor_wavelength": 8, "gabor_gamma": 2.5}
    energy = {"laws_energy": 7}
    db2 = {"wavelet": "db2", "filter_boundary": "zero"}
    coif1 = {"wavelet": "coif1", "filter_boundary": "periodic"}
    haar = {"wavelet": "haar", "level": 2, **turned}
    found = {
        f"1_a_{number}": Response("checkerboard", "Mean", {**mean, "filter_boundary": boundary}, "mean-15")
        for number, boundary in enumerate(("zero", "nearest", "periodic", "mirror"), start=1)
    }
    found |= {
        "1_b_1": Response(
            "impulse", "Mean", {"mean_support": 15, "filter_boundary": "zero", "force_2d": True}, "mean-15"
        ),
        "2_a": Response("impulse", "LoG", {"sigma": (3.0,), "filter_boundary": "zero"}, "log-sigma-3-0-mm-3D"),
        "2_b": Response("checkerboard", "LoG", {"sigma": (5.0,)}, "log-sigma-5-0-mm-3D"),
        "2_c": Response("checkerboard", "LoG", {"sigma": (5.0,), "force_2d": True}, "log-sigma-5-0-mm-3D"),
    }
    for name, phantom, options in (
        ("3_a", "impulse", laws_space),
        ("3_b", "checkerboard", laws_mixed),
        ("3_c", "checkerboard", laws_plane),
    ):
        kernel = f"laws-{options['laws_kernel']}"
        found |= {
            f"{name}_1": Response(phantom, "Laws", options, kernel),
            f"{name}_2": Response(phantom, "Laws", {**options, **turned}, kernel),
            f"{name}_3": Response(phantom, "Laws", {**options, **turned, **energy}, f"{kernel}-energy-7"),
        }
    first, second = (
        f"gabor-sigma-{sigma}-0-wavelength-{wavelength}-0-gamma-{gamma}"
        for sigma, wavelength, gamma in ((10, 4, "0-5"), (20, 8, "2-5"))
    )
    found |= {
        "4_a_1": Response("impulse", "Gabor", {**thin, "gabor_angle": 60}, first),
        "4_a_2": Response("impulse", "Gabor", {**thin, **turned, "gabor_step": 45}, first),
        "4_b_1": Response("sphere", "Gabor", {**wide, "gabor_angle": 225}, second),
        "4_b_2": Response("sphere", "Gabor", {**wide, **turned, "gabor_step": 22.5}, second),
        "5_a_1": Response("impulse", "Wavelet", db2, "wavelet-LHL"),
        "5_a_2": Response("impulse", "Wavelet", {**db2, **turned}, "wavelet-LLH"),  # LHL after a turn
        "6_a_1": Response("sphere", "Wavelet", coif1, "wavelet-HHL"),
        "6_a_2": Response("sphere", "Wavelet", {**coif1, **turned}, "wavelet-LHH"),
        "7_a_1": Response("checkerboard", "Wavelet", haar, "wavelet2-LLL"),
        "7_a_2": Response("checkerboard", "Wavelet", haar, "wavelet2-HHH"),
    }
    for level in (1, 2, 3):
        name = f"simoncelli-{level}"
        found[f"8_a_{level}"] = Response(
            "checkerboard", "Simoncelli", {"level": level, "filter_boundary": "periodic"}, name
        )
    first, second = "riesz-1-0-0", "riesz-0-2-0"
    sigma = {"sigma": (3.0,), "filter_boundary": "zero"}
    return found | {
        "9_a": Response("impulse", "LoG", {**sigma, "riesz_order": (1, 0, 0)}, f"{first}-log-sigma-3-0-mm-3D"),
        "9_b_1": Response("sphere", "LoG", {**sigma, "riesz_order": (0, 2, 0)}, f"{second}-log-sigma-3-0-mm-3D"),
        "10_b_1": Response("pattern_1", "Simoncelli", {"riesz_order": (0, 2, 0)}, f"{second}-simoncelli-1"),
    }


MAPS = _maps()

FEATURES: dict[str, tuple[str, dict[str, Any], tuple[str, str]]] = {  # type, options, images in slices and in space
    "1": ("Original", {}, ("original", "original")),
    "2": ("Mean", {"mean_support": 5}, ("mean-5", "mean-5")),
    "3": ("LoG", {"sigma": (1.5,)}, ("log-sigma-1-5-mm-3D", "log-sigma-1-5-mm-3D")),
    "4": ("Laws", {"rotation_invariant": True}, ("laws-L5E5-energy-7", "laws-L5E5E5-energy-7")),
    "5": ("Gabor", {"rotation_invariant": True}, ("gabor-sigma-5-0-wavelength-2-0-gamma-1-5",) * 2),
    "6": ("Wavelet", {"wavelet": "db3", "rotation_invariant": True}, ("wavelet-LH", "wavelet-LLH")),
    "7": ("Wavelet", {"wavelet": "db3", "rotation_invariant": True, "level": 2}, ("wavelet2-HH", "wavelet2-HHH")),
    "8": ("Simoncelli", {}, ("simoncelli-1", "simoncelli-1")),
    "9": ("Simoncelli", {"level": 2}, ("simoncelli-2", "simoncelli-2")),
}
TAGS = {  # IBSI's tag of each first-order feature of the consensus
    "mean": "Mean",
    "var": "Variance",
    "skew": "Skewness",
    "kurt": "Kurtosis",
    "median": "Median",
    "min": "Minimum",
    "p10": "10Percentile",
    "p90": "90Percentile",
    "max": "Maximum",
    "iqr": "InterquartileRange",
    "range": "Range",
    "mad": "MeanAbsoluteDeviation",
    "rmad": "RobustMeanAbsoluteDeviation",
    "medad": "MedianAbsoluteDeviation",
    "cov": "CoefficientOfVariation",
    "qcod": "QuartileCoefficientOfDispersion",
    "energy": "Energy",
    "rms": "RootMeanSquared",
}


def response(name: str, box: tuple[slice, slice, slice]) -> NDArray[np.float64]:
    """Our response map of a configuration, in a box of the phantom."""
    asked = MAPS[name]
    (path,) = (DATA / "ibsi_2_digital_phantom" / "nifti" / asked.phantom / "image").iterdir()
    image = SimpleITK.ReadImage(str(path))
    inside = np.zeros(SimpleITK.GetArrayViewFromImage(image).shape, np.uint8)
    inside[box] = 1
    mask = SimpleITK.GetImageFromArray(inside)
    mask.CopyInformation(image)
    settings = Settings(ibsi=True, **asked.options)
    found = dict(image_types.images(prepare(image, mask, settings), asked.kind, settings))
    return np.asarray(found[asked.image], dtype=np.float64)


@lru_cache(maxsize=1)
def reference(name: str) -> NDArray[np.float64]:
    """The reference map of a configuration."""
    image = SimpleITK.ReadImage(str(DATA / "ibsi_2_reference" / f"{name}-ValidCRM.nii.gz"))
    return SimpleITK.GetArrayFromImage(image).astype(np.float64)


def difference(name: str, box: tuple[slice, slice, slice]) -> NDArray[np.float64]:
    """How far our map is from the reference in a box, as a share of the range of the whole reference map."""
    whole = reference(name)
    return np.abs(response(name, box) - whole[box]) / (whole.max() - whole.min())


def features(configuration: str) -> dict[str, float]:
    """Our features of a configuration such as ``3.B``, by IBSI's tags."""
    kind, options, (in_slices, in_space) = FEATURES[configuration[0]]
    flat = configuration.endswith("A")
    own = {"laws_kernel": "L5E5"} if flat and kind == "Laws" else {}
    where: dict[str, Any] = (
        {"force_2d": True} if flat else {"resampled_spacing": (1, 1, 1), "interpolator": "sitkBSpline"}
    )
    settings = Settings(
        ibsi=True,
        image_types={kind: {**options, **own}},
        features={"firstorder": ()},
        resegment_range=(-1000, 400),
        provenance=False,
        **where,
    )
    folder = DATA / "ibsi_1_ct_radiomics_phantom" / "nifti"
    image, mask = (SimpleITK.ReadImage(str(folder / path)) for path in ("image/phantom.nii.gz", "mask/mask.nii.gz"))
    values = measure(SimpleITK.Cast(SimpleITK.Round(image), SimpleITK.sitkInt16), mask, settings).values
    name = in_slices if flat else in_space
    return {f"stat_{tag}": values[f"{name}_firstorder_{feature}"] for tag, feature in TAGS.items()}


def references() -> dict[str, dict[str, tuple[float, float]]]:
    """Value and tolerance of each tag, by configuration; what has no consensus is left out."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    with (DATA / "ibsi_2_reference" / "reference_values.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter=";"):
            if row["consensus_value"] and row["tolerance"]:
                pair = float(row["consensus_value"]), float(row["tolerance"])
                found.setdefault(row["filter_id"], {})[row["feature_tag"]] = pair
    return found


def print_maps() -> None:
    """A line for each reference map."""
    everything = (slice(None),) * 3
    agree = 0
    for name in MAPS:
        asked, far = MAPS[name], difference(name, everything)
        agree += bool((far <= TOLERANCE).all())
        print(f"{name:8} {asked.phantom:14} {asked.image:45} {far.max():.1e} {(far <= TOLERANCE).mean():8.2%}")
    print(f"{agree} of {len(MAPS)} maps agree in every voxel")


def print_features() -> None:
    """A line for each configuration, with the features that do not agree."""
    total = count = 0
    expected = references()
    for number in FEATURES:
        for letter in "AB":
            configuration, start = f"{number}.{letter}", time.process_time()
            ours, theirs = features(configuration), expected[f"{number}.{letter}"]
            compared = [tag for tag in ours if tag in theirs]
            wrong = [tag for tag in compared if not abs(ours[tag] - theirs[tag][0]) <= theirs[tag][1]]
            total, count = total + len(compared) - len(wrong), count + len(compared)
            said = ", ".join(f"{tag} {ours[tag]:.4g} for {theirs[tag][0]:.4g}±{theirs[tag][1]:.2g}" for tag in wrong)
            spent = time.process_time() - start
            print(f"{configuration} {len(compared) - len(wrong)} of {len(compared)} ({spent:.1f} s) {said}", flush=True)
    print(f"{total} of {count} features agree")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", action="store_true", help="maps alone")
    parser.add_argument("--features", action="store_true", help="features alone")
    options = parser.parse_args()
    if options.maps or not options.features:
        print_maps()
    if options.features or not options.maps:
        print_features()


if __name__ == "__main__":
    main()
