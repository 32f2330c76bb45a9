"""Which networks a bundle for chest radiographs may be made with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from readingroom.bundles import write
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import ClassifierMetadata, Label, Preprocessing, Training
from readingroom.errors import BundleError
from readingroom.networks import backbones
from readingroom.readers import base
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader

Make = Callable[[str, int, int], Bundle]


@pytest.fixture
def a_bundle_of(tmp_path: Path) -> Make:
    """Make a bundle with that network, size of input and number of channels, random weights and no map of its own."""

    def make(backbone: str, size: int, channels: int) -> Bundle:
        torch.manual_seed(0)
        metadata = ClassifierMetadata(
            name="a-bundle",
            title="A bundle",
            version="1.0.0",
            reader="chest-xray",
            task="nih-pneumonia",
            backbone=backbone,
            labels=(Label("pneumonia", "Pneumonia"), Label("no-finding", "No finding")),
            multilabel=False,
            preprocessing=Preprocessing(
                "picture", (size, size), channels, mean=(0.5,) * channels, std=(0.25,) * channels
            ),
            training=Training("rigorous", 10, 10, {"pneumonia": 5, "no-finding": 5}, ("phantoms",), 0),
            intended_use="Tests.",
            license="Apache-2.0",
            demonstration=True,
        )
        small = "mobilenetv2_100" if backbone == "vit_base_patch16_224" else backbone
        state = backbones.create(small, 2, channels=channels).state_dict()
        return write.write(tmp_path / "a-bundle", metadata, state, card="# Card\n", license_text="Apache\n")

    return make


def read(bundle: Bundle, radiograph: Path, folder: Path) -> str:
    """How the map was made."""
    made = base.read(
        find_reader("chest-xray"),
        open_study(find_reader("chest-xray"), {"frontal": radiograph}),
        bundle,
        folder / "out",
        "cpu",
        force=True,
    )
    return str(made.provenance.settings["map"])


@pytest.mark.parametrize(
    ("backbone", "channels", "method"),
    [("mobilenetv2_100", 1, "cam"), ("densenet121", 3, "cam"), ("mobilenetv3_large_100", 3, "grad-cam")],
)
def test_reads_with_its_map(
    a_bundle_of: Make, a_radiograph: Path, tmp_path: Path, backbone: str, channels: int, method: str
) -> None:
    assert read(a_bundle_of(backbone, 96, channels), a_radiograph, tmp_path) == method


def test_a_network_that_cannot_say_where_is_refused(a_bundle_of: Make, a_radiograph: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"ViT-B/16, which has no map of features"):
        read(a_bundle_of("vit_base_patch16_224", 224, 3), a_radiograph, tmp_path)


def test_a_network_of_another_size_is_refused(a_bundle_of: Make, a_radiograph: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="reads 224 x 224 pixels, not 96 x 96"):
        read(a_bundle_of("vit_base_patch16_224", 96, 3), a_radiograph, tmp_path)
