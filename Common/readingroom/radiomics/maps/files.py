"""Feature maps as files, which lie on the image wherever they are opened."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import SimpleITK

from ...errors import InputError
from ...files import atomic_write, make_folder
from ...progress import Progress
from .. import feature_classes, image_names
from ..files import Opened
from ..settings import Settings
from .feature_maps import each_feature_map

Features = dict[str, tuple[str, ...]]  # by class, as settings have them


@dataclass(frozen=True)
class MapFiles:
    """The map of each feature by its name, and what has to be said of them in plain sentences."""

    paths: dict[str, Path]
    notes: tuple[str, ...]


def write_maps(
    opened: Opened, settings: Settings, folder: Path, progress: Progress | None = None, words: Sequence[str] = ()
) -> MapFiles:
    """Map the features and write each as ``NAME.nrrd`` into the folder, class by class, so that memory is bounded.

    Parameters
    ----------
    words : what to map, as `maps_named` takes it; without any, what the settings name

    Raises
    ------
    InputError, CancelledError : as `feature_maps` and `maps_named`
    OutputError : the folder cannot be made or written into
    """
    asked: Mapping[str, Features] | None = None
    if words:
        settings, asked = maps_named(words, settings, opened.image.GetDimension() == 2)
    make_folder(folder)
    notes = list(opened.notes)
    paths = {}
    work = progress or Progress()
    for name, image in each_feature_map(opened.image, opened.mask, settings, work, notes.append, asked):
        paths[name] = folder / f"{name}.nrrd"
        with atomic_write(paths[name]) as path:
            SimpleITK.WriteImage(image, str(path), useCompression=True, imageIO="NrrdImageIO")
    return MapFiles(paths, tuple(dict.fromkeys(notes)))


def maps_named(words: Sequence[str], settings: Settings, flat: bool = False) -> tuple[Settings, dict[str, Features]]:
    """What words mean: ``glcm`` (all of the class), ``glcm_Contrast``, ``wavelet-LLH_glcm_Contrast``.

    Without an image a word is about every image of the settings. An image that they do not have is filtered as its
    name says, and nothing is filtered that no word is about.

    Returns
    -------
    The settings with the image types that it takes, and by image the features by class.

    Raises
    ------
    InputError : there is no such image, no such class, or none with such a feature
    """
    parts = [_parts(word) for word in words]
    everywhere = any(not image for image, _class, _feature in parts)
    present = _images(settings, flat)
    kinds = {kind: dict(options) for kind, options in settings.image_types.items()} if everywhere else {}
    asked: dict[str, Features] = {}
    together: Features = {}
    for image, feature_class, feature in parts:
        if image:
            _add_image(kinds, image, settings, flat)
        for each in [image] if image else present:
            _add(asked.setdefault(each, {}), feature_class, feature)
        _add(together, feature_class, feature)
    settings = dataclasses.replace(settings, image_types=kinds, features=together)
    made = _images(settings, flat)
    if missing := [image for image in asked if image not in made]:
        raise InputError(f"There is no image named {', '.join(missing)} with these settings, but {', '.join(made)}.")
    return settings, asked


def _parts(word: str) -> tuple[str, str, str]:
    """Image, class and feature of a word; empty where it names none.

    Raises
    ------
    InputError : there are no maps of that
    """
    image, feature_class, feature = "", *word.partition("_")[::2]
    if feature_class not in feature_classes.NAMES and feature:
        image, feature_class, feature = feature_class, *feature.partition("_")[::2]
    if feature_class in feature_classes.SHAPES or feature_class not in feature_classes.NAMES:
        raise InputError(
            f"There are no maps of '{word}': say {', '.join(_mapped())}, a feature (glcm_Contrast), or one of a "
            "filtered image (wavelet-LLH_glcm_Contrast)."
        )
    return image, feature_class, feature


def _add(features: Features, feature_class: str, feature: str) -> None:
    """Name one more feature, or with ``""`` all of the class."""
    if not feature:
        features[feature_class] = ()
    elif feature_class not in features or features[feature_class]:
        features[feature_class] = (*features.get(feature_class, ()), feature)


def _add_image(kinds: dict[str, dict[str, Any]], image: str, settings: Settings, flat: bool) -> None:
    """Let the image types have this image as well."""
    kind, needed = image_names.type_of(image)
    listed = {name: value for name, value in needed.items() if name in image_names.LISTS}
    options = kinds.get(kind)
    if options is None:  # those that are named, no others
        options = {**settings.image_types.get(kind, {}), **listed}
    own = dataclasses.replace(settings, **options)
    options |= {name: tuple(dict.fromkeys((*getattr(own, name), *value))) for name, value in listed.items()}
    if image not in image_names.names(kind, dataclasses.replace(settings, **options), flat):
        options |= {name: value for name, value in needed.items() if name not in listed}
    kinds[kind] = options


def _images(settings: Settings, flat: bool) -> list[str]:
    kinds = settings.image_types
    return [name for kind in kinds for name in image_names.names(kind, settings.of_image_type(kind), flat)]


def _mapped() -> list[str]:
    return [name for name in feature_classes.NAMES if name not in feature_classes.SHAPES]
