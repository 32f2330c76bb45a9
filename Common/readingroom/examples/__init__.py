"""Example studies that come with the package, for the demonstration and for first steps (see README.md beside this)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """One DICOM file to try a reader on.

    Parameters
    ----------
    name : of the file, and of the PNG of 128 x 128 pixels beside it, which shows it small
    title : what people call it
    reader : name of the reader that it is for
    bundle : that answers about this patient; empty for the reader's own
    """

    name: str
    title: str
    reader: str
    bundle: str = ""

    @property
    def path(self) -> Path:
        """The DICOM file."""
        return _FOLDER / f"{self.name}.dcm"

    @property
    def thumbnail(self) -> Path:
        """The small picture."""
        return _FOLDER / f"{self.name}.png"


EXAMPLES = (
    Example("chest-radiograph", "Chest radiograph", "chest-xray"),
    Example("chest-radiograph-child", "Chest radiograph of a child", "chest-xray", "cxr-pneumonia-children"),
)


def chest_radiograph() -> Path:
    """A frontal chest radiograph as a DICOM file; its patient trained no network that ships."""
    return EXAMPLES[0].path
