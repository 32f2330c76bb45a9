"""What a panel remembers: kept in the scene by a ``parameterNodeWrapper`` node, so it is saved and loaded with it."""

# No "from __future__ import annotations": parameterNodeWrapper reads these annotations when the class is built.
from typing import Annotated, Any

from slicer import vtkMRMLScalarVolumeNode
from slicer.parameterNodeWrapper import Choice, Default, WithinRange, parameterNodeWrapper

from ..desktop.layers import COLOR_TABLES

DEVICES = ["auto", "cuda", "mps", "cpu"]
PAGE_SIZES = ["A4", "Letter"]


@parameterNodeWrapper
class PanelParameters:
    """FeatureSettings made in a panel, and the last reading.

    ``reading`` is the JSON text of the last reading with the verdicts given so far, ``readingFolder`` the folder of
    its files; both are empty before the first read. ``finding`` names the finding whose map is shown.
    """

    volume: vtkMRMLScalarVolumeNode
    bundle: str
    device: Annotated[str, Choice(DEVICES), Default("auto")]

    finding: str
    mapVisible: Annotated[bool, Default(True)]
    opacity: Annotated[float, WithinRange(0, 1), Default(0.5)]
    colorTable: Annotated[str, Choice(list(COLOR_TABLES)), Default("Inferno")]
    boxVisible: Annotated[bool, Default(True)]
    segmentsVisible: Annotated[bool, Default(False)]

    prevalence: Annotated[float, WithinRange(0, 1), Default(0.1)]

    exportFolder: str
    formats: Annotated[list[str], Default(["html", "pdf"])]
    pageSize: Annotated[str, Choice(PAGE_SIZES), Default("A4")]
    anonymous: Annotated[bool, Default(False)]

    reading: str
    readingFolder: str
    readVolume: vtkMRMLScalarVolumeNode


# What a person sets once and expects to find again after closing the scene; the rest belongs to one study.
_LASTING = (
    "bundle",
    "device",
    "mapVisible",
    "opacity",
    "colorTable",
    "boxVisible",
    "segmentsVisible",
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
