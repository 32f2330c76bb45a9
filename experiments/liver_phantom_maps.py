"""Does the map of Liver HCC lie on what was planted, and does its check of distance notice a real MR?

    python -m experiments.liver_phantom_maps --bundle DIR --out FOLDER [--data ../shared/data] [--page docs/results.md]

The reader reads phantoms that trained nothing. Its map within the liver is held against the planted nodules, and
against maps that need no network; then the weights are shuffled. Two real MRs, which trained nothing either, are asked
about as they are and with nodules planted into their livers. What came of it is written into the bundle's card.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from readingroom import codes, records
from readingroom.bundles import paths
from readingroom.bundles.bundle import Bundle, load
from readingroom.bundles.metadata import ClassifierMetadata
from readingroom.errors import ReadingRoomError
from readingroom.files import make_folder, write_text
from readingroom.formatting import estimate_text
from readingroom.imaging.liver import grow_liver
from readingroom.imaging.volume import load_volume
from readingroom.metrics.bootstrap import patient_intervals
from readingroom.parallel import map_parallel
from readingroom.phantoms.abdomen_mr import Sequence as MRSequence
from readingroom.phantoms.abdomen_mr import plant
from readingroom.progress import Progress
from readingroom.readers.base import ReadContext
from readingroom.readers.liver_hcc import READER, Model, ask
from readingroom.readers.liver_hcc_answer import heat_of
from readingroom.readers.liver_masks import LIVER, MR
from readingroom.readers.probabilities import calibrate
from readingroom.reading import Estimate
from readingroom.study import Study, StudyImage, StudyMask

from .liver_phantoms import TESTED_SEED, image_of, phantom
from .lung_survival_card import with_card_section
from .phantom_maps import Floats, Mask, Place, blob_place, even_place, of_maps, place_of, shuffled
from .results.page import LIVERS, with_section

WITHOUT = 3  # one phantom of so many has no nodules
_MAPS = {
    "network": "the map, within the liver",
    "shuffled": "the same network, all weights shuffled",
    "blob": "a central blob of the size of what was planted",
    "even": "the liver, evenly",
}
_OTHERS = {"shuffled": "the shuffled network", "blob": "the blob", "even": "the liver evenly"}
_PLANTED_ML, _PLANTINGS = 40.0, 4
_HEADING, _NEXT = "## Against what was planted", "## Operating points"


@dataclass(frozen=True)
class Found:
    """What one phantom showed; ``places`` is empty where nothing was planted."""

    seed: int
    planted_ml: float
    probability: float
    distance: float
    places: Mapping[str, Place]


@dataclass(frozen=True, eq=False)
class RealMR:
    """A real MR with its liver ``[k, j, i]``; ``credit`` names its source and license."""

    title: str
    credit: str
    image: SimpleITK.Image
    liver: Mask
    sequence: MRSequence


@dataclass(frozen=True)
class Asked:
    """What the bundle says of a real MR, as it is and with nodules planted, and how far it lies from the phantoms."""

    title: str
    credit: str
    distance: float
    before: float
    after: tuple[float, ...]


def measure(bundle: Bundle, seed: int, coarse: float = 1.0) -> Found:
    """Read a phantom with the bundle, and with its weights shuffled."""
    made, _ = phantom(seed, seed % WITHOUT != 0, coarse)
    context, model = _opened(bundle)
    image = image_of(made.pixels, made.spacing)
    probability, distance, heat = _read(model, context, image, made.liver)
    places = {}
    if made.nodules.any():
        other = dataclasses.replace(model, network=shuffled(model.network, seed))
        places = {
            "network": place_of(np.where(made.liver, heat, 0), made.nodules),
            "shuffled": place_of(np.where(made.liver, _read(other, context, image, made.liver)[2], 0), made.nodules),
            "blob": blob_place(made.liver, made.nodules, made.spacing, np.argwhere(made.liver).mean(axis=0)),
            "even": even_place(made.liver, made.nodules),
        }
    return Found(seed, made.nodules_ml, probability, distance, places)


def measure_all(bundle: Bundle, phantoms: int, out: Path, coarse: float = 1.0, workers: int = 1) -> list[Found]:
    """Every phantom; what an earlier run with the same weights has left in ``out`` is not measured again."""
    kept = make_folder(out) / f"maps-{bundle.files[paths.WEIGHTS][:12]}-{phantoms}.json"
    if kept.is_file():
        return [records.from_json(Found, each) for each in json.loads(kept.read_text(encoding="utf-8"))]
    wanted = [(bundle.folder, TESTED_SEED + number, coarse) for number in range(phantoms)]
    found = map_parallel(_measured, wanted, processes=workers)
    write_text(kept, json.dumps(records.to_json(found), indent=1) + "\n")
    return found


def real_mrs(data: Path) -> list[RealMR]:
    """The two public MRs of a liver. Of the first the liver is grown from one point; the second has a mask."""
    folder = data / "totalseg_examples"
    whole = load_volume(data / "abdomen_mr" / "CMB-CRC_SCAN_001" / "t2_image_dicom").image
    slab = load_volume(folder / "example_mr_sm.nii.gz").image
    mask = load_volume(folder / "example_seg_mr.nii.gz").image
    return [
        RealMR(
            "T2 of a whole abdomen",
            "CMB-CRC-MSB-06489 of Cancer Moonshot Biobank (TCIA, CC BY 4.0, doi 10.7937/DJG7-GZ87)",
            whole,
            grow_liver(whole, _point_in_liver(whole)),
            "T2",
        ),
        RealMR(
            "slab of 6 cm, T1",
            "example_mr_sm of TotalSegmentator (Apache-2.0)",
            slab,
            SimpleITK.GetArrayFromImage(mask) == 5,
            "T1-in-phase",
        ),
    ]


def ask_real(bundle: Bundle, real: RealMR) -> Asked:
    """Ask about a real MR, and about the same with nodules of 40 mL in its liver, at several places."""
    context, model = _opened(bundle)
    before, distance, _ = _read(model, context, real.image, real.liver)
    pixels, spacing = SimpleITK.GetArrayFromImage(real.image), real.image.GetSpacing()
    after = []
    for seed in range(_PLANTINGS):
        changed, _ = plant(
            pixels, real.liver, (spacing[2], spacing[1], spacing[0]), seed, nodules_ml=_PLANTED_ML,
            sequence=real.sequence,
        )  # fmt: skip
        image = SimpleITK.GetImageFromArray(changed)
        image.CopyInformation(real.image)
        after.append(_read(model, context, image, real.liver)[0])
    return Asked(real.title, real.credit, distance, before, tuple(after))


def estimates(found: Sequence[Found]) -> dict[str, Estimate]:
    """Numbers of the map with their intervals over phantoms, which stand for patients."""
    planted = [each for each in found if each.places]

    def of_places(weights: Floats) -> dict[str, Floats]:
        return of_maps([each.places for each in planted], tuple(_MAPS), weights, ("shuffled", "blob", "even"))

    return dict(patient_intervals(of_places, [each.seed for each in planted]))


def section(found: Sequence[Found], asked: Sequence[Asked], bundle: Bundle) -> str:
    """The tables as Markdown."""
    statistics = _opened(bundle)[1].statistics
    assert statistics is not None  # training writes them
    numbers, planted = estimates(found), [each.planted_ml for each in found if each.places]
    far = np.array([each.distance for each in found])
    lines = [
        f"The bundle `{bundle.metadata.name}` on {len(found)} phantoms that trained nothing, {len(planted)} of them "
        f"with nodules of {min(planted):.0f} to {max(planted):.0f} mL in all; written by "
        "`python -m experiments.liver_phantom_maps`. It says whether the map points at what the network used, and "
        "nothing about patients. Cysts, vessels, fat and cirrhosis are in the same livers. Intervals are over "
        "phantoms.",
        "",
        "| map | share of its energy inside the nodules | its maximum lies inside |",
        "| --- | --- | --- |",
        *(
            f"| {words} | {estimate_text(numbers[f'{name} energy'])} | {estimate_text(numbers[f'{name} hit'])} |"
            for name, words in _MAPS.items()
        ),
        "",
        "A map that is the same everywhere has no maximum; what stands there is the chance to hit. Phantom by phantom "
        "the share inside the nodules exceeds that of "
        + ", of ".join(
            f"{words} by {estimate_text(numbers[f'beyond {name}'], signed=True)}"
            for name, words in (
                ("shuffled", "the shuffled network"),
                ("blob", "the blob"),
                ("even", "the liver evenly"),
            )
        )
        + ".",
        "",
        f"The check of distance warns above {statistics.warn_above:.0f} and stops above {statistics.stop_above:.0f}; "
        f"these limits come from phantoms. Of the {len(found)} phantoms {(far > statistics.warn_above).sum()} are "
        "above the first. Real MRs, which trained nothing:",
        "",
        "| real MR | distance | what the check does | probability of a carcinoma | the same with "
        f"{_PLANTED_ML:.0f} mL planted, {_PLANTINGS} times |",
        "| --- | --- | --- | --- | --- |",
        *(_row_of(each, statistics.warn_above, statistics.stop_above) for each in asked),
    ]
    return "\n".join(lines) + "\n"


def with_planted(bundle: Bundle, found: Sequence[Found], asked: Sequence[Asked]) -> Bundle:
    """The bundle with a card that says what its phantoms are, what its map found, and what it makes of real MRs."""
    numbers = estimates(found)
    text = {name: estimate_text(value) for name, value in numbers.items()}
    planted = (
        "Half of the phantoms have one to three nodules, of 2 to 80 mL in all; fat and cirrhosis are as frequent with "
        "nodules as without, and cysts and vessels lie in all. The network had been taught where nodules lie on other "
        "phantoms, as no label of a patient could teach it; the labels of these ones adjusted its last layer and its "
        "calibration. It is shown the liver alone: all else is black. Each place of its map has a weight in the answer "
        "that grows with the probability of a carcinoma there. All numbers of this card are of phantoms on T2."
    )
    seen = (
        f"On {sum(bool(each.places) for each in found)} phantoms with nodules that trained nothing, "
        f"{text['network energy']} of the energy of the map within the liver lay inside them, and the maximum in "
        f"{text['network hit']}. With all weights shuffled it was {text['shuffled energy']} and "
        f"{text['shuffled hit']}, of a central blob of the same size {text['blob energy']} and {text['blob hit']} "
        "(docs/results.md)."
    )
    real = section(found, asked, bundle).partition("The check of distance")
    return with_card_section(bundle, _HEADING, "\n\n".join((planted, seen, "".join(real[1:]).strip())), _NEXT)


def _row_of(asked: Asked, warn: float, stop: float) -> str:
    does = "stops" if asked.distance > stop else "warns" if asked.distance > warn else "nothing"
    after = ", ".join(f"{probability:.2f}" for probability in asked.after)
    return f"| {asked.title}: {asked.credit} | {asked.distance:.0f} | {does} | {asked.before:.2f} | {after} |"


def _opened(bundle: Bundle) -> tuple[ReadContext, Model]:
    import torch

    context = ReadContext(bundle, torch.device("cpu"), Progress())
    return context, READER.load_model(bundle, context.device)


def _read(
    model: Model, context: ReadContext, image: SimpleITK.Image, liver: Mask
) -> tuple[float, float, NDArray[np.float32]]:
    """Calibrated probability, distance from the training phantoms, and the map ``[k, j, i]`` of an MR."""
    mask = SimpleITK.GetImageFromArray(liver.astype(np.uint8))
    mask.CopyInformation(image)
    study = Study(
        (StudyImage(MR, modality="MR", pixels=image),), (StudyMask(LIVER, MR, code=codes.LIVER, pixels=mask),)
    )
    details = ask(model, READER.load(study), context, True)
    metadata = context.bundle.of_kind(ClassifierMetadata)
    probability = float(calibrate(metadata, details.answers.logits).probabilities[0])
    distance = float(model.statistics.distance(details.answers.embedding[None])[0]) if model.statistics else 0.0
    return probability, distance, heat_of(details, metadata)


def _measured(wanted: tuple[Path, int, float]) -> Found:
    folder, seed, coarse = wanted
    return measure(load(folder), seed, coarse)


def _point_in_liver(image: SimpleITK.Image) -> tuple[float, float, float]:
    """In the right lobe of the one whole abdomen that is asked about."""
    size = image.GetSize()
    place = image.TransformContinuousIndexToPhysicalPoint([0.27 * size[0], 0.45 * size[1], 0.6 * size[2]])
    return place[0], place[1], place[2]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.liver_phantom_maps")
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="whose card gets the numbers")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the numbers of each phantom")
    parser.add_argument("--data", type=Path, metavar="DIR", help="with abdomen_mr and totalseg_examples")
    parser.add_argument("--phantoms", type=int, default=60, metavar="N")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="whose section on these phantoms is written anew")
    options = parser.parse_args(arguments)
    try:
        bundle = load(options.bundle)
        found = measure_all(bundle, options.phantoms, options.out, workers=options.workers)
        asked = [ask_real(bundle, real) for real in (real_mrs(options.data) if options.data else ())]
        text = section(found, asked, bundle)
        with_planted(bundle, found, asked)
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), LIVERS, text))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    from experiments.liver_phantom_maps import main as run  # a process finds its work by the name of its module

    sys.exit(run())
