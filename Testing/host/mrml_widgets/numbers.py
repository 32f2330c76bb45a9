"""Sliders and spin boxes that may show a unit of the scene."""

from __future__ import annotations

from typing import Any

from ..ctk_widgets import ctkDoubleSpinBox, ctkSliderWidget
from ..pythonqt import standin
from ..standins import State, stored


@standin
class qMRMLSliderWidget(ctkSliderWidget):
    """A slider that may show a unit of the scene."""

    _scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene

    def setQuantity(self, quantity: str) -> None:
        State.of(self)["quantity"] = quantity

    quantity = stored(str, "quantity", "")
    unitAwareProperties = stored(None, "unitAwareProperties")


@standin
class qMRMLSpinBox(ctkDoubleSpinBox):
    """A spin box that may show a unit of the scene."""

    _scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene

    def setQuantity(self, quantity: str) -> None:
        State.of(self)["quantity"] = quantity

    quantity = stored(str, "quantity", "")
    unitAwareProperties = stored(None, "unitAwareProperties")
