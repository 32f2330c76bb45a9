"""Makes the bundle ``cxr-lungs`` with its card, and the table behind its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from readingroom import codes
from readingroom.bundles import metadata, write
from readingroom.bundles.bundle import Bundle
from readingroom.csv_table import write_csv
from readingroom.networks import radiograph_unet
from readingroom.progress import Progress
from readingroom.readers.radiograph_lungs import BUNDLE, BUNDLE_READER, LABELS
from readingroom.reading import Estimate

from . import card, films, measure, train

VERSION = "1.0.0"
_LABELS = (
    metadata.Label(LABELS[0], "Right lung", codes.RIGHT_LUNG),
    metadata.Label(LABELS[1], "Left lung", codes.LEFT_LUNG),
)


@dataclass(frozen=True)
class Made:
    """The bundle, and what it found on each film of the test."""

    bundle: Bundle
    children: list[measure.Measured]
    adults: list[measure.Measured]


def make_bundle(data: Path, out: Path, recipe: train.Recipe, progress: Progress, every: int = 1) -> Made:
    """Train, measure, write.

    Parameters
    ----------
    data : the folder with ``cxr_kermany``, ``cxr_cohen_annotations`` and ``cxr``
    out : the bundle is a folder in it, and what is finished lies in another one
    every : only each so many film of both collections, to try it out
    """
    drawn, adults = films.children(data)[::every], films.adults(data)[::every]
    trained = [film for film in drawn if not films.is_test(film)]
    kept = [film for film in drawn if films.is_test(film)]
    work = out / f"{BUNDLE}-work"
    network = train.train(trained, recipe, work, progress.part(0.0, 0.9))
    weights = network.state_dict()

    def written(folder: Path, metrics: Mapping[str, Estimate], text: str) -> Bundle:
        return write.write(
            folder,
            _described(recipe, trained, metrics),
            weights,
            card=text,
            license_text=(Path(__file__).parents[2] / "LICENSE").read_text("utf-8"),
            network={"_target_": "readingroom.networks.radiograph_unet.RadiographUNet", "outputs": len(LABELS) + 1},
        )

    # What ships is measured: weights in half precision.
    unmeasured = written(work / BUNDLE, {}, "# Not measured yet")
    mean = measure.mean_outline(trained[::40])
    found = [
        measure.measure(unmeasured, group, mean, progress.part(*part))
        for group, part in ((kept, (0.9, 0.98)), (adults, (0.98, 1.0)))
    ]
    numbers = measure.metrics(*found)
    bundle = written(out / BUNDLE, numbers, card.card(_described(recipe, trained, numbers), recipe, *found))
    _write_table(out / f"{BUNDLE}-dice.csv", [*found[0], *found[1]])
    return Made(bundle, *found)


def _described(
    recipe: train.Recipe, trained: Sequence[films.Film], metrics: Mapping[str, Estimate]
) -> metadata.SegmenterMetadata:
    return metadata.SegmenterMetadata(
        name=BUNDLE,
        title="Lungs on chest radiographs",
        version=VERSION,
        reader=BUNDLE_READER,
        task="lungs",
        backbone=radiograph_unet.NAME,
        labels=_LABELS,
        preprocessing=recipe.preprocessing,
        training=metadata.Training(
            protocol="own",
            patients=len({film.patient for film in trained}),
            images=len(trained),
            counts=dict.fromkeys(LABELS, len(trained)),
            sources=card.SOURCES,
            seed=recipe.seed,
            settings=asdict(recipe) | {"films by label": dict(Counter(film.label for film in trained))},
        ),
        intended_use=card.INTENDED_USE,
        license=card.LICENSE,
        demonstration=False,
        metrics=metrics,
        warnings=card.WARNINGS,
        citation=card.CITATION,
        authors=card.AUTHORS,
    )


def _write_table(path: Path, measured: Sequence[measure.Measured]) -> None:
    header = ("file", "patient_id", "label", "view", "found", "dice", "dice_right", "dice_left", "dice_outline")
    rows: list[Sequence[str | float]] = [
        (
            "/".join(one.film.picture.parts[-2:]), one.film.patient, one.film.label, one.film.view, int(one.found),
            *(f"{value:.4f}" for value in (one.both, one.right, one.left, one.outline)),
        )
        for one in measured
    ]  # fmt: skip
    write_csv(path, header, rows)
