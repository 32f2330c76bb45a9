"""How a bundle is trained, as data."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from readingroom import records
from readingroom.bundles.preprocessing import Preprocessing
from readingroom.errors import InputError
from readingroom.learning.protocols.training_protocol import (
    READERS,
    Augment,
    Change,
    Kind,
    Optimizer,
    Schedule,
    TrainingProtocol,
    load_protocol,
    read_protocol,
)
from readingroom.networks import registry

ALL = [(reader, kind) for reader in READERS for kind in ("published", "rigorous")]
SECTIONS = {
    "pasc-fibrosis": "1.1",
    "liver-hcc": "1.2",
    "mammo-screen": "1.3",
    "lung-survival": "1.4",
    "chest-xray": "1.5",
}

# What the papers state beyond how they train.
NUMBERS = {
    "pasc-fibrosis": """347 233 114 156 191 107 82.21 83.84 80.22 85.46 81.66 84.70 78.16 81.30 63.16 69.71
        66.13 65.72 67.42 72.54 67.41 67.30 66.46 66.17""",
    "liver-hcc": """20 29,383,042 9,443,714 72 14 18 40 24 16 128 32 0.5 104 -.325 -2.096 -1.081 1,000
        0.752 0.992 0.509 0.654 0.746 0.756 0.740 0.748 0.747 0.734""",
    "mammo-screen": "11,913 486 1000 9.8 13.66 16384 256 7 4 0.77 0.88 0.72 0.85 0.83 0.82 0.80 0.84",
    "lung-survival": """415 422 119 24 1280 1,281 349,424 349,525 328.224 0.584 0.054 0.572 0.570 0.579
        0.564 0.524 0.550 0.546 0.548 0.528 0.533 0.492 0.507 0.504 0.503 0.5608 5000 0.5450 0.03125""",
    "chest-xray": """3.6k 1.3k 3k 1.5k 7.2k 7k 4.1k 3.9k 3.5k 2.9k 7,000 1024 70 15 0.005 0.05 0.1
        .784 .804 .768 .782 .959 .967 .979 .978 .411 .406 .445 .457""",
}


def a_protocol(**changes: Any) -> TrainingProtocol:
    plain = TrainingProtocol(
        reader="chest-xray",
        kind="rigorous",
        title="A title",
        source="A source",
        networks=("resnet18",),
        input=Preprocessing("picture", (64, 64)),
        optimizer=Optimizer("adamw", 1e-3),
    )
    return replace(plain, **changes)


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "mine.json"
    path.write_text(json.dumps(records.to_json(a_protocol()) | changes))
    return path


@pytest.mark.parametrize(("reader", "kind"), ALL)
def test_every_protocol_and_every_variant_of_it_is_one(reader: str, kind: Kind) -> None:
    protocol = load_protocol(reader, kind)
    assert (protocol.reader, protocol.kind) == (reader, kind)
    same = {name for name in protocol.variants if protocol.with_variants(name) == protocol}
    assert same <= {"covid"}  # the data set that the radiographs' protocol begins with


@pytest.mark.parametrize(("reader", "kind"), ALL)
def test_every_network_is_there_and_reads_what_the_protocol_gives_it(reader: str, kind: Kind) -> None:
    whole = load_protocol(reader, kind)
    for protocol in [whole, *(whole.with_variants(name) for name in whole.variants)]:
        for name in protocol.networks:
            architecture = registry.find(name, axes=3 if protocol.input.kind == "volume" else 2)
            sides = protocol.input.size[-2:]
            assert min(sides) >= architecture.smallest
            assert not architecture.fixed or sides == (architecture.side,) * 2
            assert protocol.weights in ("none", architecture.weights)


@pytest.mark.parametrize(("reader", "kind"), ALL)
def test_a_protocol_comes_back_from_its_file_as_it_was(reader: str, kind: Kind) -> None:
    protocol = load_protocol(reader, kind)
    assert records.from_json(TrainingProtocol, json.loads(json.dumps(records.to_json(protocol)))) == protocol


@pytest.mark.parametrize(("reader", "kind"), ALL)
def test_every_flaw_of_the_paper_is_in_both_protocols(reader: str, kind: Kind, shared: Path) -> None:
    text = (shared / "reference" / "papers.md").read_text("utf-8")
    section = re.split(r"^### ", text, flags=re.MULTILINE)
    (own,) = [part for part in section if part.startswith(SECTIONS[reader] + " ")]
    assert len(load_protocol(reader, kind).flaws) == len(
        re.findall(r"^\| A\d+ \|", own.split("\n---")[0], re.MULTILINE)
    )


@pytest.mark.parametrize("reader", READERS)
def test_published_and_rigorous_name_the_same_flaws(reader: str) -> None:
    published, rigorous = load_protocol(reader, "published").flaws, load_protocol(reader, "rigorous").flaws
    assert [(flaw.what, flaw.source) for flaw in published] == [(flaw.what, flaw.source) for flaw in rigorous]


def test_fibrosis_is_published_with_the_numbers_of_its_paper() -> None:
    paper = load_protocol("pasc-fibrosis", "published")
    assert paper.networks == ("densenet121", "resnet18", "resnet34", "resnext50_32x4d", "mobilenetv2_100")
    assert (paper.weights, paper.trained, paper.aggregation) == ("none", "all", "vote")
    assert paper.optimizer == Optimizer("sgd", 0.01, momentum=0.9, decay=5e-4)
    assert (paper.batch, paper.epochs, paper.schedule, paper.precision) == (2, 100, Schedule("cosine"), "16-mixed")
    assert paper.mixup > 0
    assert (paper.validation.kind, paper.validation.folds, paper.validation.hold_out) == ("k-fold", 5, 0.1)
    assert (paper.input.size, paper.input.organ, paper.input.least_organ) == ((224, 224), "lungs", 0.02)
    assert paper.input.window == (-600, 1500)  # -1350 to 150 HU


def test_the_liver_is_published_with_the_numbers_of_its_paper() -> None:
    paper = load_protocol("liver-hcc", "published")
    assert (paper.networks, paper.weights, paper.trained) == (("monai_resnet50",), "medicalnet", "last-block")
    assert paper.input.size == (64, 128, 128)  # the paper's 128 x 128 x 64 has its slices last
    assert paper.input.window == (127.5, 255)  # 0 to 255
    assert paper.optimizer == Optimizer("sgd", 1e-3, momentum=0.9)
    assert (paper.batch, paper.least_epochs, paper.patience) == (8, 50, 10)
    assert (paper.validation.kind, paper.validation.hold_out) == ("hold-out", 0.2)
    assert paper.augment == Augment()


def test_mammograms_are_published_with_the_numbers_of_their_paper() -> None:
    paper = load_protocol("mammo-screen", "published")
    assert paper.networks == ("resnet18", "resnet34", "resnet152", "efficientnet_b0", "maxvit_nano_rw_256")
    assert (paper.batch, paper.epochs, paper.optimizer.rate, paper.oversampling) == (64, 3, 1e-4, 5)
    assert [change.name for change in paper.augment.changes] == ["mirror"]
    assert (paper.validation.kind, paper.validation.folds) == ("k-fold", 5)
    assert paper.input.size == (256, 256)
    large = paper.with_variants("512")
    assert (large.input.size, large.networks[-1]) == ((512, 512), "maxvit_nano_rw_512")


def test_survival_is_published_with_the_numbers_of_its_paper() -> None:
    paper = load_protocol("lung-survival", "published")
    assert paper.networks == ("efficientnet_b0", "resnet50", "vgg16", "alexnet", "vit_base_patch16_224")
    assert (paper.weights, paper.trained, paper.aggregation) == ("imagenet", "last-block", "soft-attention")
    assert paper.optimizer == Optimizer("adamw", 1e-4, decay=1e-2)
    assert (paper.batch, paper.epochs, paper.validation.folds, paper.validation.inner) == (4, 100, 10, 0.1)
    assert paper.input.spacing == (3, 1, 1)
    assert (paper.input.size, paper.input.least_organ) == ((224, 224), 0.02)
    assert paper.loss_settings == {"alpha": 0.5, "beta": 0.5, "sigma": 0.1}
    assert paper.head_settings == {"months": 24, "layers": 5, "width": 100, "dropout": 0.2}
    assert paper.augment.per == "slice"
    assert {change.probability for change in paper.augment.changes} == {0.2}
    assert Change("rotate", 0.2, 20) in paper.augment.changes
    variants = [paper.with_variants(name) for name in ("half-frozen", "average-pooling", "self-attention")]
    assert [variants[0].trained, *(v.aggregation for v in variants[1:])] == [
        "half",
        "average-pooling",
        "self-attention",
    ]
    assert paper.with_variants("r3d").networks == ("r3d_18",)
    assert paper.with_variants("densenet3d").networks == ("densenet121_3d",)


def test_radiographs_are_published_with_the_numbers_of_their_paper() -> None:
    paper = load_protocol("chest-xray", "published")
    assert paper.networks == ("resnet34", "mobilenetv3_large_100", "efficientnet_b1")
    assert paper.optimizer == Optimizer("adam", 0.01, betas=(0.9, 0.999), epsilon=1e-8)
    assert (paper.batch, paper.epochs, paper.schedule) == (32, 100, Schedule("cosine", 0.001))
    assert {change.name for change in paper.augment.changes} == {"sharpness", "autocontrast", "mirror"}
    tested, chooses = paper.validation.hold_out, paper.validation.inner * (1 - paper.validation.hold_out)
    assert [round(part, 3) for part in (1 - tested - chooses, chooses, tested)] == [0.7, 0.15, 0.15]
    sizes = {task: paper.with_variants(task).input.size[0] for task in ("covid", "pneumonia", "chestxray8")}
    assert sizes == {"covid": 299, "pneumonia": 224, "chestxray8": 384}
    seven = paper.with_variants("chestxray8")
    assert (seven.loss, seven.balance, paper.loss) == ("binary", "weights", "cross-entropy")
    transferred = paper.with_variants("covid", "transfer")
    assert (transferred.weights, transferred.trained) == ("imagenet", "all")
    assert (transferred.networks, transferred.input.size) == (("efficientnet_b1",), (299, 299))
    assert paper.with_variants("ablation").optimizer == replace(paper.optimizer, rate=0.001)


@pytest.mark.parametrize("reader", READERS)
def test_the_paper_s_other_numbers_are_told_as_facts(reader: str) -> None:
    told = " ".join(fact.value + " " + fact.what for fact in load_protocol(reader, "published").facts)
    assert [number for number in NUMBERS[reader].split() if number not in told] == []


@pytest.mark.parametrize(
    ("reader", "table"),
    [("pasc-fibrosis", "paper000_cosine_lr"), ("chest-xray", "paper004_cosine_lr_eta_min_0.001")],
)
def test_the_cosine_schedules_are_those_of_torch(reader: str, table: str, shared: Path) -> None:
    oracle = json.loads((shared / "oracles" / "training" / "training.json").read_text())[table]
    protocol = load_protocol(reader, "published")
    assert all(math.isclose(protocol.rate(int(e)), rate, rel_tol=1e-9, abs_tol=1e-12) for e, rate in oracle.items())


def test_a_constant_rate_stays_and_one_cycle_has_none_for_an_epoch() -> None:
    assert a_protocol(schedule=Schedule("constant")).rate(7) == 1e-3
    with pytest.raises(ValueError, match="changes with every step"):
        a_protocol(schedule=Schedule("one-cycle")).rate(0)


def test_variants_are_applied_one_after_the_other_and_field_by_field() -> None:
    changed = load_protocol("chest-xray", "published").with_variants("chestxray8", "transfer")
    assert (changed.loss, changed.weights, changed.input.preset) == ("binary", "imagenet", "published")


def test_an_unknown_variant_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="no variant 'huge'; there are: raw, 512"):
        load_protocol("mammo-screen", "published").with_variants("huge")


@pytest.mark.parametrize("reader", ["no-reader", "../chest-xray", ""])
def test_an_unknown_reader_is_refused_with_the_known_ones(reader: str) -> None:
    with pytest.raises(InputError, match="for chest-xray, pasc-fibrosis"):
        load_protocol(reader)


def test_a_file_of_one_s_own_is_read(tmp_path: Path) -> None:
    assert read_protocol(written(tmp_path, epochs=7)) == a_protocol(epochs=7)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epoch": 3}, "has no field named epoch"),
        ({"validation": {"kind": "k-fold", "by_patient": False}}, "has no field named by_patient"),
        ({"epochs": "many"}, "TrainingProtocol.epochs is 'many', expected int"),
        ({"epochs": 0}, "0 epochs"),
        ({"precision": "8"}, "TrainingProtocol.precision is '8'"),
        ({"networks": []}, "names no network"),
        ({"networks": ["../resnet"]}, "not a plain name"),
        ({"input": {"kind": "picture", "size": [64]}}, "has 2 sizes, not 1"),
        ({"input": {"kind": "picture", "size": [64, 64], "organ_crop": True}}, "must name it."),
        ({"input": {"kind": "slices", "size": [64, 64]}}, "slices need an aggregation"),
        ({"input": {"kind": "picture", "size": [64, 64], "windows": [0, 1]}}, "has no field named windows"),
        ({"optimizer": {"name": "adam", "rate": -1}}, "learning rate -1"),
        ({"optimizer": {"name": "adam", "rate": 0.1, "momentum": 0.9}}, "adam has betas and no momentum"),
        ({"schedule": {"name": "cosine", "lowest": 1.0}}, "lowest rate is above the first"),
        ({"oversampling": 5.0}, "oversampling needs the balance 'sampler'"),
        ({"augment": {"changes": [{"name": "rotate"}]}}, "amount of 'rotate' must be above 0"),
        ({"augment": {"changes": [{"name": "mirror", "amount": 2}]}}, "amount of 'mirror' must be 0"),
        ({"assumptions": {"inputs.size": "why"}}, "'assumptions' speaks of inputs.size"),
        ({"variants": {"big": {"about": "", "changes": {"batch": 0}}}}, "variant big of chest-xray-rigorous"),
        ({"flaws": [{"what": " ", "source": "x", "instead": "y"}]}, "'what' of a flaw is empty"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        read_protocol(written(tmp_path, **changes))


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("epochs = 3")
    with pytest.raises(InputError, match="is not JSON"):
        read_protocol(tmp_path / "mine.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_protocol(tmp_path / "gone.json")
