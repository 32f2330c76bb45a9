"""The curves of a reading as Slicer's plots: a table, a series for each line, and a chart, all owned by the module."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from ..formatting import axis_title
from ..reading import Curve, Line, Reading
from .owned_nodes import OwnedNodes, place_beside

_ROLES = ("curve table", "curve series", "curve chart")
_COLORS = ((0.85, 0.37, 0.10), (0.29, 0.53, 0.77), (0.45, 0.45, 0.45), (0.35, 0.65, 0.35))


def show_curves(nodes: OwnedNodes, reading: Reading, volume: Any) -> None:
    """Put the curves of a reading into the scene, beside ``volume``; those of an earlier one go or are updated."""
    kept = [node for curve in reading.curves for node in _show(nodes, curve, volume)]
    nodes.remove([node for role in _ROLES for node in nodes.all(role) if node not in kept])


def chart_of(nodes: OwnedNodes, curve: str) -> Any:
    """The chart node of a curve, or None."""
    return nodes.find("curve chart", curve)


def open_plot(nodes: OwnedNodes, curve: str) -> None:
    """Show a curve in the plot views of the layout; where it has none, in another of Slicer's layouts."""
    chart = chart_of(nodes, curve)
    if chart is None:
        return
    views = [view for view in slicer.util.getNodesByClass("vtkMRMLPlotViewNode") if view.IsMappedInLayout()]
    for view in views:
        view.SetPlotChartNodeID(chart.GetID())
    if not views:
        slicer.modules.plots.logic().ShowChartInLayout(chart)


def _show(nodes: OwnedNodes, curve: Curve, volume: Any) -> list[Any]:
    table = nodes.get_or_add(
        "vtkMRMLTableNode", "curve table", curve.name, _("{title} table").format(title=curve.title)
    )
    table.SetAndObserveTable(_table(curve))
    table.SetLocked(True)
    place_beside(table, volume)
    chart = nodes.get_or_add("vtkMRMLPlotChartNode", "curve chart", curve.name, curve.title)
    place_beside(chart, volume)
    series = [
        _series(nodes, curve, number, column, style, table)
        for number, (column, _values, style) in enumerate(_columns(curve))
    ]
    with slicer.util.NodeModify(chart):
        chart.RemoveAllPlotSeriesNodeIDs()
        for one in series:
            chart.AddAndObservePlotSeriesNodeID(one.GetID())
        chart.SetTitle(curve.title)
        chart.SetXAxisTitle(axis_title(curve.position_title, curve.position_unit))
        chart.SetYAxisTitle(axis_title(curve.value_title, curve.value_unit))
        chart.SetLegendVisibility(len(series) > 1)
    return [table, chart, *series]


def _series(nodes: OwnedNodes, curve: Curve, number: int, column: str, dashed: bool, table: Any) -> Any:
    key = f"{curve.name}/{number}"
    series = nodes.get_or_add("vtkMRMLPlotSeriesNode", "curve series", key, column)
    with slicer.util.NodeModify(series):
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetXColumnName(table.GetTable().GetColumnName(0))
        series.SetYColumnName(column)
        series.SetPlotType(series.PlotTypeScatter)
        series.SetMarkerStyle(series.MarkerStyleNone)
        series.SetLineStyle(series.LineStyleDash if dashed else series.LineStyleSolid)
        series.SetColor(*_COLORS[min(_line_number(curve, number), len(_COLORS) - 1)])
    return series


def _lines(curve: Curve) -> tuple[Line, ...]:
    return (curve.line, *curve.baselines)


def _columns(curve: Curve) -> Iterator[tuple[str, tuple[float, ...], bool]]:
    """Title, values and whether it is the edge of a band, of each column after the positions."""
    level = f"{100 * curve.level:.0f} %"
    for line in _lines(curve):
        yield line.title, line.values, False
        if line.low:
            yield _("{line}, lower end of {level}").format(line=line.title, level=level), line.low, True
            yield _("{line}, upper end of {level}").format(line=line.title, level=level), line.high, True


def _line_number(curve: Curve, column: int) -> int:
    """Which line a column belongs to."""
    widths = [3 if line.low else 1 for line in _lines(curve)]
    owners = [number for number, width in enumerate(widths) for _column in range(width)]
    return owners[column]


def _table(curve: Curve) -> Any:
    """Positions and the columns of each line; a survival curve as steps."""
    steps = curve.kind == "survival"
    table = vtk.vtkTable()
    _add(table, axis_title(curve.position_title, curve.position_unit), _stepped(curve.positions, steps, hold=False))
    for title, values, _dashed in _columns(curve):
        _add(table, title, _stepped(values, steps, hold=True))
    return table


def _stepped(values: tuple[float, ...], steps: bool, hold: bool) -> list[float]:
    """Each value held until the next position, where the curve falls at once."""
    if not steps:
        return list(values)
    pairs = [(a, a if hold else b) for a, b in pairwise(values)]
    return [value for pair in pairs for value in pair] + [values[-1]]


def _add(table: Any, title: str, values: list[float]) -> None:
    column = vtk.vtkDoubleArray()
    column.SetName(title)
    for value in values:
        column.InsertNextValue(value)
    table.AddColumn(column)
