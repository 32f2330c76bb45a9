"""What is installed, what is missing, and how it is set up: with the user's consent, or by hand without a network."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from slicer.i18n import tr as _

from ..errors import SetupError

# Versions as in pyproject.toml. PyTorch comes from its own extension, which picks the build for the graphics card.
_TORCH = {"torch": ">=2.6", "torchvision": ">=0.21"}


@dataclass(frozen=True)
class Part:
    """One package: what it is for, and the version that is installed (empty when none is)."""

    name: str
    wanted: str
    purpose: str
    version: str

    @property
    def fits(self) -> bool:
        """Whether a version that will do is installed."""
        from packaging.specifiers import SpecifierSet

        return bool(self.version) and SpecifierSet(self.wanted).contains(self.version, prereleases=True)


def requirements_file() -> Path:
    """The list of what is installed beside PyTorch."""
    return Path(__file__).resolve().parents[2] / "Resources" / "ReadingRoom-requirements.txt"


def parts() -> list[Part]:
    """Every package that a read or a report needs, PyTorch first. Imports none of them."""
    from packaging.requirements import Requirement

    importlib.invalidate_caches()
    purposes = {"torch": _("computes"), "torchvision": _("comes with PyTorch")}
    found = [Part(name, wanted, purposes[name], _installed(name)) for name, wanted in _TORCH.items()]
    purpose = ""
    for line in requirements_file().read_text("utf-8").splitlines():
        if line.startswith("#"):
            purpose = line.removeprefix("#").strip()
        elif line.strip():
            requirement = Requirement(line)
            found.append(Part(requirement.name, str(requirement.specifier), purpose, _installed(requirement.name)))
    return found


def missing() -> list[Part]:
    """The packages that are absent or too old."""
    return [part for part in parts() if not part.fits]


def sentence(absent: Sequence[Part]) -> str:
    """The state of the set-up in plain words."""
    if not absent:
        return _("Everything is installed: you can read.")
    if any(part.name == "torch" for part in absent):
        return _("Reading is not possible yet: PyTorch and {n} more packages are to be set up.").format(
            n=len(absent) - 1
        )
    return _("To be set up: {names}.").format(names=", ".join(part.name for part in absent))


def set_up() -> None:
    """Install what is missing. Slicer asks before each of the two steps; nothing happens without consent.

    Raises
    ------
    SetupError : Slicer is too old, the extension PyTorch is missing, the user declined, or the installation failed
    """
    packaging = _slicer_packaging()
    absent = missing()
    torch = [part for part in absent if part.name in _TORCH]
    if torch:
        _install_torch()
    if len(absent) > len(torch):
        try:
            requirements = packaging.load_requirements(str(requirements_file()))
            packaging.pip_ensure(requirements, requester="Reading Room")
        except CalledProcessError as error:
            raise SetupError(
                _("The packages could not be installed: is the network reachable? The steps without one are below.")
            ) from error
        except RuntimeError as error:
            raise SetupError(_("Nothing was installed, as you asked.")) from error


def offline_instructions() -> str:
    """How to set up a computer without a network, with the commands as they are to be typed."""
    python, listed = sys.executable, requirements_file()
    wheels = Path.home() / "ReadingRoom-wheels"
    torch = " ".join(f'"{name}{wanted}"' for name, wanted in _TORCH.items())
    return _(
        "1. On a computer with a network, the same operating system and the same version of Slicer, type:\n"
        '   "{python}" -m pip download -d "{wheels}" {torch} -r "{listed}"\n'
        "   (For an NVIDIA graphics card add the --index-url that pytorch.org names for your driver.)\n"
        '2. Carry the folder "{wheels}" over to this computer.\n'
        "3. Here, type:\n"
        '   "{python}" -m pip install --no-index --find-links "{wheels}" {torch} -r "{listed}"\n'
        "4. Start Slicer again. Bundles need no network: install them from a zip below."
    ).format(python=python, wheels=wheels, torch=torch, listed=listed)


def _slicer_packaging() -> Any:
    try:
        import slicer.packaging
    except ImportError as error:
        raise SetupError(_("Reading Room needs 3D Slicer 5.12 or newer: please install a newer Slicer.")) from error
    return slicer.packaging


def _install_torch() -> None:
    try:
        from PyTorchUtils import PyTorchUtilsLogic
    except ImportError as error:
        raise SetupError(
            _("PyTorch is set up by the extension 'PyTorch': install it in the Extensions Manager, restart, try again.")
        ) from error
    installed = PyTorchUtilsLogic().installTorch(
        askConfirmation=True,
        torchVersionRequirement=_TORCH["torch"],
        torchvisionVersionRequirement=_TORCH["torchvision"],
    )
    if installed is None:
        raise SetupError(_("PyTorch was not installed; without it nothing can be read."))


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
