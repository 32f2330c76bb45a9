"""What a panel remembers: kept in the scene by a ``parameterNodeWrapper`` node, so it is saved and loaded with it."""

# No "from __future__ import annotations": parameterNodeWrapper reads these annotations when the class is built.
from typing import Annotated, Any, get_args

from slicer.parameterNodeWrapper import Choice, Default, WithinRange, parameterNodeWrapper

from ..reading import MapShows
from .layer_nodes import COLOR_TABLES

DEVICES = ["auto", "cuda", "mps", "cpu"]
PAGE_SIZES = ["A4", "Letter"]


@parameterNodeWrapper
class PanelParameters:
    """Choices and settings made in a panel. Images and masks are node references on the same node (`inputs.Inputs`).

    ``segments`` names a segment for each role of a mask, ``clinical`` holds the facts that a person entered, as typed.
    ``options`` are those of the reader that are asked for. ``finding`` names the finding whose map is shown,
    ``mapShows`` what it shows, and ``mapFeature`` of which feature of the network. ``opacity`` and
    ``prevalence`` are in percent.
    """

    segments: dict[str, str]
    clinical: dict[str, str]
    options: list[str]
    bundle: str
    device: Annotated[str, Choice(DEVICES), Default("auto")]

    finding: str
    mapVisible: Annotated[bool, Default(True)]
    opacity: Annotated[float, WithinRange(0, 100), Default(50.0)]
    colorTable: Annotated[str, Choice(list(COLOR_TABLES)), Default("Inferno")]
    mapShows: Annotated[str, Choice(list(get_args(MapShows))), Default("evidence")]
    mapFeature: str
    boxVisible: Annotated[bool, Default(True)]
    levelsVisible: Annotated[bool, Default(False)]
    regionsVisible: Annotated[bool, Default(True)]

    prevalence: Annotated[float, WithinRange(0.1, 99.9), Default(10.0)]

    exportFolder: str
    formats: Annotated[list[str], Default(["html", "pdf"])]
    pageSize: Annotated[str, Choice(PAGE_SIZES), Default("A4")]
    anonymous: Annotated[bool, Default(False)]


# What a person sets once and expects to find again after closing the scene; the rest belongs to one study.
_LASTING = (
    "bundle",
    "device",
    "mapVisible",
    "opacity",
    "colorTable",
    "mapShows",
    "boxVisible",
    "levelsVisible",
    "regionsVisible",
    "prevalence",
    "exportFolder",
    "formats",
    "pageSize",
    "anonymous",
)


def wrap(parameterNode: Any) -> Any:
    """The parameters that a ``vtkMRMLScriptedModuleNode`` holds, as a `PanelParameters`."""
    wrapper: Any = PanelParameters  # its constructor is made by the decorator, which mypy does not see
    return wrapper(parameterNode)


def lasting_settings(parameters: Any) -> dict[str, Any]:
    """The settings that outlive the scene."""
    return {name: _detached(parameters.getValue(name)) for name in _LASTING}


def restore_settings(parameters: Any, settings: dict[str, Any]) -> None:
    """Write what `lasting_settings` gave into a new scene's parameters."""
    for name, value in settings.items():
        parameters.setValue(name, value)


def _detached(value: Any) -> Any:
    """A list parameter stays tied to its node, which a closing scene empties; this copy does not."""
    return value if isinstance(value, str | bool | int | float) else list(value)
