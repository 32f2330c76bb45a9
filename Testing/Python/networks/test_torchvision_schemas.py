"""torchvision beside a CPU build of torch."""

from __future__ import annotations

import subprocess
import sys


def test_torchvision_and_timm_can_be_imported_in_a_fresh_interpreter() -> None:
    program = (
        "from readingroom.networks.torchvision_schemas import make_torchvision_importable as make;"
        "make(); make(); import torchvision.models, timm; print(len(timm.list_models('resnet34')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
