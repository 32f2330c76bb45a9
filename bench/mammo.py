"""What a mammography exam of four views of 4000 x 3000 pixels costs: time until the answer, and memory.

The answer comes with its files: opening four files of 24 MB, checks, network, and all maps on disk. It is held against
the bare forward pass of the same network over the four views, prepared and in one batch; and against what cannot be
saved: opening the files and that pass. All are taken in turns on phantoms; the median counts. Prints seconds, ratios
and megabytes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from readingroom.bundles import write
from readingroom.bundles.metadata import ClassifierMetadata, Preprocessing, Training
from readingroom.engine.client import Failed, Finished, Partial, WorkerClient
from readingroom.imaging.breast import find_breast
from readingroom.imaging.mammography_exam import shown_view
from readingroom.imaging.preprocessing import prepare
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.networks import backbones
from readingroom.phantoms.mammogram import Lesion, Mammogram, four_views, write_exam
from readingroom.readers.mammo_screen import READER, TASK
from readingroom.readers.opening import open_study

ROUNDS, SIZE = 3, (4000, 3000)
INPUT = Preprocessing(
    "picture", (1024, 512), 3, normalize="none", organ="breast", organ_crop=True, keep_aspect=True, chest_wall_left=True
)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files, bundle = _files(folder / "exam"), _bundle(folder / "bench-mammo")
        study = open_study(READER, files)
        network = backbones.create("resnet18", 2, channels=3).eval()
        pixels = [_input(load_radiograph(image).gray, shown_view(image)) for image in study.images]
        batch = torch.from_numpy(np.stack(pixels))

        @torch.inference_mode()
        def forward() -> None:
            network(batch)

        def limit() -> None:
            for image in study.images:
                load_radiograph(image)
            forward()

        arguments = {
            "reader": READER.name, "study": study.to_json(), "bundle": str(bundle), "device": "cpu",
            "out": str(folder / "out"), "answer_first": True, "force": True,
        }  # fmt: skip
        client = WorkerClient()
        try:
            _read(client, arguments)
            limit()
            rounds = [(_seconds(forward), _seconds(limit), *_read(client, arguments)) for _ in range(ROUNDS)]
        finally:
            client.stop()
        peak = _peak_megabytes(bundle, folder / "exam", folder / "memory")
    bare, least, answer, whole = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"resnet18, {tuple(batch.shape)}, {torch.get_num_threads()} threads, {ROUNDS} rounds")
    print(f"answer with its files, network loaded        {answer:8.3f} s")
    print(f"whole read with the tests of the answer      {whole:8.3f} s")
    print(f"bare forward pass over the four views        {bare:8.3f} s")
    print(f"opening the files and bare forward pass      {least:8.3f} s")
    print(f"answer / bare forward pass                   {answer / bare:8.2f}")
    print(f"answer / (opening + bare forward pass)       {answer / least:8.2f}")
    if peak is not None:
        views = 4 * 4 * SIZE[0] * SIZE[1] / 2**20
        print(
            f"peak memory of a whole read                  {peak:8.0f} MB, {peak / views:.1f} times the float32 views"
        )


def _files(folder: Path) -> dict[str, Path]:
    """A phantom of that size; it is made small and enlarged."""
    large = {role: _enlarged(view) for role, view in four_views(1, left=[Lesion(strength=1.6)]).items()}
    return write_exam(folder, large)


def _enlarged(view: Mammogram) -> Mammogram:
    gray = Image.fromarray(view.gray).resize((SIZE[1], SIZE[0]), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(0).normal(0, 0.01, SIZE)
    made = np.asarray(np.clip(np.asarray(gray) + noise, 0, 1), dtype=np.float32)
    return replace(view, gray=made)


def _bundle(folder: Path) -> Path:
    network = backbones.create("resnet18", 2, channels=3)
    metadata = ClassifierMetadata(
        name=folder.name, title="Untrained", version="1.0.0", reader=READER.name, task=TASK.name, backbone="resnet18",
        aggregation="mean", labels=TASK.labels, multilabel=False, preprocessing=INPUT,
        training=Training("own", 1, 1, {}, ("none",), 0), intended_use="Timing.", license="Apache-2.0",
        demonstration=True,
    )  # fmt: skip
    return write.write(folder, metadata, network.state_dict(), card="# Untrained\n", license_text="Apache\n").folder


def _input(gray: np.ndarray, view: str) -> np.ndarray:
    return prepare(gray, INPUT, find_breast(gray, view)).pixels


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _read(client: WorkerClient, arguments: dict) -> tuple[float, float]:
    """Seconds until the answer came, and until its tests were done."""
    start = time.perf_counter()
    call = client.start("read", arguments)
    answer = 0.0
    while True:
        for event in call.poll():
            if isinstance(event, Partial):
                answer = time.perf_counter() - start
            elif isinstance(event, Failed):
                raise event.error
            elif isinstance(event, Finished):
                return answer, time.perf_counter() - start
        time.sleep(0.001)


def _peak_megabytes(bundle: Path, exam: Path, out: Path) -> float | None:
    """How much more memory than before a process of its own takes for a read; None where Linux does not say it."""
    if not Path("/proc/self/status").is_file():
        return None
    code = (
        "import sys; from pathlib import Path; import readingroom.networks.backbones\n"
        "from readingroom.bundles import store\n"
        "from readingroom.readers import base, opening; from readingroom.readers.mammo_screen import READER\n"
        "peak = lambda: int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) / 1024\n"
        "bundle, exam, out = map(Path, sys.argv[1:]); before = peak()\n"
        "study = opening.open_study(READER, {}, exam=[exam])\n"
        "base.read(READER, study, store.find(str(bundle)), out, 'cpu', force=True)\n"
        "print(peak() - before)\n"
    )
    command = [sys.executable, "-c", code, str(bundle), str(exam), str(out)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
