"""How long a read takes with a loaded network: until the answer is there, and until its tests are done.

The limit is what cannot be saved: opening the file and the bare forward pass of the same network in this process. All
are taken in turns on the same radiograph; the median counts. Prints seconds and ratios.
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
from readingroom.bundles.metadata import ClassifierMetadata
from readingroom.engine.client import Failed, Finished, Partial, WorkerClient
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
    metadata = bundle.of_kind(ClassifierMetadata)
    network = backbones.create(metadata.backbone, len(metadata.labels))
    network.load_state_dict(bundle.weights())
    pixels = prepare(load_radiograph(study.images[0]).gray, metadata.preprocessing).pixels
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
                "answer_first": True,
            }

            def limit() -> None:
                load_radiograph(study.images[0])
                forward()

            cold = _read(client, arguments)
            _read(client, arguments)
            limit()
            rounds = [(_seconds(forward), _seconds(limit), *_read(client, arguments)) for _ in range(ROUNDS)]
            steps = _steps(client, arguments)
    finally:
        client.stop()
    bare, least, answer, whole = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"{metadata.backbone}, {tuple(batch.shape)}, {torch.get_num_threads()} threads, {ROUNDS} rounds")
    print(f"first answer, worker and torch starting      {cold[0]:8.3f} s")
    print(f"answer on screen, network loaded             {answer:8.3f} s")
    print(f"whole read with the tests of the answer      {whole:8.3f} s")
    print(f"bare forward pass                            {bare:8.3f} s")
    print(f"opening the file and bare forward pass       {least:8.3f} s")
    print(f"answer / (opening + bare forward)            {answer / least:8.2f}")
    print(f"whole read / (opening + bare forward)        {whole / least:8.2f}")
    for sentence, seconds in steps:
        print(f"    {sentence:<36}{seconds:8.3f} s")


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


def _steps(client: WorkerClient, arguments: dict) -> list[tuple[str, float]]:
    """What one warm read spends its time on, by the sentences of its progress."""
    marks: list[tuple[str, float]] = []
    call = client.start("read", {**arguments, "out": str(Path(arguments["out"]))})
    call.wait(lambda _, sentence: marks.append((sentence, time.perf_counter())))
    marks.append(("end", time.perf_counter()))
    return [(said, after - at) for (said, at), (_, after) in itertools.pairwise(marks)]


if __name__ == "__main__":
    main()
