"""What a network answers, and how its heat maps are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .validation import PLAIN_NAME, require

ExplanationMethod = Literal["cam", "grad-cam", "grad-cam++", "layer-cam", "hires-cam"]


@dataclass(frozen=True)
class Label:
    """One output of the network: ``name`` for machines (``no-finding``), ``title`` for people (``No finding``)."""

    name: str
    title: str

    def __post_init__(self) -> None:
        require(bool(PLAIN_NAME.match(self.name)), f"A label is named {self.name!r}, which is not a plain name.")
        require(bool(self.title.strip()), f"The label '{self.name}' has no title.")


@dataclass(frozen=True)
class Explanation:
    """How heat maps are made: the method, and the layer's dotted name (empty: the last one before pooling)."""

    method: ExplanationMethod
    layer: str = ""
