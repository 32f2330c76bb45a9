"""Set-up: what is told, what is installed, and what happens when it cannot be."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import slicer.packaging
from packaging.requirements import Requirement

import host
from readingroom.desktop import pinned_packages, setup
from readingroom.errors import SetupError


class Packages:
    """The packages of a computer as a test wants them; all that is not named is as it is here."""

    def __init__(self, installed) -> None:
        self._installed = installed
        self._versions: dict[str, str] = {}

    def version(self, name: str) -> str:
        return self._versions[name] if name in self._versions else self._installed(name)

    def absent(self, *names: str) -> None:
        self._versions.update(dict.fromkeys(names, ""))

    def put(self, **versions: str) -> None:
        self._versions.update(versions)

    def install(self, *_arguments: object) -> None:
        """What was absent is there."""
        self._versions = {name: version for name, version in self._versions.items() if version}


@pytest.fixture
def packages(monkeypatch):
    """What is installed; a test changes it."""
    played = Packages(pinned_packages.version_of)
    monkeypatch.setattr(pinned_packages, "version_of", played.version)
    return played


@pytest.fixture
def packaging(an_empty_scene, packages):
    """Slicer's pip, which notes what it is asked for and then has it installed."""
    slicer.packaging.run_pip = packages.install
    return slicer.packaging


def test_with_everything_there_it_says_that_one_can_read():
    assert setup.missing() == []
    assert setup.sentence([]) == "Everything is installed: you can read."


def test_what_is_missing_is_told_in_plain_words(packages):
    packages.absent("torch", "timm")
    assert [part.name for part in setup.missing()] == ["torch", "timm"]
    assert setup.sentence(setup.missing()) == "Reading is not possible yet. To be set up: PyTorch, timm."


def test_a_version_that_is_too_old_counts_as_missing(packages):
    packages.put(timm="0.4.12")
    assert [part.name for part in setup.missing()] == ["timm"]
    assert setup.sentence(setup.missing()) == "To be set up: timm."


@pytest.mark.parametrize(
    ("torch", "torchvision"),
    [
        ("2.6.0", "==0.21.*"),
        ("2.13.0+cpu", "==0.28.*"),
        ("2.14.1+cu130", "==0.29.*"),
        ("3.0.0", ">=0.21"),
        ("", ">=0.21"),
    ],
)
def test_torchvision_must_be_the_one_made_for_the_torch_that_is_there(torch, torchvision):
    assert setup.torchvision_for(torch) == torchvision


def test_a_torchvision_made_for_another_torch_counts_as_missing(packages):
    packages.put(torch="2.12.0", torchvision="0.28.0")
    assert [part.name for part in setup.missing()] == ["torchvision"]
    packages.put(torchvision="0.27.1+cpu")
    assert setup.missing() == []


def test_every_package_says_what_it_is_for():
    assert [part.name for part in setup.parts() if not part.purpose] == []


def test_what_a_read_imports_is_on_the_list():
    listed = {part.name for part in setup.parts()}
    assert {"torch", "torchvision", "timm", "safetensors", "reportlab"} <= listed


def test_pins_name_a_least_version_and_no_file_or_address():
    for line in setup.requirements_file().read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            assert requirement.url is None
            assert [specifier.operator for specifier in requirement.specifier] == [">="]


def test_pytorch_comes_from_its_extension_and_the_rest_from_pip(packages, packaging):
    packages.absent("torch", "torchvision", "timm")
    calls = host.provide_pytorch(install=lambda: packages.put(torch="2.13.0", torchvision="0.28.0"))
    setup.set_up()
    (asked,) = calls
    assert asked["askConfirmation"]
    assert (asked["torchVersionRequirement"], asked["torchvisionVersionRequirement"]) == (">=2.6", ">=0.21")
    ((name, requirements, options),) = packaging.calls
    assert (name, requirements) == ("pip_ensure", ["timm>=1.0.15"])
    assert options["requester"] == "Reading Room"
    assert options["prompt_install"]


def test_a_missing_torchvision_is_asked_for_beside_the_torch_that_is_there(packages, packaging):
    packages.put(torch="2.13.0+cpu", torchvision="0.29.0")
    calls = host.provide_pytorch(install=lambda: packages.put(torchvision="0.28.0"))
    setup.set_up()
    assert [call["torchVersionRequirement"] for call in calls] == ["==2.13.0"]
    assert [call["torchvisionVersionRequirement"] for call in calls] == ["==0.28.*"]


def test_pip_is_bound_to_the_versions_that_are_there(packages, packaging):
    read = []

    def install(arguments):
        with open(arguments[arguments.index("--constraint") + 1], encoding="utf-8") as file:
            read.extend(file.read().split())
        packages.put(timm="1.0.31")

    packages.put(torch="2.13.0+cpu", torchvision="0.28.0", torchaudio="", numpy="2.4.6", timm="")
    packaging.run_pip = install
    setup.set_up()
    assert {"torch==2.13.0+cpu", "torchvision==0.28.0", "numpy==2.4.6"} <= set(read)
    assert not any(line.startswith(("torchaudio", "timm")) for line in read)


def test_with_everything_there_nothing_is_installed(packaging):
    calls = host.provide_pytorch()
    setup.set_up()
    assert packaging.calls == []
    assert calls == []


def test_declining_pytorch_installs_nothing_else(packages, packaging):
    packages.absent("torch", "timm")
    host.provide_pytorch(fails=True)
    with pytest.raises(SetupError, match="PyTorch was not installed by the extension PyTorch, so nothing else was"):
        setup.set_up()
    assert packaging.calls == []


def test_a_step_of_pytorch_that_fails_and_returns_as_if_it_had_not_is_noticed(packages, packaging):
    packages.absent("torch", "torchvision", "timm")
    host.provide_pytorch(install=lambda: packages.put(torch="2.13.0"))
    with pytest.raises(SetupError, match="torchvision was not installed by the extension PyTorch"):
        setup.set_up()
    assert packaging.calls == []


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("light-the-torch failed"),
        ValueError("no such backend"),
        subprocess.CalledProcessError(1, ["pip"], stderr="No matching distribution"),
        ImportError("No module named light_the_torch"),
        SystemExit(2),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_the_pytorch_extension_raises_becomes_one_sentence(packages, packaging, error):
    def fail():
        raise error

    packages.absent("torch", "timm")
    host.provide_pytorch(install=fail)
    with pytest.raises(SetupError, match="The extension PyTorch failed to install PyTorch; nothing else") as told:
        setup.set_up()
    assert type(error).__name__ in told.value.detail
    assert str(getattr(error, "stderr", error)) in told.value.detail
    assert packaging.calls == []


def test_a_pytorch_that_its_own_extension_changed_is_told(packages, packaging):
    packages.put(torch="2.13.0+cpu", torchvision="", timm="")
    host.provide_pytorch(install=lambda: packages.put(torch="2.14.1", torchvision="0.29.0"))
    with pytest.raises(SetupError, match=r"torch 2\.13\.0\+cpu is now 2\.14\.1") as told:
        setup.set_up()
    assert '"torch==2.13.0"' in told.value.detail
    assert packaging.calls == []


def test_a_pytorch_that_is_too_old_is_left_alone(packages, packaging):
    packages.put(torch="2.4.1", torchvision="0.19.1", timm="")
    calls = host.provide_pytorch()
    with pytest.raises(SetupError, match=r"PyTorch 2\.4\.1 is installed, and Reading Room needs 2\.6 or newer"):
        setup.set_up()
    assert (calls, packaging.calls) == ([], [])
    assert setup.sentence(setup.missing()) == "Reading is not possible yet: PyTorch 2.4.1 is too old."
    assert "pip" not in setup.offline_instructions()


def test_declining_the_packages_is_told(packages, packaging):
    packages.absent("timm")
    packaging.declined = True
    with pytest.raises(SetupError, match="Nothing was installed, as you asked"):
        setup.set_up()


def test_a_failing_pip_points_at_the_way_without_a_network(packages, packaging):
    packages.absent("timm")
    packaging.failing = True
    with pytest.raises(SetupError, match=r"could not be installed.*steps without a network") as told:
        setup.set_up()
    assert "CalledProcessError" in told.value.detail


def test_a_pip_that_cannot_start_is_not_taken_for_a_person_who_declines(packages, packaging):
    def busy(_arguments):
        raise RuntimeError("Another pip operation is in progress")

    packages.absent("timm")
    packaging.run_pip = busy
    with pytest.raises(SetupError, match="could not be installed") as told:
        setup.set_up()
    assert "Another pip operation" in told.value.detail


def test_a_pip_that_ends_without_installing_is_noticed(packages, packaging):
    packages.absent("timm")
    packaging.run_pip = None
    with pytest.raises(SetupError, match="still missing: timm"):
        setup.set_up()


def test_numba_is_installed_when_asked_for_and_never_missing(packages, packaging):
    packages.absent("numba")
    packaging.run_pip = lambda _arguments: packages.put(numba="0.68.1")
    assert setup.missing() == []
    setup.set_up_compiler()
    assert [(name, requirements) for name, requirements, _options in packaging.calls] == [
        ("pip_ensure", [setup.compiler().requirement])
    ]
    packages.absent("numba")
    packaging.run_pip = None
    with pytest.raises(SetupError, match="still missing: numba"):
        setup.set_up_compiler()


def test_the_numba_that_is_asked_for_is_the_one_that_was_tested():
    metadata = tomllib.loads((Path(__file__).resolve().parents[3] / "pyproject.toml").read_text("utf-8"))
    (tested,) = metadata["project"]["optional-dependencies"]["fast"]
    assert setup.compiler().requirement == tested.replace("==", ">=")


def test_without_the_pytorch_extension_it_says_where_to_get_it(packages, packaging, monkeypatch):
    packages.absent("torch")
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(SetupError, match="extension 'PyTorch'"):
        setup.set_up()


def test_an_old_slicer_is_told_to_be_too_old(packages, monkeypatch):
    packages.absent("timm")
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    with pytest.raises(SetupError, match=r"needs 3D Slicer 5\.12 or newer"):
        setup.set_up()


def test_offline_instructions_give_commands_for_the_python_that_runs(packages):
    packages.absent("torch", "torchvision")
    text = setup.offline_instructions()
    assert sys.executable in text
    assert str(setup.requirements_file()) in text
    assert "pip download -d" in text
    assert '"torch>=2.6" "torchvision>=0.21"' in text
    assert "pip install --no-index" in text


def test_offline_instructions_keep_the_pytorch_that_is_there(packages):
    packages.put(torch="2.13.0+cpu", torchvision="")
    download, install = [line for line in setup.offline_instructions().splitlines() if "-m pip" in line]
    assert '"torch==2.13.0" "torchvision==0.28.*"' in download
    assert '"torch==2.13.0+cpu"' in install
    assert '"torchvision==0.28.*"' in install
    assert f'"numpy=={pinned_packages.version_of("numpy")}"' in install
