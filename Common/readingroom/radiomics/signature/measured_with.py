"""Whether features were measured the way a signature needs them."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import InputError
from ..settings import OPTIONS, Settings, from_parameters

# What says which voxels are measured, what is asked for and what is written down, but not how a feature is computed.
_NO_MATTER = (
    "image_types",
    "features",
    "label",
    "label_channel",
    "provenance",
    "pre_crop",
    "geometry_tolerance",
    "correct_mask",
    "minimum_dimensions",
    "minimum_voxels",
)
PROVENANCE = _SETTINGS, _IMAGE_TYPES = (
    "diagnostics_Configuration_Settings",
    "diagnostics_Configuration_EnabledImageTypes",
)


def parameters_of(provenance: Mapping[str, str]) -> dict[str, Any] | None:
    """PyRadiomics' parameters that the provenance rows of a measurement tell of; None where they do not."""
    try:
        setting = ast.literal_eval(provenance[_SETTINGS])
        kinds = ast.literal_eval(provenance.get(_IMAGE_TYPES, "{}"))
    except (KeyError, ValueError, SyntaxError):
        return None
    return {"setting": setting, "imageType": kinds} if kinds else {"setting": setting}


def require_same(needed: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Refuse features that were measured with other parameters than the signature needs.

    Raises
    ------
    InputError : they differ, or the parameters that were found are not understood; the sentence names the option
    """
    if difference := _difference(from_parameters(needed), from_parameters(found)):
        option, wanted, there = difference
        raise InputError(
            f"These features were measured with {option} {there}; the signature needs {wanted}. Measure them again "
            "with the signature's settings."
        )


def settings_of_rows(name: str, rows: Sequence[Mapping[str, Any]], given: Settings | None = None) -> Settings:
    """How the features of a table were measured: as ``given``, as its rows say, or by default where neither is known.

    Parameters
    ----------
    name : of the table, for the sentence
    rows : PyRadiomics' parameters that rows tell of

    Raises
    ------
    InputError : rows differ from what is given or from each other, or are not understood
    """
    measured = [from_parameters(row) for row in rows]
    first = dataclasses.replace(measured[0], label=None) if measured else Settings()
    for each in measured:
        if difference := _difference(given or first, each):
            option, wanted, there = difference
            other = "the settings say" if given else "in other rows it is"
            raise InputError(f"Features of {name} were measured with {option} {there}; {other} {wanted}.")
    return given or first


def _difference(own: Settings, other: Settings) -> tuple[str, str, str] | None:
    """An option that matters and differs, and what it is in both."""
    for kind in ("", *own.image_types):
        if kind and kind not in other.image_types:
            continue  # then its features are missing, which is said by name
        first, second = (_of(settings, kind) for settings in (own, other))
        for field in dataclasses.fields(Settings):
            wanted, there = getattr(first, field.name), getattr(second, field.name)
            if field.name not in _NO_MATTER and wanted != there:
                return OPTIONS[field.name], _said(wanted), _said(there)
    return None


def _of(settings: Settings, kind: str) -> Settings:
    return settings.of_image_type(kind) if kind else settings


def _said(value: Any) -> str:
    if value is None or value == ():
        return "not set"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
