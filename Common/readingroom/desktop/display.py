"""How the panel's reading is shown in the views: its layers, its key slices, its curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import choices, plots, slice_views
from .reading_layout import toward_nipple

if TYPE_CHECKING:
    from ..reading import MapShows
    from .panel import ReadingPanel


class Display:
    """Shows the reading of ``panel`` in the views as its parameters say."""

    def __init__(self, panel: ReadingPanel) -> None:
        self._panel = panel

    def layers(self) -> None:
        """Show the map over the study it belongs to, and nothing over any other."""
        panel, reading = self._panel, self._panel.logic.kept.reading
        if panel.parameters is None or reading is None:
            return
        here = panel.reading is not None
        shows, feature = choices.shown_map(reading, panel.parameters.mapShows, panel.parameters.mapFeature)
        panel.logic.layers.display(
            {image.role: panel.logic.kept.volume(image.role) for image in reading.study.images},
            panel.parameters.finding,
            map_visible=here and panel.parameters.mapVisible,
            shows=shows,
            feature=feature,
            of_images={one.image: one.finding for one in reading.heat_maps} if panel.reader.is_exam else {},
            legends_left={
                one.image for one in reading.heat_maps if panel.reader.hanging and toward_nipple(one.image) < 0
            },
            opacity=panel.parameters.opacity / 100,
            color_table=panel.parameters.colorTable,
            box_visible=here and panel.parameters.boxVisible,
            levels_visible=here and panel.parameters.levelsVisible,
            regions_visible=here and panel.parameters.regionsVisible,
        )

    def toggle_map(self) -> None:
        """Show or hide the heat map."""
        if self._panel.parameters is not None:
            self._panel.parameters.mapVisible = not self._panel.parameters.mapVisible

    def choose_map(self, shows: MapShows) -> None:
        """Show what the maps of this kind show."""
        if self._panel.parameters is not None:
            self._panel.parameters.mapShows = shows

    def choose_feature(self, feature: str) -> None:
        """Show where this feature of the network is active."""
        if self._panel.parameters is not None:
            self._panel.write(lambda _inputs: self._panel.parameters.setValue("mapFeature", feature))
            self._panel.parameters.mapShows = "feature"
            self._panel.refresh()
            self.layers()

    def key_slice(self) -> None:
        """Move the slice views to the slice that shows the chosen finding best."""
        reading = self._panel.reading
        found = choices.key_slice(reading, self._panel.parameters.finding) if reading is not None else None
        if found is not None:
            self._show_slice(*found)

    def arrange(self) -> None:
        """Give the survival curve of the reading its view, or let the strip run over what its profile runs over."""
        self.plot_view()
        reading = self._panel.reading
        for curve in reading.curves if reading is not None else ():
            if curve.kind == "profile" and curve.image and curve.position_unit == "{slice}":
                slices = [number - 1 for number in curve.positions]
                self._panel.layout.spread(self._panel.logic.kept.volume(curve.image), slices)
                return

    def plot_view(self) -> None:
        """Make room in the layout for the survival curve of the reading, where it has one."""
        reading = self._panel.reading
        survival = next((one.name for one in reading.curves if one.kind == "survival"), "") if reading else ""
        self._panel.layout.plot(plots.chart_of(self._panel.logic.nodes, survival) if survival else None)

    def position(self, curve: str, place: int) -> None:
        """Move the slice views to a position of a profile along an image."""
        reading = self._panel.reading
        if reading is None:
            return
        chosen = next(one for one in reading.curves if one.name == curve)
        if chosen.image and chosen.position_unit == "{slice}":
            self._show_slice(chosen.image, round(chosen.positions[place]) - 1)

    def plot(self, curve: str) -> None:
        """Open a curve in Slicer's plot view."""
        plots.open_plot(self._panel.logic.nodes, curve)

    def _show_slice(self, image: str, index: int) -> None:
        volume = self._panel.logic.kept.volume(image)
        if volume is not None:
            slice_views.show_slice(volume, index)
