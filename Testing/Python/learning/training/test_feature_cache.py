"""Features of a frozen network, computed once for each study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from readingroom.errors import CancelledError, InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.training.feature_cache import FrozenNetwork, Source, cached_features
from readingroom.learning.training.picture_store import UnusableStudiesError
from readingroom.progress import Progress


class Counted(nn.Sequential):
    """A tiny network that counts the inputs it was given."""

    def __init__(self, seed: int = 0):
        torch.manual_seed(seed)
        super().__init__(nn.Conv2d(1, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 2))
        self.inputs = 0
        self.eval()

    def forward(self, inputs: Tensor) -> Tensor:
        self.inputs += len(inputs)
        return super().forward(inputs)


def picture_stack(row: Row) -> np.ndarray:
    """As many slices as the picture has columns of 16 pixels."""
    try:
        gray = np.asarray(Image.open(row.image), dtype=np.float32) / 255
    except OSError as error:
        raise InputError(f"Study '{row.study_id}': {row.image.name} is not an image.") from error
    return np.stack(np.split(gray, gray.shape[1] // 16, axis=1))[:, None]


SOURCE = Source(picture_stack, {"size": [16, 16]})


def frozen(seed: int = 0) -> FrozenNetwork:
    return FrozenNetwork("tiny", Counted(seed), "3")


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    generator = np.random.default_rng(0)
    rows = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        Image.fromarray(generator.integers(0, 255, (16, 16 * (1 + number)), dtype=np.uint8)).save(path)
        rows.append(Row(f"p{number}", f"s{number}", {"frontal": path}, label="a"))
    return Cohort(tuple(rows))


def test_a_study_has_one_row_of_features_for_each_slice_and_they_are_what_the_last_layer_is_given(
    cohort: Cohort, tmp_path: Path
) -> None:
    network = frozen()
    bags = cached_features(cohort, network, SOURCE, tmp_path / "features", "cpu")
    assert [bag.shape for bag in bags] == [(1 + n, 5) for n in range(6)]
    with torch.inference_mode():
        said = network.network(torch.from_numpy(picture_stack(cohort.rows[5])))
        layer = network.network.get_submodule("3")
        assert torch.allclose(layer(torch.from_numpy(bags[5])), said, atol=1e-6)


def test_a_study_of_which_the_network_makes_nothing_finite_is_left_out_and_not_kept(
    cohort: Cohort, tmp_path: Path
) -> None:
    def read(row: Row) -> np.ndarray:
        return picture_stack(row) * np.float32(3e38 if row.study_id == "s2" else 1)

    network = frozen()
    with torch.no_grad():
        network.network.get_submodule("0").weight.fill_(1.0)
    for _ in range(2):
        with pytest.raises(UnusableStudiesError, match="Study 's2' of patient 'p2': what the network gives") as raised:
            cached_features(cohort, network, Source(read, {}), tmp_path / "features", "cpu")
        assert list(raised.value.problems) == [2]


def test_a_second_run_touches_no_network_even_under_other_names(cohort: Cohort, tmp_path: Path) -> None:
    first = cached_features(cohort, frozen(), SOURCE, tmp_path / "features", "cpu")
    renamed = []
    for row in cohort.rows:
        path = row.image.rename(tmp_path / f"renamed-{row.image.name}")
        renamed.append(replace(row, images={"frontal": path}, patient_id=f"other-{row.patient_id}"))
    again = frozen()
    second = cached_features(Cohort(tuple(renamed)), again, SOURCE, tmp_path / "features", "cpu", workers=1)
    assert again.network.inputs == 0
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_other_weights_or_other_settings_are_not_taken_for_the_same(cohort: Cohort, tmp_path: Path) -> None:
    first = cached_features(cohort, frozen(0), SOURCE, tmp_path / "features", "cpu")
    other = cached_features(cohort, frozen(1), SOURCE, tmp_path / "features", "cpu")
    assert not np.array_equal(first[0], other[0])
    again = frozen(0)
    cached_features(cohort, again, Source(picture_stack, {"size": [32, 32]}), tmp_path / "features", "cpu")
    assert again.network.inputs == 21


def test_the_last_layer_does_not_count_for_what_the_features_are(cohort: Cohort) -> None:
    first, second = frozen(), frozen()
    nn.init.ones_(second.network.get_submodule("3").weight)
    assert first.sha256 == second.sha256
    nn.init.ones_(second.network.get_submodule("0").weight)
    assert first.sha256 != second.sha256


def test_a_canceled_run_goes_on_where_it_was(cohort: Cohort, tmp_path: Path) -> None:
    seen: list[float] = []
    stopping = Progress(lambda fraction, _: seen.append(fraction), lambda: len(seen) == 3)
    with pytest.raises(CancelledError):
        cached_features(cohort, frozen(), SOURCE, tmp_path / "features", "cpu", 1, stopping)
    again = frozen()
    cached_features(cohort, again, SOURCE, tmp_path / "features", "cpu")
    assert again.network.inputs == 5 + 6  # the last two of 1 + 2 + 3 + 4 + 5 + 6


def test_studies_that_cannot_be_read_are_named_and_the_others_kept(cohort: Cohort, tmp_path: Path) -> None:
    cohort.rows[1].image.write_bytes(b"no image")
    cohort.rows[3].image.unlink()
    with pytest.raises(InputError, match=r"2 studies cannot be used\. Study 's1': .* Study 's3' of patient 'p3'"):
        cached_features(cohort, frozen(), SOURCE, tmp_path / "features", "cpu")
    again = frozen()
    cached_features(cohort.take([0, 2, 4, 5]), again, SOURCE, tmp_path / "features", "cpu")
    assert again.network.inputs == 0


def test_a_file_that_was_cut_off_is_computed_again(cohort: Cohort, tmp_path: Path) -> None:
    first = cached_features(cohort, frozen(), SOURCE, tmp_path / "features", "cpu")
    for path in (tmp_path / "features").rglob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-4])
    second = cached_features(cohort, frozen(), SOURCE, tmp_path / "features", "cpu")
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_folder_of_slices_counts_by_its_contents(cohort: Cohort, tmp_path: Path) -> None:
    from readingroom.learning.cohorts.hashes import content_hash

    hashes = []
    for name, order in (("first", (0, 1)), ("second", (1, 0)), ("third", (0, 2))):
        folder = tmp_path / name
        folder.mkdir()
        for place, number in enumerate(order):
            (folder / f"{place}.dcm").write_bytes(cohort.rows[number].image.read_bytes())
        hashes.append(content_hash(replace(cohort.rows[0], images={"frontal": folder})))
    assert hashes[0] == hashes[1] != hashes[2]
