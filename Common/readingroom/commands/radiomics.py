"""``readingroom radiomics``: features of segmented regions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CancelledError, InputError, OutputError
from ..files import write_text
from ..formatting import counted
from ..guarded_processes import guarded
from ..progress import Progress
from .progress_line import ProgressLine
from .terminal import complain, say

if TYPE_CHECKING:
    from ..csv_table import Cell
    from ..radiomics.files import Opened
    from ..radiomics.settings import Settings

_NOT_WRITTEN = (".xlsx", ".xls", ".ods", ".tsv", ".parquet")


def add(commands: Any) -> None:
    radiomics = commands.add_parser("radiomics", help="measure segmented regions: shape, gray values and texture")
    radiomics.add_argument("image", type=Path, nargs="?", metavar="IMAGE", help="NRRD, NIfTI or DICOM")
    radiomics.add_argument(
        "mask",
        type=Path,
        nargs="?",
        metavar="MASK",
        help="labels, 0 outside the regions; segments (.seg.nrrd, DICOM SEG) or structures (RTSTRUCT), of which "
        "FILE::NAME names one",
    )
    radiomics.add_argument(
        "--cohort",
        type=Path,
        metavar="COHORT.csv",
        help="columns patient_id, image_ROLE, mask_ROLE[, mask_label], or those of PyRadiomics: Image, Mask[, Label, "
        "Label_channel]",
    )
    radiomics.add_argument(
        "--out",
        type=Path,
        metavar="TABLE.csv",
        help="or FILE.json, or FILE.txt with a line per value; with --maps a folder",
    )
    radiomics.add_argument(
        "--maps",
        nargs="*",
        metavar="FEATURE",
        help="a map of each feature instead of a table: classes (glcm), features (glcm_Contrast), or those of a "
        "filtered image (wavelet-LLH_glcm_Contrast); without any, all that the settings name. Radius of the kernel: "
        "-s kernelRadius:2",
    )
    which = radiomics.add_mutually_exclusive_group()
    which.add_argument("--label", type=_label, metavar="N", help="which region; needed where the mask has several")
    which.add_argument("--all-labels", action="store_true", help="every region of the mask, a column each")
    radiomics.add_argument("--settings", type=Path, metavar="FILE", help="a PyRadiomics parameter file, YAML or JSON")
    radiomics.add_argument(
        "-s",
        "--set",
        dest="options",
        action="append",
        default=[],
        metavar="NAME:VALUE",
        help="one option, which goes before the file's: -s binWidth:10 -s resampledPixelSpacing:1,1,1",
    )
    radiomics.add_argument("--engine", choices=("readingroom", "pyradiomics"), default="readingroom")
    radiomics.add_argument("--processes", type=_count, metavar="N", help="at once; default: one per processor")
    radiomics.add_argument(
        "--stability",
        action="store_true",
        help="with --cohort: how far each feature stays the same when masks and images change a little (ICC)",
    )
    radiomics.add_argument(
        "--skip-nans", action="store_true", help="leave out features that are not defined (nan) in a region"
    )
    radiomics.add_argument(
        "--validate",
        action="store_true",
        help="measure nothing, say of each region whether it can be: files, settings, labels, grids, voxels",
    )
    radiomics.set_defaults(run=lambda options: _run(options, radiomics))


def _run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    import dataclasses

    from ..radiomics.cohort import unfinished
    from ..radiomics.parameter_file import read_option, read_parameters
    from ..radiomics.prepare import SeveralLabelsError
    from ..radiomics.settings import from_parameters
    from ..radiomics.table_formats import JSON, TEXT

    if (options.cohort is None) == (options.image is None) or (options.image is None) != (options.mask is None):
        parser.error("give IMAGE and MASK, or --cohort")
    if options.stability and options.cohort is None:
        parser.error("--stability is about telling patients apart: give --cohort")
    if options.all_labels and options.cohort is not None:
        parser.error("--all-labels is for one mask; in a cohort each row names its label")
    if options.maps is not None and (
        options.cohort is not None or options.all_labels or options.engine != "readingroom"
    ):
        parser.error("--maps is for one region, IMAGE and MASK, by the engine readingroom")
    if options.out is None and not options.validate:
        parser.error("name a file for the table: --out")
    if options.validate and (options.stability or options.maps is not None):
        parser.error("--validate writes nothing: leave out --stability and --maps")
    if options.skip_nans and (options.stability or options.maps is not None):
        parser.error("--skip-nans is about tables of features")
    if options.stability and options.out.suffix.lower() in (JSON, TEXT):
        parser.error("--stability writes a table in CSV")
    parameters = {} if options.settings is None else read_parameters(options.settings)
    settings = from_parameters(parameters, dict(map(read_option, options.options)))
    if options.label is not None:
        settings = dataclasses.replace(settings, label=options.label)
    if options.maps is None and not options.validate:
        _require_folder(options.out)
    try:
        _work(options, settings)
    except SeveralLabelsError as error:
        every = ", or --all-labels for a column each" if options.maps is None else ""
        raise InputError(f"{error} Give --label N{every}.") from error
    except (CancelledError, KeyboardInterrupt):
        if options.cohort is not None and options.out is not None and (kept := unfinished(options.out)).is_file():
            complain(f"The studies measured so far are kept in {kept}; the same command goes on from there.")
        raise


def _work(options: argparse.Namespace, settings: Settings) -> None:
    with ProgressLine() as line:
        if options.validate:
            _validate(options, settings, Progress(line.show))
        elif options.maps is not None:
            _map_files(options, settings, Progress(line.show))
        elif options.stability:
            _measure_stability(options, settings, Progress(line.show))
        elif options.cohort is not None:
            _measure_cohort(options, settings, Progress(line.show))
        else:
            _measure_files(options, settings, Progress(line.show))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of processes")
    return int(text)


def _label(text: str) -> int:
    from ..radiomics.cohort import whole

    try:
        return whole(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _require_folder(out: Path) -> None:
    """Refuse before the work, not after it, what could not be written."""
    if not out.parent.is_dir():
        raise OutputError(f"There is no folder {out.parent} for {out.name}.")
    if out.is_dir():
        raise OutputError(f"{out} is a folder; name a file for the table.")
    if out.suffix.lower() in _NOT_WRITTEN:
        raise OutputError(f"{out.name} would be no such file: tables are written as .csv, .json or .txt.")


def _validate(options: argparse.Namespace, settings: Settings, progress: Progress) -> None:
    from ..radiomics.files import open_files
    from ..radiomics.validation import Validated, validate_cohort, validate_region, validate_regions

    if options.cohort is not None:
        what, found = ("study", "studies"), validate_cohort(options.cohort, settings, options.processes, progress)
    else:
        opened = guarded(open_files, options.image, options.mask, options.label is None)
        what = ("region", "regions")
        if options.all_labels or (len(opened.segments) > 1 and options.label is None):
            found = list(validate_regions(opened, settings, progress))
        else:
            found = [Validated("The region", validate_region(opened, settings))]
    for each in found:
        say(f"{each.name}: {each.problem or counted(each.voxels, 'voxel')}")
    failed = sum(bool(each.problem) for each in found)
    if failed:
        raise InputError(f"{failed} of {counted(len(found), *what)} cannot be measured.")
    say(f"{counted(len(found), *what)} can be measured.")


def _measure_files(options: argparse.Namespace, settings: Settings, progress: Progress) -> None:
    from ..radiomics.files import measure_opened, open_files, require_one_region
    from ..radiomics.table_formats import write_cases

    opened = guarded(open_files, options.image, options.mask, options.label is None)
    if options.all_labels or (len(opened.segments) > 1 and options.label is None):
        _measure_regions(opened, options, settings, progress)
        return
    require_one_region(opened, options.label)
    features = measure_opened(opened, settings, options.engine, progress)
    if options.skip_nans:
        features = features.defined()
    case: dict[str, Cell] = {
        "Image": str(options.image),
        "Mask": str(options.mask),
        **features.provenance,
        **features.values,
    }
    write_cases(options.out, [case], features.csv)
    for note in features.notes:
        say(note)
    say(f"{counted(len(features.values), 'feature')}: {options.out}")


def _map_files(options: argparse.Namespace, settings: Settings, progress: Progress) -> None:
    from ..radiomics.files import open_files, require_one_region
    from ..radiomics.maps.files import write_maps

    if options.out.is_file():
        raise OutputError(f"{options.out} is a file; name a folder for the maps.")
    opened = guarded(open_files, options.image, options.mask)
    require_one_region(opened, options.label)
    found = write_maps(opened, settings, options.out, progress, options.maps)
    for note in found.notes:
        say(note)
    say(f"{counted(len(found.paths), 'map')}: {options.out}")


def _measure_cohort(options: argparse.Namespace, settings: Settings, progress: Progress) -> None:
    from ..radiomics.cohort import measure_cohort

    summary = measure_cohort(
        options.cohort,
        options.out,
        settings,
        options.engine,
        options.processes,
        progress,
        skip_nans=options.skip_nans,
    )
    why = " (the column problem says why not)" if summary.failed else ""
    studies = counted(summary.measured + summary.failed, "study", "studies")
    if not summary.measured:
        raise InputError(f"None of {studies} could be measured; the column problem of {options.out} says why.")
    say(f"{summary.measured} of {studies} measured{why}: {options.out}")


def _measure_regions(opened: Opened, options: argparse.Namespace, settings: Settings, progress: Progress) -> None:
    from ..radiomics.regions import measure_regions, table
    from ..radiomics.table_formats import write_cases

    regions = measure_regions(
        options.image,
        options.mask,
        settings=settings,
        engine=options.engine,
        processes=options.processes,
        progress=progress,
        opening=lambda *_: opened,
    )
    if options.skip_nans:
        regions = tuple(region.defined() for region in regions)
    said: dict[str, list[str]] = {}  # the same is often true of all of them
    for region in regions:
        for sentence in (region.problem, *(region.features.notes if region.features is not None else ())):
            if sentence:
                said.setdefault(sentence, []).append(region.name)
    for sentence, names in said.items():
        say(f"{'All regions' if 1 < len(names) == len(regions) else '; '.join(names)}: {sentence}")
    measured = sum(not region.problem for region in regions)
    if not measured:
        raise InputError(f"No region of {options.mask.name} could be measured.")
    files = {"Image": str(options.image), "Mask": str(options.mask)}
    cases: list[dict[str, Cell]] = [
        {**files, "Label": region.label, "Region": region.name, **region.features.provenance, **region.features.values}
        for region in regions
        if region.features is not None
    ]
    write_cases(options.out, cases, lambda: table(regions))
    say(f"{measured} of {counted(len(regions), 'region')} measured: {options.out}")


def _measure_stability(options: argparse.Namespace, settings: Settings, progress: Progress) -> None:
    import dataclasses

    from ..radiomics.cohort import cohort_names, cohort_regions
    from ..radiomics.robustness import robustness

    regions = cohort_regions(options.cohort, settings)  # each with its one region, which has the label 1 then
    own = dataclasses.replace(settings, label=None, label_channel=0)
    found = robustness(regions, own, progress=progress, names=cohort_names(options.cohort))
    write_text(options.out, found.csv())
    say(
        f"{len(found.stable())} of {len(found.agreement)} features are stable in {counted(found.regions, 'region')}: "
        f"{options.out}"
    )
