"""Who measures: ReadingRoom itself, or PyRadiomics where it is installed. The tables have the same rows."""

from __future__ import annotations

import dataclasses
import importlib
import logging
from typing import Any

import SimpleITK

from ..errors import InputError, SetupError
from ..progress import Progress
from .features import Features
from .measure import measure
from .prepare import prepare
from .settings import Settings

ENGINES = ("readingroom", "pyradiomics")
OURS_ALONE = ("ibsi", "resegmentSigma")


def measure_with(
    engine: str,
    image: SimpleITK.Image,
    mask: SimpleITK.Image,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Features:
    """`measure` by the engine of that name.

    Raises
    ------
    SetupError : PyRadiomics was asked for and is not installed
    InputError : as in `measure`
    """
    if engine == "readingroom":
        return measure(image, mask, settings, progress)
    if engine == "pyradiomics":
        return _by_pyradiomics(image, mask, settings or Settings(), progress or Progress())
    raise ValueError(f"no engine named {engine}")


def parameters_for_pyradiomics(settings: Settings) -> dict[str, Any]:
    """A parameter dictionary without what PyRadiomics does not know."""
    parameters = settings.parameters()
    options = {name: value for name, value in parameters["setting"].items() if name not in OURS_ALONE}
    return {**parameters, "setting": options}


def refuse_ibsi(settings: Settings) -> None:
    """See that nothing is asked of PyRadiomics that it does not have.

    Raises
    ------
    InputError : the IBSI definitions are asked for
    """
    if settings.ibsi:
        raise InputError("PyRadiomics has no IBSI definitions; choose the engine 'readingroom' for them.")


def _by_pyradiomics(image: SimpleITK.Image, mask: SimpleITK.Image, settings: Settings, progress: Progress) -> Features:
    extractor_module = _pyradiomics()
    refuse_ibsi(settings)
    progress(0.0, "Preparing the region.")
    label = prepare(image, mask, dataclasses.replace(settings, resampled_spacing=None, correct_mask=True)).label
    parameters = parameters_for_pyradiomics(settings)
    parameters["setting"]["label"] = label
    progress(0.1, "PyRadiomics is measuring; it cannot be interrupted.")
    try:
        rows = dict(extractor_module.RadiomicsFeatureExtractor(parameters).execute(image, mask))
    except ValueError as error:  # what it raises for masks and settings it refuses
        raise InputError(f"PyRadiomics refused: {error}") from error
    values = {name: float(value) for name, value in rows.items() if not name.startswith("diagnostics_")}
    if not values:
        raise InputError("PyRadiomics gave an empty table without saying why.")
    provenance = {name: str(value) for name, value in rows.items() if name.startswith("diagnostics_")}
    progress(1.0, "The region is measured.")
    return Features(values, provenance)


def _pyradiomics() -> Any:
    try:
        module = importlib.import_module("radiomics.featureextractor")
    except ImportError as error:
        raise SetupError(
            "PyRadiomics is not installed here; the engine 'readingroom' gives the same numbers."
        ) from error
    logging.getLogger("radiomics").setLevel(logging.ERROR)
    return module
