"""What Slicer's plot view would show: a chart node drawn by VTK's charts, which are those of Slicer."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

_STYLES = {1: vtk.vtkPen.SOLID_LINE, 2: vtk.vtkPen.DASH_LINE}


def render_plot(name: str = "PlotView1", width: int = 600, height: int = 400) -> Any:
    """The chart of a plot view as an RGB array [row, column, 3]."""
    node = slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLPlotViewNode").GetPlotChartNode()
    view = vtk.vtkContextView()
    window = view.GetRenderWindow()
    window.SetOffScreenRendering(True)
    window.SetSize(width, height)
    view.GetRenderer().SetBackground(1, 1, 1)
    view.GetScene().AddItem(_chart(node))
    window.SetMultiSamples(4)
    window.Render()
    grabbed = vtk.vtkWindowToImageFilter()
    grabbed.SetInput(window)
    grabbed.ReadFrontBufferOff()
    grabbed.Update()
    pixels = vtk_to_numpy(grabbed.GetOutput().GetPointData().GetScalars()).reshape(height, width, -1)
    return np.ascontiguousarray(pixels[::-1, :, :3])


def _chart(node: Any) -> Any:
    chart = vtk.vtkChartXY()
    chart.SetTitle(node.GetTitle())
    chart.SetShowLegend(node.GetLegendVisibility())
    chart.GetLegend().SetHorizontalAlignment(vtk.vtkChartLegend.LEFT)
    for axis, title in ((vtk.vtkAxis.BOTTOM, node.GetXAxisTitle()), (vtk.vtkAxis.LEFT, node.GetYAxisTitle())):
        chart.GetAxis(axis).SetTitle(title)
    for number in range(node.GetNumberOfPlotSeriesNodes()):
        series = node.GetNthPlotSeriesNode(number)
        table = series.GetTableNode().GetTable()
        columns = [table.GetColumnByName(each) for each in (series.GetXColumnName(), series.GetYColumnName())]
        drawn = vtk.vtkTable()  # one of its own: a line keeps the columns that it is given
        for column in columns:
            drawn.AddColumn(column)
        line = chart.AddPlot(vtk.vtkChart.LINE)
        line.SetInputData(drawn, 0, 1)
        line.SetLabel(series.GetName())
        line.SetColorF(*series.GetColor())
        line.SetWidth(series.GetLineWidth())
        line.GetPen().SetLineType(_STYLES.get(series.GetLineStyle(), vtk.vtkPen.DASH_LINE))
    return chart
