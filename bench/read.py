"""How long a whole read takes with a warm worker, against the bare forward pass of its network.

Both run in this process's worker or its twin on the same radiograph and are taken in turns; the median counts.
Prints seconds and the ratio.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from readingroom.bundles import store
from readingroom.engine.client import WorkerClient
from readingroom.examples import chest_radiograph
from readingroom.imaging.preprocessing import prepare
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.networks import backbones
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader

ROUNDS = 15


def main() -> None:
    reader = find_reader("chest-xray")
    study = open_study(reader, {"frontal": chest_radiograph()})
    name = reader.default_bundle
    bundle = store.find(name)
    network = backbones.create(bundle.metadata.backbone, len(bundle.metadata.labels))
    network.load_state_dict(bundle.weights())
    pixels = prepare(load_radiograph(study.images[0]).gray, bundle.metadata.preprocessing).pixels
    batch = torch.from_numpy(pixels[None])

    @torch.inference_mode()
    def forward() -> None:
        network(batch)

    client = WorkerClient()
    try:
        with tempfile.TemporaryDirectory() as folder:
            arguments = {
                "reader": "chest-xray",
                "study": study.to_json(),
                "bundle": name,
                "device": "cpu",
                "out": folder,
            }

            def read() -> None:
                client.start("read", arguments).wait()

            cold = _seconds(read)
            read()
            forward()
            pairs = [(_seconds(forward), _seconds(read)) for _ in range(ROUNDS)]
            steps = _steps(client, arguments)
    finally:
        client.stop()
    bare = statistics.median(pair[0] for pair in pairs)
    whole = statistics.median(pair[1] for pair in pairs)
    print(f"{bundle.metadata.backbone}, {tuple(batch.shape)}, {torch.get_num_threads()} threads, {ROUNDS} rounds")
    print(f"first read, worker and torch starting   {cold:8.3f} s")
    print(f"whole read, warm worker                 {whole:8.3f} s")
    print(f"bare forward pass                       {bare:8.3f} s")
    print(f"whole read / bare forward               {whole / bare:8.1f}")
    for sentence, seconds in steps:
        print(f"    {sentence:<36}{seconds:8.3f} s")


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _steps(client: WorkerClient, arguments: dict) -> list[tuple[str, float]]:
    """What one warm read spends its time on, by the sentences of its progress."""
    marks: list[tuple[str, float]] = []
    call = client.start("read", {**arguments, "out": str(Path(arguments["out"]))})
    call.wait(lambda _, sentence: marks.append((sentence, time.perf_counter())))
    marks.append(("end", time.perf_counter()))
    return [(said, after - at) for (said, at), (_, after) in itertools.pairwise(marks)]


if __name__ == "__main__":
    main()
