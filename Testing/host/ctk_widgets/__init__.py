"""Stand-ins for the CTK widgets that panels use: the members that `slicer_api.json` lists, in plain Qt."""

from .buttons import ctkCheckBox, ctkColorPickerButton, ctkMenuButton, ctkPushButton
from .numbers import ctkDoubleSlider, ctkDoubleSpinBox, ctkRangeWidget, ctkSliderWidget
from .sections import ctkCollapsibleButton, ctkCollapsibleGroupBox, ctkExpandableWidget, ctkMessageBox
from .texts import ctkComboBox, ctkDirectoryButton, ctkFittedTextBrowser, ctkPathLineEdit, ctkSearchBox

__all__ = [
    "ctkCheckBox",
    "ctkCollapsibleButton",
    "ctkCollapsibleGroupBox",
    "ctkColorPickerButton",
    "ctkComboBox",
    "ctkDirectoryButton",
    "ctkDoubleSlider",
    "ctkDoubleSpinBox",
    "ctkExpandableWidget",
    "ctkFittedTextBrowser",
    "ctkMenuButton",
    "ctkMessageBox",
    "ctkPathLineEdit",
    "ctkPushButton",
    "ctkRangeWidget",
    "ctkSearchBox",
    "ctkSliderWidget",
]
