"""What is installed, what is missing, and how it is set up: with the user's consent, or by hand without a network.

Setting up never changes a PyTorch that is there, nor what Slicer brings: pip is told their versions as constraints, and
afterwards they are compared.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ..errors import SetupError
from . import pinned_packages
from .neighbors import explained, words_of

# Versions as in pyproject.toml. PyTorch comes from its own extension, which picks the build for the graphics card.
_TORCH, _TORCHVISION = ">=2.6", ">=0.21"
_NUMBA = ">=0.68.1"


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

    @property
    def needed(self) -> str:
        """The versions that will do, for people."""
        if self.wanted.startswith("=="):
            return self.wanted.removeprefix("==").removesuffix(".*")
        return _("{version} or newer").format(version=self.wanted.removeprefix(">="))

    @property
    def requirement(self) -> str:
        """As pip reads it: ``timm>=1.0.15``."""
        return f"{self.name}{self.wanted}"


def requirements_file() -> Path:
    """The list of what is installed beside PyTorch."""
    return Path(__file__).resolve().parents[2] / "Resources" / "ReadingRoom-requirements.txt"


def parts() -> list[Part]:
    """Every package that a read or a report needs, PyTorch first. Imports none of them."""
    from packaging.requirements import Requirement

    torch = pinned_packages.version_of("torch")
    found = [
        Part("torch", _TORCH, _("computes"), torch),
        Part("torchvision", torchvision_for(torch), _("comes with PyTorch"), pinned_packages.version_of("torchvision")),
    ]
    purpose = ""
    for line in requirements_file().read_text("utf-8").splitlines():
        if line.startswith("#"):
            purpose = line.removeprefix("#").strip()
        elif line.strip():
            requirement = Requirement(line)
            wanted, version = str(requirement.specifier), pinned_packages.version_of(requirement.name)
            found.append(Part(requirement.name, wanted, purpose, version))
    return found


def compiler() -> Part:
    """numba, without which everything works: loops that it compiles measure features sooner."""
    return Part("numba", _NUMBA, _("makes maps of features many times faster"), pinned_packages.version_of("numba"))


def torchvision_for(torch: str) -> str:
    """The versions of torchvision that fit this version of torch: 0.(x + 15) belongs to 2.x, as 0.28 to 2.13.

    Each torchvision is built for one torch, and loads with no other. Without a torch, or with one of a major version
    that the rule is not known for, any that is new enough.
    """
    major, _dot, rest = torch.partition(".")
    minor = rest.partition(".")[0]
    return f"==0.{int(minor) + 15}.*" if major == "2" and minor.isdecimal() else _TORCHVISION


def missing() -> list[Part]:
    """The packages that are absent, too old, or made for another PyTorch."""
    return [part for part in parts() if not part.fits]


def sentence(absent: Sequence[Part]) -> str:
    """The state of the set-up in plain words."""
    if not absent:
        return _("Everything is installed: you can read.")
    if absent[0].name == "torch" and absent[0].version:
        return _("Reading is not possible yet: PyTorch {version} is too old.").format(version=absent[0].version)
    if absent[0].name == "torch":
        return _("Reading is not possible yet. To be set up: {names}.").format(names=_names(absent))
    return _("To be set up: {names}.").format(names=_names(absent))


def set_up() -> None:
    """Install what is missing. Slicer asks before each of the two steps; nothing happens without consent.

    The first step is the extension PyTorch's, and the second pip's. When the first fails there is no second: pip would
    fetch a PyTorch of its own choice.

    Raises
    ------
    SetupError : Slicer is too old, the extension PyTorch is missing, the PyTorch that is there is too old, the user
        declined, the installation failed, or it changed a package that must stay
    """
    packaging = _slicer_packaging()
    absent = missing()
    by_pytorch = [part for part in absent if part.name in pinned_packages.PYTORCH]
    if by_pytorch:
        _set_up_pytorch(by_pytorch)
    rest = [part for part in absent if part not in by_pytorch]
    if rest:
        _set_up_packages(packaging, rest)


def set_up_compiler() -> None:
    """Install numba. Slicer asks before; it changes neither a PyTorch that is there nor what Slicer brings.

    Raises
    ------
    SetupError : Slicer is too old, the user declined, the installation failed, or it changed a package that must stay
    """
    _set_up_packages(_slicer_packaging(), [compiler()])


def offline_instructions() -> str:
    """How to set up a computer without a network, with the commands as they are to be typed."""
    if problem := _unfit_pytorch():
        return problem
    python, listed = sys.executable, requirements_file()
    wheels = Path.home() / "ReadingRoom-wheels"
    pinned = pinned_packages.versions()
    pytorch = {part.name: part for part in parts() if part.name in pinned_packages.PYTORCH}
    wanted = [part.requirement for part in pytorch.values() if not part.fits]
    fetched = [f"{name}=={pinned[name].partition('+')[0]}" for name, part in pytorch.items() if part.fits]
    replaced = {part.name for part in pytorch.values() if not part.fits}
    kept = pinned_packages.pins({name: version for name, version in pinned.items() if name not in replaced})
    return _(
        "1. On a computer with a network, the same operating system and the same version of Slicer, type:\n"
        '   "{python}" -m pip download -d "{wheels}" {fetched} -r "{listed}"\n'
        "   (For an NVIDIA graphics card add the --index-url that pytorch.org names for your driver.)\n"
        '2. Carry the folder "{wheels}" over to this computer.\n'
        "3. Here, type (the versions are those that are here already and must stay):\n"
        '   "{python}" -m pip install --no-index --find-links "{wheels}" {kept} -r "{listed}"\n'
        "4. Start Slicer again. Bundles need no network: install them from a zip below."
    ).format(
        python=python,
        wheels=wheels,
        fetched=_quoted([*fetched, *wanted]),
        kept=_quoted([*kept, *wanted]),
        listed=listed,
    )


def _set_up_pytorch(wanted: Sequence[Part]) -> None:
    """Let the extension PyTorch install what is missing of it, and see that it did."""
    if problem := _unfit_pytorch():
        raise SetupError(problem)
    torch, replaced = pinned_packages.version_of("torch"), {part.name for part in wanted}
    before = {name: version for name, version in pinned_packages.versions().items() if name not in replaced}
    failed = _("The extension PyTorch failed to install {names}; nothing else was installed.")
    try:
        with explained(failed.format(names=_names(wanted))):
            _pytorch_logic().installTorch(
                askConfirmation=True,
                torchVersionRequirement=f"=={torch.partition('+')[0]}" if torch else _TORCH,
                torchvisionVersionRequirement=torchvision_for(torch),
            )
    finally:
        _require_unchanged(before)
    # Its step may fail with no more than a stack trace in the console, and return like one that went well.
    if absent := [part for part in missing() if part.name in pinned_packages.PYTORCH]:
        raise SetupError(
            _(
                "{names} was not installed by the extension PyTorch, so nothing else was installed either. If you did "
                "not decline, Slicer's Python console says why; the steps without a network are below."
            ).format(names=_names(absent))
        )


def _set_up_packages(packaging: Any, wanted: Sequence[Part]) -> None:
    """Let pip install the packages beside PyTorch, bound to the versions of all that must stay."""
    before = pinned_packages.versions()
    failed = _(
        "The packages could not be installed. Either the network cannot be reached, or one of them needs another "
        "version of PyTorch or of what Slicer brings; these stay as they are. The steps without a network are below."
    )
    with pinned_packages.constraints_file(before) as constraints:
        try:
            with explained(failed):
                _ask_pip(packaging, [part.requirement for part in wanted], constraints)
        finally:
            _require_unchanged(before)
    after = [replace(part, version=pinned_packages.version_of(part.name)) for part in wanted]
    if absent := [part for part in after if not part.fits]:
        sentence = _("pip ended without an error, but these are still missing: {names}.")
        raise SetupError(sentence.format(names=_names(absent)))


def _ask_pip(packaging: Any, requirements: list[str], constraints: Path) -> None:
    try:
        packaging.pip_ensure(requirements, constraints=str(constraints), requester="Reading Room")
    except RuntimeError as error:
        # Slicer raises the same kind for a person who says no and for what goes wrong, such as another pip at work.
        if "declin" not in str(error).lower():
            raise
        raise SetupError(_("Nothing was installed, as you asked.")) from error


def _require_unchanged(before: Mapping[str, str]) -> None:
    changed = pinned_packages.changes(before, pinned_packages.versions())
    if not changed:
        return
    listed = ", ".join(
        _("{name} {before} is now {after}").format(name=name, before=old, after=new or _("gone"))
        for name, (old, new) in changed.items()
    )
    raise SetupError(
        _(
            "The installation changed what had to stay: {listed}. Other extensions may need the earlier versions; the "
            "details say how to bring them back."
        ).format(listed=listed),
        pinned_packages.commands_to_restore(changed),
    )


def _unfit_pytorch() -> str:
    """Why the PyTorch that is there will not do, in a sentence; empty when it does or there is none."""
    torch = parts()[0]
    if torch.fits or not torch.version:
        return ""
    return _(
        "PyTorch {version} is installed, and Reading Room needs {wanted}. Setting up never changes a PyTorch that is "
        "there, because other extensions may need it: change it with the extension 'PyTorch', then set up again."
    ).format(version=torch.version, wanted=torch.needed)


def _pytorch_logic() -> Any:
    try:
        from PyTorchUtils import PyTorchUtilsLogic
    except ImportError as error:
        raise SetupError(
            _(
                "PyTorch is set up by the extension 'PyTorch': install it in the Extensions Manager, restart, and try "
                "again."
            ),
            words_of(error),
        ) from error
    return PyTorchUtilsLogic()


def _slicer_packaging() -> Any:
    try:
        import slicer.packaging
    except ImportError as error:
        raise SetupError(_("Reading Room needs 3D Slicer 5.12 or newer: please install a newer Slicer.")) from error
    return slicer.packaging


def _names(listed: Sequence[Part]) -> str:
    return ", ".join("PyTorch" if part.name == "torch" else part.name for part in listed)


def _quoted(requirements: Sequence[str]) -> str:
    return " ".join(f'"{requirement}"' for requirement in requirements)
