"""Stand-ins for the CTK widgets that panels use: the members that `slicer_api.json` lists, in plain Qt."""

from .numbers import ctkDoubleSlider, ctkSliderWidget
from .sections import ctkCollapsibleButton
from .texts import ctkComboBox, ctkDirectoryButton, ctkPathLineEdit

__all__ = [
    "ctkCollapsibleButton",
    "ctkComboBox",
    "ctkDirectoryButton",
    "ctkDoubleSlider",
    "ctkPathLineEdit",
    "ctkSliderWidget",
]
