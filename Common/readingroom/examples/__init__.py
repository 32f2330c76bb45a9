"""Example studies that come with the package, for the demonstration and for first steps (see README.md beside this)."""

from pathlib import Path


def chest_radiograph() -> Path:
    """A frontal chest radiograph as a DICOM file; one of those that trained `cxr-nih-pneumonia`."""
    return Path(__file__).parent / "chest-radiograph.dcm"
