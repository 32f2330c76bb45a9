"""ImageNet weights of a TensorFlow Lite MobileNetV2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from readingroom.errors import BundleError
from readingroom.networks import backbones, tflite_weights

FILE = "mobilenet_v2_1.0_224_imagenet.npz"


@pytest.mark.parametrize(
    ("picture", "label", "probability"), [("cat.bmp", "Egyptian cat", 0.78), ("parrot.jpg", "macaw", 0.998)]
)
def test_recognizes_what_the_original_recognizes(shared: Path, picture: str, label: str, probability: float) -> None:
    folder = shared / "data" / "weights"
    network = backbones.create("tf_mobilenetv2_100", 1001, folder / FILE)
    rgb = Image.open(folder / picture).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
    pixels = np.asarray(rgb, dtype=np.float32) / 255
    inputs = torch.from_numpy((pixels - tflite_weights.MEAN) / tflite_weights.STD).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        probabilities = network(inputs).softmax(1)[0]
    labels = (folder / "imagenet_labels.txt").read_text().splitlines()
    assert labels[int(probabilities.argmax())] == label
    assert float(probabilities.max()) == pytest.approx(probability, abs=0.005)


def test_pixels_are_scaled_as_the_original_scales_them() -> None:
    pixels = np.array([0, 128, 255])
    assert np.allclose((pixels / 255 - tflite_weights.MEAN) / tflite_weights.STD, (pixels - 128) / 128)


def test_another_number_of_outputs_keeps_its_own_linear_layer(shared: Path) -> None:
    torch.manual_seed(0)
    network = backbones.create("tf_mobilenetv2_100", 2)
    before = network.classifier.weight.clone()
    tflite_weights.read_mobilenet_v2(network, shared / "data" / "weights" / FILE)
    assert torch.equal(network.classifier.weight, before)


def test_a_file_of_another_network_is_refused(shared: Path) -> None:
    network = backbones.create("tf_mobilenetv2_100", 2)
    with pytest.raises(BundleError, match="another network than MobileNetV2"):
        tflite_weights.read_mobilenet_v2(network, shared / "data" / "weights" / "mobilenet_v1_0.25_128_imagenet.npz")


def test_a_file_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, something=np.zeros(3))
    with pytest.raises(BundleError, match="does not hold the weights"):
        tflite_weights.read_mobilenet_v2(backbones.create("tf_mobilenetv2_100", 2), path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.npz"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(BundleError, match="does not hold the weights"):
        tflite_weights.read_mobilenet_v2(backbones.create("tf_mobilenetv2_100", 2), path)


def test_a_gray_image_answers_as_it_would_three_times_over(shared: Path) -> None:
    gray, color = (
        backbones.create("tf_mobilenetv2_100", 1001, shared / "data" / "weights" / FILE, channels)
        for channels in (1, 3)
    )
    picture = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(gray(picture), color(picture.expand(-1, 3, -1, -1)), atol=1e-3)
