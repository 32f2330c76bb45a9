"""Each variant of Lung Survival goes its whole way: the command trains it, and the reader reads with its bundle."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

pytest.importorskip("sklearn", reason="needs the extra [train]")

from lung_survival_cases import SHAPE, phantom, read
from pasc_fibrosis_cases import write_nrrd
from readingroom import cli, records
from readingroom.bundles.bundle import load
from readingroom.bundles.metadata import SurvivalMetadata
from readingroom.learning.cohorts.cohort import Row, write_cohort
from readingroom.learning.protocols.training_protocol import (
    Kind,
    TrainingProtocol,
    Validation,
    load_protocol,
)
from readingroom.networks import registry

PATIENTS = 12
VARIANTS: list[tuple[Kind, tuple[str, ...]]] = [
    ("published", ("half-frozen", "without-survivors")),
    ("published", ("extractor", "average-pooling")),
    ("published", ("half-frozen", "self-attention")),
    ("published", ("extractor", "slice-transformer")),
    ("published", ("r3d",)),
    ("published", ("densenet3d",)),
    ("rigorous", ("half-frozen", "discrete-hazard")),
    ("rigorous", ("fine-tuned", "cox")),
    ("rigorous", ("r3d",)),
    ("rigorous", ("densenet3d",)),
]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny chests with their lungs; the larger the tumor, the sooner the death."""
    folder = tmp_path_factory.mktemp("cohort")
    rows = []
    for number in range(PATIENTS):
        chest = phantom(number, ml=5.0 + 12 * number)
        ct, lungs = folder / f"{number}-ct.nrrd", folder / f"{number}-lungs.nrrd"
        write_nrrd(ct, chest.pixels)
        write_nrrd(lungs, chest.right_lung | chest.left_lung)
        outcome = {"time": 25.0 - 2 * number, "event": number % 4 != 0}
        rows.append(Row(f"p{number}", f"s{number}", {"ct": ct}, masks={"lungs": lungs}, **outcome))  # type: ignore[arg-type]
    write_cohort(folder / "cohort.csv", rows)
    return folder / "cohort.csv"


def small(kind: Kind, variants: tuple[str, ...]) -> TrainingProtocol:
    """The variant from random values, for an epoch on small inputs, tested once."""
    protocol = load_protocol("lung-survival", kind).with_variants(*variants)
    given = protocol.input
    if given.kind == "volume":
        given = replace(given, size=(32, 64, 64))
    else:
        side = 224 if registry.find(protocol.networks[0]).fixed else 64
        given = replace(given, size=(side, side), slices=2)
    return replace(
        protocol,
        input=given,
        weights="none",
        epochs=1,
        batch=4,
        accumulate=1,
        head_settings={"months": 24, "layers": 1, "width": 8, "dropout": 0.2},
        validation=Validation("hold-out", hold_out=0.34, inner=0.3),
        assumptions={},
        variants={},
    )


@pytest.fixture
def small_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vision transformer of 12 blocks with a quarter of the features, the 3D ResNet-18 with an eighth."""
    vit, r3d = registry.find("vit_base_patch16_224"), registry.find("r3d_18")
    stages = {"block": "basic", "layers": (2, 2, 2, 2), "block_inplanes": (8, 16, 32, 64)}
    made = (
        replace(vit, made_by="vit_tiny_patch16_224", features=192),
        replace(r3d, made_by="ResNet", features=64, arguments={**r3d.arguments, **stages}),
    )
    monkeypatch.setattr(registry, "ARCHITECTURES", {**registry.ARCHITECTURES, **{one.name: one for one in made}})


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "variants"), VARIANTS)
def test_a_variant_is_trained_by_the_command_and_its_bundle_is_read_with(
    small_networks: None, table: Path, tmp_path: Path, kind: Kind, variants: tuple[str, ...]
) -> None:
    protocol = small(kind, variants)
    (tmp_path / "protocol.json").write_text(json.dumps(records.to_json(protocol)), encoding="utf-8")
    arguments = ["--cohort", table, "--out", tmp_path, "--protocol", tmp_path / "protocol.json", "--name", "variant"]
    assert cli.main(["train", "lung-survival", *map(str, arguments), "--device", "cpu", "--workers", "1"]) == 0

    bundle = load(tmp_path / "variant")
    metadata = bundle.of_kind(SurvivalMetadata)
    assert (metadata.backbone, metadata.head) == (protocol.networks[0], protocol.head)
    assert metadata.training.settings["mode"] == ("frozen" if protocol.trained == "head" else "fine-tune")
    folder = table.parent
    masks = {"lungs": folder / "11-lungs.nrrd"}
    # A dozen chests say little of what is unlike them: it is read anyway.
    found = read(bundle, tmp_path / "read", folder / "11-ct.nrrd", masks, force=True)
    risk = np.array(next(one for one in found.curves if one.name == "incidence-death").line.values)
    assert risk.shape == (25,)
    assert (np.diff(risk) >= 0).all()
    assert (risk[0], 0 < risk[-1] <= 1) == (0, True)
    evidence = [one for one in found.heat_maps if one.shows == "evidence"]
    assert len(evidence) == registry.find(metadata.backbone).maps
    for one in evidence:
        heat = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "read" / one.path)))
        assert heat.shape == SHAPE
        assert 0 <= heat.min() <= heat.max() <= 1
