"""EfficientNet-Lite0 with the weights of an ONNX file recognizes what the original does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("onnx", reason="pip install onnx")

from experiments.efficientnet_lite0_weights import NETWORK, from_onnx, main
from readingroom.networks import backbones

FILE = "efficientnet_lite0_224_fp16w.onnx"


@pytest.mark.parametrize(("picture", "label"), [("cat.bmp", "Egyptian cat"), ("parrot.jpg", "macaw")])
def test_says_of_a_picture_what_another_library_computes_from_the_file(shared: Path, picture: str, label: str) -> None:
    cv2 = pytest.importorskip("cv2", reason="pip install opencv-python-headless")
    folder = shared / "data" / "weights"
    rgb = Image.open(folder / picture).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
    pixels = ((np.asarray(rgb, dtype=np.float32) - 127) / 128).transpose(2, 0, 1)[None]
    with torch.inference_mode():
        said = from_onnx(folder / FILE)(torch.from_numpy(pixels.copy()))[0].numpy()
    original = cv2.dnn.readNetFromONNX(str(folder / FILE))
    original.setInput(pixels, "input")
    assert np.allclose(said, original.forward("logits")[0], atol=1e-3)
    labels = (folder / "imagenet_labels.txt").read_text().splitlines()[1:]  # without the background
    assert labels[int(said.argmax())] == label


def test_the_file_that_it_writes_fills_the_network(shared: Path, tmp_path: Path) -> None:
    source, path = shared / "data" / "weights" / FILE, tmp_path / "lite0.safetensors"
    assert main([str(source), "--out", str(path)]) == 0
    own, first = backbones.create(NETWORK, 2, path).state_dict(), from_onnx(source).state_dict()
    assert all(torch.equal(own[name], first[name]) for name in own if not name.startswith("classifier."))


def test_a_file_that_is_no_onnx_is_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.onnx").write_bytes(b"\xff not one")
    assert main([str(tmp_path / "x.onnx"), "--out", str(tmp_path / "x.safetensors")]) == 1
    assert "is no ONNX file that can be read" in capsys.readouterr().err
