"""What the worker can be asked to do. Arguments and values are plain JSON; heavy imports happen inside the calls."""

from __future__ import annotations

import dataclasses
import math
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import readingroom

from . import device
from .anonymity import anonymous_reading, texts_of, without
from .engine.dispatch import Calls
from .errors import InputError, ReadingRoomError, RefusedError
from .progress import Progress
from .time_limit import time_limit

if TYPE_CHECKING:
    from .bundles.metadata import BundleMetadata
    from .radiomics.regions import MeasuredRegion
    from .radiomics.signature import Signature
    from .readers.base import Reader
    from .reading import Reading
    from .reports.content import ReaderTitles
    from .reports.document import Table
    from .study import Study

_GROWN_COLOR = (0.95, 0.76, 0.26)
_PACKAGES = ("numpy", "SimpleITK", "pydicom", "torch", "torchvision", "timm", "monai", "safetensors")


def describe(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The device and the versions of what would do the work.

    Returns ``{"device": facts as in `device.DeviceFacts`, "software": {package: version, None when missing}}``.
    """
    software: dict[str, str | None] = {"readingroom": readingroom.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            software[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            software[package] = None
    return {"device": dataclasses.asdict(device.probe()), "software": software}


def warm(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Verify a bundle and load its network, so that the first read does not wait for it.

    ``{"bundle": name or folder, "device": "auto"}`` gives ``{"bundle": name, "device": "cpu"}``.
    """
    from .bundles import store
    from .readers.registry import find_reader

    progress(0.1, "Verifying the bundle.")
    bundle = store.find(arguments["bundle"])
    chosen = device.choose(arguments.get("device", "auto"))
    progress(0.4, "Loading the network.")
    find_reader(bundle.metadata.reader).load_model(bundle, chosen)
    return {"bundle": bundle.metadata.name, "device": str(chosen)}


def read(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Read a study and write the results into a folder.

    Arguments: ``reader``, ``study`` (Study JSON with paths) or ``files`` (``images`` and ``masks`` by role, ``points``
    to grow masks from, ``clinical`` facts as typed, paths of an ``exam`` and its ``prior``; they are opened here),
    ``bundle`` (name or folder), ``out`` (folder); optional ``device`` (auto), ``force`` (False), ``options`` (names of
    the reader's), ``answer_first`` (False: the answer is published, with its files, before its tests are done, which
    the reading names as pending), ``anonymous`` (False: nothing that is written names the patient), ``report``
    (``formats``, ``page_size`` and ``prevalence`` of a report that takes its place together with the results).
    Gives ``{"folder", "reading"}``.
    """
    progress(0.0, "Getting ready.")  # a word before torch is imported, which takes seconds the first time
    from .bundles import store
    from .readers.base import read as read_study
    from .readers.registry import find_reader
    from .reports.write import add_reports

    reader = find_reader(arguments["reader"])
    bundle = store.find(arguments["bundle"])
    study = _study(reader, arguments, bundle.metadata)
    wanted: dict[str, Any] | None = arguments.get("report")
    names = _Names(study, reader) if arguments.get("anonymous", False) else None

    def publish(reading: Reading) -> None:
        progress.publish({"folder": arguments["out"], "reading": reading.to_json()})

    def add_report(reading: Reading, folder: Path) -> None:
        chosen = dict(wanted or {})
        worth = _worth(reading, chosen.pop("prevalence", None))
        add_reports(reading, folder, **chosen, titles=_titles(reader), worth=worth)

    try:
        reading = read_study(
            reader,
            study,
            bundle,
            Path(arguments["out"]),
            arguments.get("device", "auto"),
            progress,
            force=bool(arguments.get("force", False)),
            options=list(arguments.get("options", ())),
            on_answer=publish if arguments.get("answer_first") else None,
            anonymized=names.removed_from if names is not None else None,
            add=add_report if wanted is not None else None,
        )
    except ReadingRoomError as error:
        if names is not None:
            error.args = (names.without(str(error)),)
            if isinstance(error, RefusedError):
                error.checks = tuple(
                    dataclasses.replace(check, sentence=names.without(check.sentence)) for check in error.checks
                )
        raise
    return {"folder": arguments["out"], "reading": reading.to_json()}


def _study(reader: Reader, arguments: dict[str, Any], metadata: BundleMetadata) -> Study:
    from .readers.opening import open_study
    from .study import Study

    if "study" in arguments:
        return Study.from_json(arguments["study"])
    files = arguments["files"]
    with time_limit():
        return open_study(
            reader,
            {role: Path(path) for role, path in files["images"].items()},
            {role: Path(path) for role, path in files["masks"].items()},
            files["clinical"],
            [Path(path) for path in files.get("exam", ())],
            [Path(path) for path in files.get("prior", ())],
            files.get("points", {}),
            metadata,
        )


def grow(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Grow a first guess at a mask from one point of its image, for a person to correct.

    Arguments: ``reader``, ``mask`` (its role), ``image`` (StudyImage JSON with a path), ``point`` (mm to the patient's
    left, back and head), ``out`` (a ``.seg.nrrd``, of one segment). Gives ``{"file"}``.
    """
    progress(0.0, "Opening the image.")
    from .imaging.segments import Segment, write_segments
    from .readers.registry import find_reader
    from .records import from_json
    from .study import StudyImage

    reader, image = find_reader(arguments["reader"]), from_json(StudyImage, arguments["image"])
    with time_limit():
        loaded = reader.load_image(image, progress.part(0.0, 0.3))
    role = next(mask for mask in reader.masks if mask.name == arguments["mask"])
    grown = reader.grow_mask(role.name, loaded, arguments["point"], progress.part(0.3, 0.9))
    progress(0.9, "Writing the mask.")
    segment = Segment(role.name, role.title, _GROWN_COLOR, grown, role.code)
    write_segments(Path(arguments["out"]), loaded.image, [segment])
    return {"file": arguments["out"]}


def report(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Write reports of a reading.

    Arguments: ``reading`` (JSON, with verdicts), ``reading_folder`` (as the read left it), ``out``; optional
    ``formats``, ``page_size`` (A4 or Letter), ``anonymous``, ``prevalence`` (0 to 1: what answers are worth there).
    Gives ``{"files": [...]}``.
    """
    progress(0.1, "Writing the report.")
    from .readers.registry import readers
    from .reading import Reading
    from .reports.write import FORMATS, write_reports

    reading = Reading.from_json(arguments["reading"])
    reader = readers().get(reading.reader)
    if arguments.get("anonymous", False):
        reading = _Names(reading.study, reader).removed_from(reading)
    files = write_reports(
        reading,
        Path(arguments["reading_folder"]),
        Path(arguments["out"]),
        arguments.get("formats", FORMATS),
        arguments.get("page_size", "A4"),
        _titles(reader),
        _worth(reading, arguments.get("prevalence")),
    )
    return {"files": [str(path) for path in files]}


class _Names:
    """What names the patient of a study: it is taken out of readings and sentences."""

    def __init__(self, study: Study, reader: Reader | None) -> None:
        from .imaging.header_texts import header_texts

        fields = reader.clinical if reader is not None else ()
        self._texts = header_texts(study)
        self._choices = {field.name: [value for value, _ in field.choices] for field in fields if field.choices}
        self.without = without((*texts_of(study), *self._texts))

    def removed_from(self, reading: Reading) -> Reading:
        return anonymous_reading(reading, self._texts, self._choices)


def _worth(reading: Reading, prevalence: float | None) -> Table | None:
    from .readers.worth import worth_table

    return worth_table(reading, prevalence) if prevalence is not None else None


def _titles(reader: Reader | None) -> ReaderTitles:
    from .reports.content import ReaderTitles

    if reader is None:  # of another version, or of somebody else
        return ReaderTitles()
    titles = {role.name: role.title for role in reader.images}
    titles |= {mask.name: mask.title for mask in reader.masks}
    titles |= {fact.name: fact.title for fact in reader.clinical}
    return ReaderTitles(reader.title, reader.question, titles)


def radiomics(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Measure regions of a mask, and apply a signature to each where one is given.

    Arguments: ``image`` and ``mask`` (paths); optional ``labels`` (None: all), ``names`` (by label, as text),
    ``settings`` (PyRadiomics' parameters; with a signature its own settings count), ``engine``, ``processes``,
    ``bundle`` (a signature's name or folder).
    Gives ``{"regions": [{"label", "name", "values", "provenance", "notes", "problem", "score"}]}``;
    a value that is not defined is None, ``score`` is None without a signature.
    """
    progress(0.0, "Getting ready.")
    from .radiomics.regions import measure_regions
    from .radiomics.settings import from_parameters

    signature = _signature(arguments.get("bundle", ""))
    parameters = signature.parameters if signature is not None else arguments.get("settings") or {}
    regions = measure_regions(
        Path(arguments["image"]),
        Path(arguments["mask"]),
        arguments.get("labels"),
        {int(label): name for label, name in (arguments.get("names") or {}).items()},
        from_parameters(parameters),
        arguments.get("engine", "readingroom"),
        arguments.get("processes"),
        progress,
    )
    return {"regions": [_region(region, signature) for region in regions]}


def feature_maps(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Map features over a region of a mask.

    Arguments: ``image`` and ``mask`` (paths), ``label``, ``features`` (such as ``glcm_Contrast`` or
    ``wavelet-LLH_glcm_Contrast``), ``folder`` (for the files); optional ``settings`` (PyRadiomics' parameters).
    Gives ``{"maps": {name: path}, "notes": [sentence]}``.
    """
    progress(0.0, "Getting ready.")
    from .radiomics.files import open_files
    from .radiomics.maps.files import write_maps
    from .radiomics.settings import from_parameters

    settings = dataclasses.replace(from_parameters(arguments.get("settings") or {}), label=arguments["label"])
    opened = open_files(Path(arguments["image"]), Path(arguments["mask"]))
    found = write_maps(opened, settings, Path(arguments["folder"]), progress, arguments["features"])
    return {"maps": {name: str(path) for name, path in found.paths.items()}, "notes": list(found.notes)}


def _region(region: MeasuredRegion, signature: Signature | None) -> dict[str, Any]:
    found: dict[str, Any] = {"label": region.label, "name": region.name, "problem": region.problem, "score": None}
    features = region.features
    if features is None:
        return {**found, "values": {}, "provenance": {}, "notes": []}
    values = {name: value if math.isfinite(value) else None for name, value in features.values.items()}
    found |= {"values": values, "provenance": dict(features.provenance), "notes": list(features.notes)}
    if signature is not None:
        from .radiomics.signature.measured_with import parameters_of

        try:
            found["score"] = signature.score(features.values, parameters_of(features.provenance)).to_json()
        except InputError as error:  # the features themselves are worth showing
            found["notes"].append(str(error))
    return found


def _signature(bundle: str) -> Signature | None:
    if not bundle:
        return None
    from .bundles import store
    from .radiomics.signature import load

    return load(store.find(bundle))


CALLS: Calls = {
    "describe": describe,
    "warm": warm,
    "read": read,
    "grow": grow,
    "report": report,
    "radiomics": radiomics,
    "feature_maps": feature_maps,
}
