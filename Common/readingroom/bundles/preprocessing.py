"""How the pixels of a study become a network's input: one record for training, bundles and readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .validation import PLAIN_NAME, require, require_finite

InputKind = Literal["picture", "slices", "volume"]
Preset = Literal["published", "rigorous"]
Normalize = Literal["training", "imagenet", "image", "nonzero", "none"]
PercentilesOf = Literal["image", "body"]

_SMALLEST_SIZE, _LARGEST_SIZE = 16, 8192


@dataclass(frozen=True)
class Preprocessing:
    """What a network is given, from the values of the file to its first layer; `readingroom.imaging` follows it.

    The order of work: resample to ``spacing``, keep the slices that hold enough of the ``organ``, crop to it, make gray
    levels of 0 to 1 (``window`` or ``percentiles``, then the ``preset``), bring to ``size``, normalize.

    Parameters
    ----------
    kind : one ``picture``, a stack of ``slices`` that a 2D network reads one by one, or a ``volume``
    size : (rows, columns) of pictures and slices, (slices, rows, columns) of volumes
    channels : 1, or 3 for networks that began on color photographs (the gray level three times)
    preset : the recipe for gray levels, ``published`` (the paper's) or ``rigorous``
    normalize : by mean and deviation of the ``training`` set, of ``imagenet``, of each ``image`` itself, of what is not
        zero in it (``nonzero``, as MedicalNet; zero is put where their mean is), or not at all
    mean, std : per channel, on gray levels of 0 to 1; empty before training has measured them, and for ``image``,
        ``nonzero`` and ``none``
    window : (center, width) in stored values, which are HU for CT
    percentiles : (low, high) of the image's own values that become 0 and 1
    percentiles_of : all of the ``image``, or of an MR the ``body``, however much air is around it
    spacing : mm between slices, rows and columns ``[k, j, i]`` after resampling; None keeps the image's own
    slices : how many of each study, evenly spaced among the kept ones; None keeps all
    organ : role of the mask that says where to look: ``lungs``, ``liver``, ``breast``
    least_organ : smallest share of a kept slice that is organ, 0 to 1
    organ_crop : cut to the box around the organ
    organ_only : all else in a volume is black, so that an answer rests on the organ alone
    keep_aspect : padded to the input's proportions instead of stretched
    correct_bias_field : the bias field of an MR is taken out (N4) before all else
    chest_wall_left : a mammogram with the chest wall on the right is mirrored, so that breasts look the same way

    Raises
    ------
    ValueError : a number is implausible, or two fields contradict each other
    """

    kind: InputKind
    size: tuple[int, ...]
    channels: int = 3
    preset: Preset = "rigorous"
    normalize: Normalize = "training"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    window: tuple[float, float] | None = None
    percentiles: tuple[float, float] | None = None
    percentiles_of: PercentilesOf = "image"
    spacing: tuple[float, float, float] | None = None
    slices: int | None = None
    organ: str = ""
    least_organ: float = 0.0
    organ_crop: bool = False
    organ_only: bool = False
    keep_aspect: bool = False
    chest_wall_left: bool = False
    correct_bias_field: bool = False

    def __post_init__(self) -> None:
        axes = 3 if self.kind == "volume" else 2
        require(len(self.size) == axes, f"An input of kind '{self.kind}' has {axes} sizes, not {len(self.size)}.")
        for side in self.size:
            require(
                _SMALLEST_SIZE <= side <= _LARGEST_SIZE,
                f"An input of {side} pixels is not between {_SMALLEST_SIZE} and {_LARGEST_SIZE}.",
            )
        require(self.channels in (1, 3), f"An input has 1 or 3 channels, not {self.channels}.")
        self._check_gray_levels()
        self._check_organ()
        self._check_normalization()

    def _check_gray_levels(self) -> None:
        require(self.window is None or self.percentiles is None, "An input has a window or percentiles, not both.")
        if self.window is not None:
            require_finite("the window of the input", self.window)
            require(self.window[1] > 0, f"The window of the input is {self.window[1]:g} wide, not above 0.")
        if self.percentiles is not None:
            low, high = self.percentiles
            require(0 <= low < high <= 100, f"The percentiles {low:g} and {high:g} are not rising from 0 to 100.")
        of_body = self.percentiles_of == "body"
        require(not of_body or self.percentiles is not None, "An input without percentiles has none of the body.")
        require(not of_body or self.kind != "picture", "Percentiles of the body are those of a volume.")
        if self.spacing is not None:
            require_finite("the spacing of the input", self.spacing)
            require(min(self.spacing) > 0, f"A spacing of {min(self.spacing):g} mm is not above 0.")
        require(self.kind != "picture" or not self.correct_bias_field, "A picture has no bias field.")
        if self.kind == "picture":
            require(self.spacing is None and self.slices is None, "A picture has neither slices nor a spacing in mm.")
        require(self.slices is None or self.slices > 0, f"{self.slices} slices of a study are none.")
        require(self.kind == "slices" or self.slices is None, f"An input of kind '{self.kind}' chooses no slices.")

    def _check_organ(self) -> None:
        require(0 <= self.least_organ <= 1, f"The least share of the organ is {self.least_organ:g}, not 0 to 1.")
        if self.organ:
            require(
                bool(PLAIN_NAME.match(self.organ)), f"The organ is named {self.organ!r}, which is not a plain name."
            )
        else:
            looked_for = self.organ_crop or self.organ_only or self.least_organ
            require(not looked_for, "An input that looks for an organ must name it.")
        require(self.kind == "volume" or not self.organ_only, "Only a volume is read with all but the organ blackened.")
        require(
            not self.chest_wall_left or self.organ == "breast", "Only an input of the organ breast has a chest wall."
        )

    def _check_normalization(self) -> None:
        for what, values in (("mean", self.mean), ("std", self.std)):
            require(
                not values or self.normalize in ("training", "imagenet"),
                f"An input that is normalized by '{self.normalize}' has no '{what}'.",
            )
            require(
                len(values) in (0, self.channels),
                f"The preprocessing has {len(values)} values of '{what}' for {self.channels} channels.",
            )
            require_finite(f"the '{what}' of the preprocessing", values)
        require(len(self.mean) == len(self.std), "The preprocessing needs both 'mean' and 'std', or neither.")
        require(all(value > 0 for value in self.std), "A standard deviation of the preprocessing is not above 0.")

    @property
    def complete(self) -> bool:
        """Whether a network can be fed: the numbers that training has to measure are there."""
        return bool(self.mean) or self.normalize in ("image", "nonzero", "none")
