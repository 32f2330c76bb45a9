"""Who can measure on this computer."""

from __future__ import annotations

from importlib.util import find_spec

from slicer.i18n import tr as _

from .. import slicer_radiomics

SLICER = "slicer"


def available_engines() -> dict[str, str]:
    """Titles of the engines that are there, by name; our own always is, and comes first."""
    engines = {"readingroom": _("Reading Room")}
    if find_spec("radiomics") is not None:
        engines["pyradiomics"] = _("PyRadiomics")
    if slicer_radiomics.available():
        engines[SLICER] = _("SlicerRadiomics")
    return engines
