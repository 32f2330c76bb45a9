"""The extension SlicerRadiomics as an engine: its own logic measures, and we look at what it gives.

It works beside the panel and reports nothing but the end, even when it failed: its table is empty then. So the rows are
counted, and what does not end in time is ended. It is given copies, because it adds representations to segmentations.
"""

from __future__ import annotations

import importlib
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..engine.events import Event, Failed, Finished
from ..errors import CancelledError, EngineError, OutputError, ReadingRoomError, SetupError
from ..radiomics.engines import parameters_for_pyradiomics, refuse_ibsi
from ..radiomics.settings import Settings, from_parameters
from .neighbors import explained

TIMEOUT_SECONDS = 900.0  # PyRadiomics needs more than a minute for a lung
_NAME_COLUMNS = 3  # image type, class and name of the feature; then one column for each region


def available() -> bool:
    """Whether the extension is installed and loaded."""
    return hasattr(slicer.modules, "slicerradiomics") and hasattr(slicer.modules, "slicerradiomicscli")


def start(
    volume: Any,
    mask: Path,
    names: Mapping[int, str],
    parameters: Mapping[str, Any] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> SlicerRadiomicsCall:
    """Begin to measure the labels of ``mask``, a file on the grid of ``volume``. The node is not changed.

    Parameters
    ----------
    names : of the labels, all that the mask has
    parameters : as of a PyRadiomics parameter file

    Raises
    ------
    SetupError : the extension is not there
    InputError : a parameter that PyRadiomics does not know
    OutputError : the parameter file cannot be written
    EngineError : the extension raised something; the detail says what
    """
    if not available():
        raise SetupError(_("The extension SlicerRadiomics is not installed; ReadingRoom gives the same numbers."))
    settings = from_parameters(parameters or {})
    refuse_ibsi(settings)
    return SlicerRadiomicsCall(volume, mask, names, settings, timeout_seconds)


class SlicerRadiomicsCall:
    """One measurement, with the surface of a call to the worker process: ask `poll` now and then, or `cancel`."""

    def __init__(
        self, volume: Any, mask: Path, names: Mapping[int, str], settings: Settings, timeout_seconds: float
    ) -> None:
        self._names = dict(names)
        self._settings = settings
        self._timeout = timeout_seconds
        self._give_up = time.monotonic() + timeout_seconds
        self._answered = False
        self._end: Event | None = None
        self._told = False
        file = _write_parameters(mask.with_suffix(".parameters.json"), settings)
        self._mask = _label_node(mask)
        self._table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "ReadingRoom measured by SlicerRadiomics")
        _hide(self._table)
        failed = _("SlicerRadiomics failed to start. Choose the engine ReadingRoom, which gives the same numbers.")
        try:
            with explained(failed, EngineError):
                self._logic = importlib.import_module("SlicerRadiomics").SlicerRadiomicsLogic()
                self._logic.runCLIWithParameterFile(volume, self._mask, self._table, str(file), self._take_answer)
        except EngineError:
            self._remove_nodes()
            raise

    @property
    def done(self) -> bool:
        """True when it has ended, well or not."""
        return self._end is not None

    def poll(self) -> list[Event]:
        """What happened since the last time. Never waits."""
        if self._end is None and self._answered:
            self._finish()
        elif self._end is None and time.monotonic() > self._give_up:
            self._cancel_command()
            minutes = math.ceil(self._timeout / 60)
            sentence = _("SlicerRadiomics did not answer within {minutes} min. Choose the engine ReadingRoom instead.")
            self._close(Failed(EngineError(sentence.format(minutes=minutes))))
        if self._end is None or self._told:
            return []
        self._told = True
        return [self._end]

    def cancel(self) -> None:
        """End it at once."""
        if self._end is None:
            self._cancel_command()
            self._close(Failed(CancelledError(_("The work was canceled."))))

    def _take_answer(self, *_args: Any) -> None:
        self._answered = True  # the logic still cleans up after this call: `poll` reads the table

    def _finish(self) -> None:
        try:
            self._close(Finished({"regions": self._regions()}))
        except ReadingRoomError as error:
            self._close(Failed(error))

    def _close(self, end: Event) -> None:
        self._end = end
        self._remove_nodes()

    def _remove_nodes(self) -> None:
        for node in (self._table, self._mask):
            slicer.mrmlScene.RemoveNode(node)

    def _cancel_command(self) -> None:
        command = getattr(self._logic, "cliNode", None)
        if command is not None:
            command.Cancel()

    def _regions(self) -> list[dict[str, Any]]:
        rows = self._table.GetNumberOfRows()
        if rows == 0:
            raise EngineError(
                _(
                    "SlicerRadiomics gave an empty table without saying why. "
                    "Choose the engine ReadingRoom, which gives the same numbers."
                )
            )
        features = ["_".join(self._table.GetCellText(row, i) for i in range(_NAME_COLUMNS)) for row in range(rows)]
        return [self._region(label, name, features) for label, name in self._names.items()]

    def _region(self, label: int, name: str, features: list[str]) -> dict[str, Any]:
        column = self._column(label)
        cells = {} if column is None else {f: self._table.GetCellText(r, column) for r, f in enumerate(features)}
        provenance = {f: cell for f, cell in cells.items() if f.startswith("diagnostics_")}
        values = {f: _number(cell) for f, cell in cells.items() if f not in provenance and cell != ""}
        missing = [feature for feature in _expected(self._settings) if feature not in values]
        problem = ""
        if missing:
            problem = _("SlicerRadiomics left out {count} features, {first} among them, without saying why.").format(
                count=len(missing), first=missing[0]
            )
        region = {"label": label, "name": name, "notes": [], "problem": problem, "score": None}
        return {**region, "values": {} if problem else values, "provenance": provenance}

    def _column(self, label: int) -> int | None:
        """The column of a label: SlicerRadiomics names it after the mask, with ``_label_1`` at the end."""
        columns = range(_NAME_COLUMNS, self._table.GetNumberOfColumns())
        return next((i for i in columns if self._table.GetColumnName(i).endswith(f"_label_{label}")), None)


def _expected(settings: Settings) -> list[str]:
    """The features of the image itself that must be there; those of filtered images have names that depend on them."""
    if "Original" not in settings.image_types:
        return []
    return [
        f"original_{feature_class}_{name}"
        for feature_class in settings.features
        for name in settings.names(feature_class)
    ]


def _number(cell: str) -> float | None:
    """A value, or None where it is not defined. PyRadiomics writes some of a symmetrical shape as ``(4.5-6e-18j)``."""
    try:
        value = complex(cell).real
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _write_parameters(path: Path, settings: Settings) -> Path:
    parameters = parameters_for_pyradiomics(settings)
    parameters["setting"].pop("label", None)  # each region gets its own
    try:
        path.write_text(json.dumps(parameters), encoding="utf-8")
    except OSError as error:
        raise OutputError(_("The settings for SlicerRadiomics cannot be saved: is the disk full?")) from error
    return path


def _label_node(mask: Path) -> Any:
    """The file as a node of labels that nobody is shown and that no scene is saved with."""
    node = slicer.util.loadLabelVolume(str(mask), properties={"name": "ReadingRoom regions", "show": False})
    _hide(node)
    return node


def _hide(node: Any) -> None:
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
