"""What a network answers and how it is fed: labels, preprocessing of pixels, the way heat maps are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .. import records
from .validation import PLAIN_NAME, require, require_finite

Preset = Literal["published", "rigorous"]
ExplanationMethod = Literal["cam", "grad-cam", "grad-cam++", "layer-cam", "hires-cam"]

_SMALLEST_SIZE, _LARGEST_SIZE = 16, 4096


@dataclass(frozen=True)
class Label:
    """One output of the network: ``name`` for machines (``no-finding``), ``title`` for people (``No finding``)."""

    name: str
    title: str

    def __post_init__(self) -> None:
        require(bool(PLAIN_NAME.match(self.name)), f"A label is named {self.name!r}, which is not a plain name.")
        require(bool(self.title.strip()), f"The label '{self.name}' has no title.")


@dataclass(frozen=True)
class Preprocessing:
    """How pixels become the network's input.

    Parameters
    ----------
    preset : the recipe, ``published`` or ``rigorous``
    size : edge of the square input in pixels
    channels : 1, or 3 for networks that began on color photographs
    mean, std : of the training set, per channel, on pixels of 0 to 1
    settings : further numbers of the preset, such as clipping percentiles
    """

    preset: Preset
    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    settings: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(
            _SMALLEST_SIZE <= self.size <= _LARGEST_SIZE,
            f"An input of {self.size} pixels is not between {_SMALLEST_SIZE} and {_LARGEST_SIZE}.",
        )
        require(self.channels in (1, 3), f"An input has 1 or 3 channels, not {self.channels}.")
        for what, values in (("mean", self.mean), ("std", self.std)):
            require(
                len(values) == self.channels,
                f"The preprocessing has {len(values)} values of '{what}' for {self.channels} channels.",
            )
            require_finite(f"the '{what}' of the preprocessing", values)
        require(all(value > 0 for value in self.std), "A standard deviation of the preprocessing is not above 0.")
        require_finite("the settings of the preprocessing", self.settings.values())
        object.__setattr__(self, "settings", records.frozen(self.settings))


@dataclass(frozen=True)
class Explanation:
    """How heat maps are made: the method, and the layer's dotted name (empty: the last one before pooling)."""

    method: ExplanationMethod
    layer: str = ""
