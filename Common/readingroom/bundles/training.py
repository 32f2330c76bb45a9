"""What the weights of a bundle have seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .. import records
from .validation import require

ProtocolName = Literal["published", "rigorous"]


@dataclass(frozen=True)
class Training:
    """What the weights have seen.

    Parameters
    ----------
    protocol : ``published`` (the paper's way, flaws labeled) or ``rigorous``
    patients, images : of the training cohort
    counts : images by label name
    sources : data sets, as a reader would look for them
    seed : of every random choice
    synthetic_images : how many of ``images`` were made by a generator
    settings : epochs, learning rate and the like, for those who repeat it
    """

    protocol: ProtocolName
    patients: int
    images: int
    counts: Mapping[str, int]
    sources: tuple[str, ...]
    seed: int
    synthetic_images: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(
            0 < self.patients <= self.images,
            f"A training cohort of {self.patients} patients and {self.images} images is not plausible.",
        )
        require(all(count >= 0 for count in self.counts.values()), "A label of the training cohort has fewer than 0.")
        require(0 <= self.synthetic_images <= self.images, "The cohort has more synthetic images than images.")
        object.__setattr__(self, "counts", records.frozen(self.counts))
        object.__setattr__(self, "settings", records.frozen(self.settings))
