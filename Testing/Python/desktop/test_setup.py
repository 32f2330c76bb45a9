"""Set-up: what is told, what is installed, and what happens when it cannot be."""

from __future__ import annotations

import sys

import pytest
import slicer.packaging
from packaging.requirements import Requirement

import host
from readingroom.desktop import setup
from readingroom.errors import SetupError


@pytest.fixture
def packaging(an_empty_scene):
    """Slicer's pip, which notes what it is asked for."""
    return slicer.packaging


@pytest.fixture
def absent(monkeypatch):
    """Lets packages be absent: ``absent("torch", "timm")``; ``absent(torch="1.0")`` makes one old."""
    versions: dict[str, str] = {}
    installed = setup._installed
    monkeypatch.setattr(setup, "_installed", lambda name: versions.get(name, installed(name)))

    def make(*names, **old):
        versions.update(dict.fromkeys(names, ""), **old)

    return make


@pytest.fixture
def pytorch_extension(an_empty_scene):
    """The extension PyTorch; gives what was asked of it."""
    return host.provide_pytorch()


def test_with_everything_there_it_says_that_one_can_read():
    assert setup.missing() == []
    assert setup.sentence([]) == "Everything is installed: you can read."


def test_what_is_missing_is_told_in_plain_words(absent):
    absent("torch", "timm")
    assert [part.name for part in setup.missing()] == ["torch", "timm"]
    assert "PyTorch and 1 more packages" in setup.sentence(setup.missing())


def test_a_version_that_is_too_old_counts_as_missing(absent):
    absent(timm="0.4.12")
    assert [part.name for part in setup.missing()] == ["timm"]
    assert setup.sentence(setup.missing()) == "To be set up: timm."


def test_every_package_says_what_it_is_for():
    assert [part.name for part in setup.parts() if not part.purpose] == []


def test_what_a_read_imports_is_on_the_list():
    listed = {part.name for part in setup.parts()}
    assert {"torch", "torchvision", "timm", "safetensors", "reportlab", "slicerio"} <= listed


def test_pins_name_a_least_version_and_no_file_or_address():
    for line in setup.requirements_file().read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            assert requirement.url is None
            assert [specifier.operator for specifier in requirement.specifier] == [">="]


def test_pytorch_comes_from_its_extension_and_the_rest_from_pip(absent, packaging, pytorch_extension):
    absent("torch", "torchvision", "timm")
    setup.set_up()
    (asked,) = pytorch_extension
    assert asked["askConfirmation"]
    assert (asked["torchVersionRequirement"], asked["torchvisionVersionRequirement"]) == (">=2.6", ">=0.21")
    ((name, requirements, options),) = packaging.calls
    assert name == "pip_ensure"
    assert options["requester"] == "Reading Room"
    assert options["prompt_install"]
    assert not any(requirement.startswith("torch") for requirement in requirements)


def test_with_everything_there_nothing_is_installed(packaging, pytorch_extension):
    setup.set_up()
    assert packaging.calls == []
    assert pytorch_extension == []


def test_declining_pytorch_installs_nothing_else(absent, packaging):
    absent("torch", "timm")
    host.provide_pytorch(fails=True)
    with pytest.raises(SetupError, match="PyTorch was not installed"):
        setup.set_up()
    assert packaging.calls == []


def test_declining_the_packages_is_told(absent, packaging):
    absent("timm")
    packaging.declined = True
    with pytest.raises(SetupError, match="Nothing was installed, as you asked"):
        setup.set_up()


def test_a_failing_pip_points_at_the_way_without_a_network(absent, packaging):
    absent("timm")
    packaging.failing = True
    with pytest.raises(SetupError, match="could not be installed"):
        setup.set_up()


def test_without_the_pytorch_extension_it_says_where_to_get_it(absent, packaging, monkeypatch):
    absent("torch")
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(SetupError, match="extension 'PyTorch'"):
        setup.set_up()


def test_an_old_slicer_is_told_to_be_too_old(absent, monkeypatch):
    absent("timm")
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    with pytest.raises(SetupError, match=r"needs 3D Slicer 5\.12 or newer"):
        setup.set_up()


def test_offline_instructions_give_commands_for_the_python_that_runs():
    text = setup.offline_instructions()
    assert sys.executable in text
    assert str(setup.requirements_file()) in text
    assert "pip download" in text
    assert "pip install --no-index" in text
