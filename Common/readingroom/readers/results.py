"""The files of a reading: ``reading.json``, heat maps, segments and key pictures, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..anonymity import is_anonymous
from ..files import PRIVATE
from ..folders import atomic_files
from ..imaging.between_slices import Heat
from ..imaging.blocks import grid_of_blocks, side_between
from ..imaging.geometry import Geometry
from ..imaging.nrrd_writing import write_nrrd
from ..imaging.segments import AtLeast, Mask, Segment, write_segments
from ..parallel import side_by_side
from ..reading import Box, HeatMap, MapShows, Reading
from ..regular_file import read_regular
from ..reports.pictures import gray_png, map_png
from ..reports.write import own_reports

if TYPE_CHECKING:
    import SimpleITK

    from .answer import Answer, Case, MapLayer, PictureLayer

READING = "reading.json"
REGIONS = "regions"  # in place of a finding: the key picture that shows the regions of its image
_LEVEL_COLORS = ((1.0, 0.75, 0.2), (0.9, 0.25, 0.1), (0.6, 0.05, 0.25))


def heat_map_path(image: str, finding: str, shows: MapShows = "evidence", feature: str = "") -> Path:
    """Where a heat map of a finding on an image lies in the folder of a reading."""
    if shows == "bias-field":
        return Path(f"bias-field-{image}.nrrd")
    shown = "" if shows == "evidence" else f"-{feature or shows}"
    return Path(f"heatmap-{image}-{finding}{shown}.nrrd")


def segments_path(image: str) -> Path:
    """Where the regions of an image, and the levels of its maps, lie as segments."""
    return Path(f"segments-{image}.seg.nrrd")


def picture_path(image: str, finding: str = "", slice_: int | None = None) -> Path:
    """Where a key picture lies: of the image alone, with the map of a finding or its `REGIONS`; of one slice."""
    number = "" if slice_ is None else f"slice{slice_ + 1:04d}"
    return Path("-".join(part for part in ("picture", image, finding, number) if part) + ".png")


def write_results(
    reading: Reading,
    case: Case,
    answer: Answer,
    out: Path,
    pictures: Mapping[str, bytes],
    add: Callable[[Reading, Path], object] | None = None,
) -> None:
    """Write everything into a hidden folder; it takes its place when the last file is complete.

    All files of an earlier reading in ``out``, its reports too, are gone before the first new one is there; other files
    stay.

    Parameters
    ----------
    reading : as it is written; one that names the patient can be read by the files' owner alone
    pictures : PNG bytes of the key pictures by file name, see `drawn`
    add : writes what else belongs to the reading, such as its report, into the folder that it is given

    Raises
    ------
    OutputError : the folder is read-only or the disk is full; the earlier reading is then still there
    ValueError : a map or region does not have the size of its image, the range or the path that it must have
    """
    _check(answer, case)
    with atomic_files(out, lambda: _earlier_files(out), last=READING) as folder:
        side_by_side(lambda: _write_segments(answer, case, folder), lambda: _write_maps(answer, case, folder))
        for name, data in pictures.items():
            (folder / name).write_bytes(data)
        (folder / READING).touch(0o666 if is_anonymous(reading) else PRIVATE)
        (folder / READING).write_bytes(reading.to_bytes())
        if add is not None:
            add(reading, folder)


def drawn(reading: Reading, answer: Answer) -> dict[str, bytes]:
    """The key pictures as PNG, by file name."""
    return {str(layer.picture.path): _png(layer, reading) for layer in answer.pictures}


def _check(answer: Answer, case: Case) -> None:
    """A reader that breaks the rules is told which layer and which rule, before anything is written."""
    for layer in answer.maps:
        heat_map = layer.heat_map
        where = f"The heat map of '{heat_map.finding}' on '{heat_map.image}'"
        _check_shape(where, layer.heat, heat_map.image, case)
        _check_path(where, heat_map.path, _path_of(heat_map))
        if not (layer.heat.min() >= 0 and (layer.heat.max() <= 1 or heat_map.shows == "bias-field")):
            raise ValueError(f"{where} leaves the range from 0 to 1.")
    for region in answer.regions:
        where = f"The region '{region.region.name}' on '{region.region.image}'"
        _check_shape(where, region.mask, region.region.image, case)
        _check_path(where, region.region.mask, segments_path(region.region.image))


def _check_shape(where: str, array: Heat | Mask, image: str, case: Case) -> None:
    expected = tuple(reversed(case.images[image].image.GetSize()))
    is_picture = len(expected) == 2 or expected[0] == 1
    if array.shape != expected and not (is_picture and side_between(expected, array.shape)):
        raise ValueError(f"{where} has the shape {array.shape}; its image has {expected}.")


def _path_of(heat_map: HeatMap) -> Path:
    return heat_map_path(heat_map.image, heat_map.finding, heat_map.shows, heat_map.feature)


def _check_path(where: str, path: Path, expected: Path) -> None:
    if path != expected:
        raise ValueError(f"{where} names the file {path}; it is written as {expected}.")


def _write_maps(answer: Answer, case: Case, folder: Path) -> None:
    for layer in answer.maps:
        image = _grid(layer.heat.shape, layer.heat_map.image, case)
        slices = layer.heat if layer.heat.ndim == 3 else layer.heat[None]
        write_nrrd(folder / layer.heat_map.path, slices, image.GetSize(), Geometry.of(image))


def _write_segments(answer: Answer, case: Case, folder: Path) -> None:
    for image, segments in _segments(answer):
        grid = _grid(segments[0].mask.shape, image, case)
        write_segments(folder / segments_path(image), grid, segments)


def _grid(shape: tuple[int, ...], image: str, case: Case) -> SimpleITK.Image:
    """Where the values of that shape lie."""
    return grid_of_blocks(case.images[image].image, shape[::-1])


def _segments(answer: Answer) -> Iterator[tuple[str, list[Segment]]]:
    """For each image the regions on it, then the levels of the first map on it; a higher level lies inside a lower.

    A level that a region shows already, within an organ say, is no second segment.
    """
    images = [layer.region.image for layer in answer.regions] + [layer.heat_map.image for layer in answer.maps]
    titles = {finding.name: finding.title for finding in answer.findings}
    for image in dict.fromkeys(images):
        segments = [
            Segment(layer.region.name, layer.region.title, layer.region.color, layer.mask, layer.region.code)
            for layer in answer.regions
            if layer.region.image == image
        ]
        first = next((layer for layer in answer.maps if layer.heat_map.image == image), None)
        if first is not None:
            masks = [layer.mask for layer in answer.regions]
            known = {mask.level for mask in masks if isinstance(mask, AtLeast) and mask.values is first.heat}
            segments += level_segments(first, titles[first.heat_map.finding], known)
        yield image, segments


def level_segments(layer: MapLayer, title: str, known: Collection[float] = ()) -> list[Segment]:
    """The regions of a heat map at its named levels, but for those that are ``known``."""
    return [
        Segment(
            id=f"{layer.heat_map.finding}-{round(100 * level)}",
            name=f"{title}: map at least {round(100 * level)} %",
            color=_LEVEL_COLORS[min(number, len(_LEVEL_COLORS) - 1)],
            mask=AtLeast(layer.heat, level),
        )
        for number, level in enumerate(layer.heat_map.levels)
        if level not in known
    ]


def _png(layer: PictureLayer, reading: Reading) -> bytes:
    if layer.heat is None:
        return gray_png(layer.gray, layer.spacing, layer.left)
    heat_map = reading.heat_map(layer.picture.image, layer.picture.finding)
    box = heat_map.box if heat_map is not None and _crosses(heat_map.box, layer.picture.slice) else None
    return map_png(layer.gray, layer.heat, box, layer.spacing, layer.left, block=layer.block)


def _crosses(box: Box | None, number: int | None) -> bool:
    """Whether the box of a map is to be seen on the slice of that number; on a flat picture it always is."""
    if box is None or number is None or len(box.start) < 3:
        return box is not None
    return box.start[2] <= number < box.stop[2]


def _earlier_files(out: Path) -> set[str]:
    """Names of the files that an earlier reading left in the same folder."""
    reports = own_reports(out)
    try:
        earlier = Reading.from_json(json.loads(read_regular(out / READING)))
    except (OSError, ValueError, RecursionError):  # there is none, or none that we wrote
        return {READING, *reports}
    paths = [_path_of(heat_map) for heat_map in earlier.heat_maps]
    for image in earlier.study.images:
        paths += [segments_path(image.role), picture_path(image.role, REGIONS)]
    for picture in earlier.key_pictures:
        paths += [picture_path(picture.image, picture.finding, number) for number in (None, picture.slice)]
    # A reading from elsewhere may name any file, or any finding: only our own names in this folder are meant.
    return {READING, *reports, *(str(path) for path in paths if path.name == str(path))}
