"""Feature maps as files, which lie on the image wherever they are opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import SimpleITK

from ...errors import InputError
from ...files import atomic_write, make_folder
from ...progress import Progress
from .. import feature_classes
from ..files import Opened
from ..settings import Settings
from .feature_maps import each_feature_map


@dataclass(frozen=True)
class MapFiles:
    """The map of each feature by its name, and what has to be said of them in plain sentences."""

    paths: dict[str, Path]
    notes: tuple[str, ...]


def write_maps(opened: Opened, settings: Settings, folder: Path, progress: Progress | None = None) -> MapFiles:
    """Map the features and write each as ``NAME.nrrd`` into the folder, class by class, so that memory is bounded.

    Raises
    ------
    InputError, CancelledError : as `feature_maps`
    OutputError : the folder cannot be made or written into
    """
    make_folder(folder)
    notes = list(opened.notes)
    paths = {}
    for name, image in each_feature_map(opened.image, opened.mask, settings, progress or Progress(), notes.append):
        paths[name] = folder / f"{name}.nrrd"
        with atomic_write(paths[name]) as path:
            SimpleITK.WriteImage(image, str(path), useCompression=True, imageIO="NrrdImageIO")
    return MapFiles(paths, tuple(dict.fromkeys(notes)))


def features_named(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The features that words such as ``glcm`` (all of the class) and ``glcm_Contrast`` mean, as settings have them.

    Raises
    ------
    InputError : there is no such class, or none with such a feature
    """
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        feature_class, _, feature = word.partition("_")
        if feature_class in feature_classes.SHAPES or feature_class not in feature_classes.NAMES:
            raise InputError(f"There are no maps of '{word}': say {', '.join(_mapped())}, or a feature: glcm_Contrast.")
        if not feature:
            found[feature_class] = ()
        elif feature_class not in found or found[feature_class]:
            found[feature_class] = (*found.get(feature_class, ()), feature)
    return found


def _mapped() -> list[str]:
    return [name for name in feature_classes.NAMES if name not in feature_classes.SHAPES]
