"""``readingroom radiomics``: features of segmented regions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine.progress import Progress
from .progress_line import ProgressLine

if TYPE_CHECKING:
    from ..radiomics.settings import Settings


def add(commands: Any) -> None:
    radiomics = commands.add_parser("radiomics", help="measure segmented regions: shape, gray values and texture")
    radiomics.add_argument("image", type=Path, nargs="?", metavar="IMAGE", help="NRRD, NIfTI or DICOM")
    radiomics.add_argument("mask", type=Path, nargs="?", metavar="MASK", help="labels, 0 outside the regions")
    radiomics.add_argument("--cohort", type=Path, metavar="COHORT.csv", help="columns patient_id, image, mask[, label]")
    radiomics.add_argument("--out", type=Path, required=True, metavar="TABLE.csv")
    radiomics.add_argument("--label", type=int, metavar="N", help="which region; needed where the mask has several")
    radiomics.add_argument("--settings", type=Path, metavar="FILE", help="a PyRadiomics parameter file, YAML or JSON")
    radiomics.add_argument("--engine", choices=("readingroom", "pyradiomics"), default="readingroom")
    radiomics.add_argument("--processes", type=int, metavar="N", help="of a cohort; default: one per processor")
    radiomics.set_defaults(run=lambda options: _run(options, radiomics))


def _run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    import dataclasses

    from ..radiomics.settings import Settings, read_settings

    if (options.cohort is None) == (options.image is None) or (options.image is None) != (options.mask is None):
        parser.error("give IMAGE and MASK, or --cohort")
    settings = Settings() if options.settings is None else read_settings(options.settings)
    if options.label is not None:
        settings = dataclasses.replace(settings, label=options.label)
    with ProgressLine() as line:
        if options.cohort is not None:
            _measure_cohort(options, settings, Progress(line.show))
        else:
            _measure_region(options, settings, Progress(line.show))


def _measure_region(options: argparse.Namespace, settings: Settings, progress: Progress) -> None:
    from ..radiomics.engines import measure_with
    from ..radiomics.files import read_image

    features = measure_with(options.engine, read_image(options.image), read_image(options.mask), settings, progress)
    features.write(options.out)
    for note in features.notes:
        print(note)
    print(f"{len(features.values)} features: {options.out}")


def _measure_cohort(options: argparse.Namespace, settings: Settings, progress: Progress) -> None:
    from ..radiomics.cohort import measure_cohort

    summary = measure_cohort(options.cohort, options.out, settings, options.engine, options.processes, progress)
    print(f"{summary.measured} studies measured, {summary.failed} not (see the column problem): {options.out}")
