"""Setting up with the real pip: an environment of its own, and wheels that a test makes. No network."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata

import pytest
import slicer.packaging

from readingroom.desktop import pinned_packages, setup
from readingroom.errors import SetupError

pytest.importorskip("pip", reason="needs pip in this environment")

_BUNDLED = ("numpy==2.4.6", "packaging==26.2")


class Environment:
    """A Python environment, made where there is none, and a folder of wheels in it."""

    def __init__(self, folder) -> None:
        if not folder.exists():
            venv.create(folder, with_pip=False, symlinks=True)
        self.python = next(folder.glob("[bS]*/python*"))
        self._site_packages = next(folder.rglob("site-packages"))
        self.wheels = folder / "wheels"
        self.wheels.mkdir(exist_ok=True)

    def offer(self, requirement: str, *needs: str) -> None:
        """Put an empty package among the wheels: ``offer("timm==1.1", "torch>=2.14")``."""
        name, version = requirement.split("==")
        info = f"{name}-{version}.dist-info"
        files = {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            + "".join(f"Requires-Dist: {need}\n" for need in needs),
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        digests = {path: base64.urlsafe_b64encode(hashlib.sha256(t.encode()).digest()) for path, t in files.items()}
        record = [f"{path},sha256={digest.decode().rstrip('=')}," for path, digest in digests.items()]
        files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"])
        with zipfile.ZipFile(self.wheels / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            for path, text in files.items():
                wheel.writestr(path, text)

    def pip(self, arguments: list[str]) -> None:
        """Run pip on the environment; it finds packages among the wheels alone."""
        offline = ["--no-index", "--find-links", str(self.wheels), "--disable-pip-version-check"]
        command = [sys.executable, "-m", "pip", "--python", str(self.python), *arguments, *offline]
        own = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        own["PIP_CONFIG_FILE"] = os.devnull
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, env=own)

    def version_of(self, name: str) -> str:
        """The version of a package in the environment."""
        found = [d.version for d in metadata.distributions(name=name, path=[str(self._site_packages)])]
        assert len(found) <= 1
        return found[0] if found else ""


@pytest.fixture(scope="module")
def installed_once(tmp_path_factory):
    """An environment with the CPU's torch 2.13, where all but timm is installed, and newer wheels."""
    environment = Environment(tmp_path_factory.mktemp("pip") / "environment")
    for requirement in (*_BUNDLED, "torch==2.13.0+cpu", "torch==2.14.1", "numpy==2.5.0"):
        environment.offer(requirement)
    environment.offer("torchvision==0.28.0", "torch==2.13.0")
    environment.offer("torchvision==0.29.0", "torch==2.14.1")
    environment.pip(["install", *_BUNDLED, "torch==2.13.0+cpu", "torchvision==0.28.0"])
    return environment.python.parent.parent


@pytest.fixture
def computer(an_empty_scene, installed_once, tmp_path, monkeypatch):
    """A copy of that environment, in which Slicer's pip works."""
    shutil.copytree(installed_once, tmp_path / "environment", symlinks=True)
    environment = Environment(tmp_path / "environment")
    listed = tmp_path / "requirements.txt"
    listed.write_text("# runs the networks\ntimm>=1.0.15\n", "utf-8")
    monkeypatch.setattr(setup, "requirements_file", lambda: listed)
    monkeypatch.setattr(pinned_packages, "version_of", environment.version_of)
    slicer.packaging.run_pip = environment.pip
    return environment


def versions(computer) -> dict[str, str]:
    return {name: computer.version_of(name) for name in ("torch", "torchvision", "numpy", "timm")}


def test_pip_takes_an_older_package_rather_than_another_pytorch(computer):
    computer.offer("timm==1.0.20", "torch", "torchvision", "numpy")
    computer.offer("timm==1.1.0", "torch>=2.14", "torchvision", "numpy>=2.5")
    setup.set_up()
    assert versions(computer) == {
        "torch": "2.13.0+cpu",
        "torchvision": "0.28.0",
        "numpy": "2.4.6",
        "timm": "1.0.20",
    }


def test_a_package_that_wants_another_pytorch_is_not_installed(computer):
    computer.offer("timm==1.1.0", "torch>=2.14")
    with pytest.raises(SetupError, match=r"needs another version of PyTorch .* these stay as they are") as told:
        setup.set_up()
    assert "torch" in told.value.detail.partition("conflict")[2]
    assert (computer.version_of("torch"), computer.version_of("timm")) == ("2.13.0+cpu", "")


def test_a_pip_that_heeds_no_constraints_is_found_out(computer):
    computer.offer("timm==1.1.0", "torch>=2.14", "torchvision>=0.29")
    slicer.packaging.run_pip = lambda arguments: computer.pip(arguments[: arguments.index("--constraint")])
    with pytest.raises(SetupError) as told:
        setup.set_up()
    assert "torch 2.13.0+cpu is now 2.14.1, torchvision 0.28.0 is now 0.29.0" in str(told.value)
    assert told.value.detail.endswith('-m pip install --no-deps "torch==2.13.0" "torchvision==0.28.0"')


def test_the_typed_steps_without_a_network_leave_pytorch_alone_too(computer):
    computer.offer("timm==1.0.20", "torch", "torchvision")
    computer.offer("timm==1.1.0", "torch>=2.14", "numpy>=2.5")
    (line,) = [line for line in setup.offline_instructions().splitlines() if "pip install" in line]
    words = shlex.split(line)
    links = words.index("--find-links")
    computer.pip([*words[words.index("install") : links], *words[links + 2 :]])
    assert versions(computer) == {
        "torch": "2.13.0+cpu",
        "torchvision": "0.28.0",
        "numpy": "2.4.6",
        "timm": "1.0.20",
    }
