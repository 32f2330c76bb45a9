"""Bundles, damaged: metadata, tensors and sums in the folder, and the zip that brings it."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import random
import struct
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from readingroom.bundles import bundle, store, write
from readingroom.bundles.metadata import (
    Calibration,
    ClassifierMetadata,
    Label,
    OperatingPoint,
    PlattScaling,
    Preprocessing,
    Training,
)
from readingroom.reading import Estimate, Interval

from .driver import Case, Driver
from .mutations import TEXTS, mutated, mutated_json

NAME = "fuzzed"


@functools.cache
def files() -> dict[str, bytes]:
    """The files of a small bundle, by path."""
    metadata = ClassifierMetadata(
        name=NAME,
        title="For the fuzz drivers",
        version="1.0.0",
        reader="chest-xray",
        task="own",
        backbone="mobilenetv3_large_100",
        labels=(Label("pneumonia", "Pneumonia"), Label("no-finding", "No finding")),
        multilabel=False,
        preprocessing=Preprocessing("picture", (32, 32), mean=(0.48, 0.48, 0.48), std=(0.2, 0.2, 0.2)),
        training=Training("rigorous", 90, 120, {"pneumonia": 50, "no-finding": 70}, ("phantoms",), 7),
        intended_use="None.",
        license="Apache-2.0",
        demonstration=True,
        calibration=Calibration("platt", 120, {"pneumonia": PlattScaling(1.1, -0.2)}),
        operating_points=(OperatingPoint("pneumonia", "balanced", 0.5, Estimate(0.9, Interval(0.8, 0.95), 50)),),
        default_operating_point="balanced",
    )
    tensors = {"kernel": np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4), "bias": np.zeros(2, np.float32)}
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        folder = Path(place) / NAME
        write.write(folder, metadata, tensors, card="# Card\n", license_text="Apache-2.0\n")
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sums(contents: dict[str, bytes]) -> bytes:
    """SHA256SUMS that fit the other files."""
    listed = sorted(path for path in contents if path != "SHA256SUMS")
    return "".join(f"{hashlib.sha256(contents[path]).hexdigest()}  {path}\n" for path in listed).encode()


def _tensors(content: bytes, source: random.Random) -> bytes:
    """A safetensors file whose header is another JSON, with a length that fits."""
    length = struct.unpack("<Q", content[:8])[0]
    header = json.dumps(mutated_json(json.loads(content[8 : 8 + length]), source)).encode()
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


def _damaged(source: random.Random) -> tuple[str, dict[str, bytes]]:
    """One file of the bundle damaged; three times of four the sums are made to fit, so that it is looked into."""
    contents = dict(files())
    path = source.choice([each for each in sorted(contents) if each.endswith((".json", ".safetensors", "SHA256SUMS"))])
    if path.endswith(".json") and source.random() < 0.7:
        changed = mutated_json(json.loads(contents[path]), source)
        contents[path] = json.dumps(changed).encode("utf-8", errors="surrogatepass")
    elif path.endswith(".safetensors") and source.random() < 0.6:
        contents[path] = _tensors(contents[path], source)
    else:
        contents[path] = mutated(contents[path], source, list(contents.values()))
    if path != "SHA256SUMS" and source.random() < 0.75:
        contents["SHA256SUMS"] = sums(contents)
    return path, contents


def _in_folder(source: random.Random, folder: Path) -> Case:
    name, contents = _damaged(source)
    for path, content in contents.items():
        file = folder / NAME / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def work() -> None:
        loaded = bundle.load(folder / NAME)
        loaded.arrays("model")

    return Case(name, work)


def _in_zip(source: random.Random, folder: Path) -> Case:
    """A zip damaged as bytes, or with members added, renamed and doubled."""
    name, contents = _damaged(source) if source.random() < 0.3 else ("zip", dict(files()))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", source.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for path, content in contents.items():
            odd = source.random() < 0.05
            member = source.choice(TEXTS[:40]) or "x" if odd else f"{NAME}/{path}"
            archive.writestr(member.encode("utf-8", "replace").decode()[:60000].replace("\x00", "0") or "x", content)
    data = written.getvalue()
    path = folder / "bundle.zip"
    path.write_bytes(mutated(data, source) if source.random() < 0.6 else data)

    def work() -> None:
        os.environ["READINGROOM_HOME"] = str(folder / "home")
        store.install(path)

    return Case(name, work)


BUNDLES = Driver("bundles", "Bundle folders", _in_folder)
ZIPS = Driver("zips", "Zips of bundles", _in_zip)
