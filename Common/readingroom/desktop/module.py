"""What makes one module of ReadingRoom differ from the next; panel, logic and layers are shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..study import Study


@dataclass(frozen=True)
class ReadingModule:
    """One module: the reader that answers, and how a chosen volume becomes its study.

    Parameters
    ----------
    name : Slicer's name of the module, owner of what it adds to the scene: ``ChestXRay``
    reader : name of the reader: ``chest-xray``
    question : the clinical question, as a sentence for the top of the panel
    study_label : what is selected: "Radiograph"
    make_study : a volume node and a private folder for pixels -> the study
    features : whether the panel has a section that measures segments
    """

    name: str
    reader: str
    question: str
    study_label: str
    make_study: Callable[[Any, Path], Study]
    features: bool = False
