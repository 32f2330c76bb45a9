"""Where the lungs of a read come from: masks that were given, lungmask's network, or the built-in rule."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import torch

from readingroom import model_cache
from readingroom.errors import InputError
from readingroom.networks import lung_unet
from readingroom.networks.lung_unet import LungUNet
from readingroom.phantoms import chest_conditions as conditions
from readingroom.phantoms.fibrosis_ct import FibrosisCT, fibrosis_ct
from readingroom.progress import Progress
from readingroom.readers import lung_masks
from readingroom.readers.answer import Case
from readingroom.readers.base import ReadContext
from readingroom.readers.lung_masks import LungMasks, find_lung_masks
from readingroom.readers.pasc_fibrosis import READER
from readingroom.study import Study, StudyImage, StudyMask

SPACING = (14.0, 3.6, 3.6)
Found = tuple[LungMasks, list[str]]


@pytest.fixture(autouse=True)
def an_own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where torch keeps weights, empty; whoever asks the network for a file fails."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("a read fetched something"))
    store = tmp_path / "home" / "hub" / "checkpoints"
    store.mkdir(parents=True)
    return store


@pytest.fixture(scope="module")
def a_chest() -> FibrosisCT:
    return fibrosis_ct(1, shape=(20, 80, 100), spacing=SPACING)


@pytest.fixture(scope="module")
def all_right_lung(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights in the layout of the released file; the network calls the whole body right lung."""
    state = {name: torch.zeros_like(tensor).half() for name, tensor in LungUNet().state_dict().items()}
    state["last.bias"] = torch.tensor([0.0, 1.0, 0.0]).half()
    state["down_path.0.residual_input_conv.weight"] = torch.zeros(64, 1, 1, 1)
    path = tmp_path_factory.mktemp("weights") / "unet.pth"
    torch.save(state, path)
    return path


@pytest.fixture
def weights(all_right_lung: Path, an_own_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file under its name in torch's store; slices are brought to 32 pixels in place of 256, to be quick."""
    monkeypatch.setattr(lung_unet, "SIDE", 32)
    model_cache.clear()
    kept = an_own_store / "unet_r231-d5d2fc3d.pth"
    kept.symlink_to(all_right_lung)
    return kept


def image_of(mask: np.ndarray, like: SimpleITK.Image) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.CopyInformation(like)
    return image


def load(chest: FibrosisCT, **masks: np.ndarray | SimpleITK.Image) -> Case:
    ct = conditions.as_volume(chest)
    given = tuple(
        StudyMask(role.replace("_", "-"), "ct", pixels=image_of(mask, ct) if isinstance(mask, np.ndarray) else mask)
        for role, mask in masks.items()
    )
    return READER.load(Study((StudyImage("ct", modality="CT", pixels=ct),), given))


def find(case: Case) -> Found:
    context = ReadContext(None, torch.device("cpu"), Progress())  # type: ignore[arg-type]  # no bundle is asked
    return find_lung_masks(case, "ct", context), context.notes


def test_without_masks_and_weights_the_built_in_mask_is_used(a_chest: FibrosisCT) -> None:
    found, notes = find(load(a_chest))
    assert found.source == "built-in"
    assert (found.lungs.right & a_chest.right_lung).sum() > 0.98 * a_chest.right_lung.sum()
    assert notes == []


def test_both_sides_are_taken_as_they_were_drawn(a_chest: FibrosisCT) -> None:
    found, notes = find(load(a_chest, right_lung=a_chest.right_lung, left_lung=a_chest.left_lung))
    assert found.source == "given"
    assert np.array_equal(found.lungs.right, a_chest.right_lung)
    assert np.array_equal(found.lungs.left, a_chest.left_lung)
    assert notes == []


def test_sides_that_overlap_are_parted_and_said(a_chest: FibrosisCT) -> None:
    wide = a_chest.left_lung.copy()
    wide[10, 40, 20:80] = True
    found, notes = find(load(a_chest, right_lung=a_chest.right_lung, left_lung=wide))
    assert not (found.lungs.right & found.lungs.left).any()
    assert np.array_equal(found.lungs.right, a_chest.right_lung)
    assert "overlap" in notes[0]


def test_one_mask_of_both_is_parted(a_chest: FibrosisCT) -> None:
    both = a_chest.right_lung | a_chest.left_lung
    found, _ = find(load(a_chest, lungs=both))
    assert found.source == "given"
    assert np.array_equal(found.lungs.both, both)
    assert (found.lungs.left & a_chest.left_lung).sum() > 0.98 * a_chest.left_lung.sum()


@pytest.mark.parametrize("side", ["right", "left"])
def test_of_one_side_the_other_is_found_and_said(a_chest: FibrosisCT, side: str) -> None:
    drawn, other = (
        (a_chest.right_lung, a_chest.left_lung) if side == "right" else (a_chest.left_lung, a_chest.right_lung)
    )
    found, notes = find(load(a_chest, **{f"{side}_lung": drawn}))
    assert np.array_equal(getattr(found.lungs, side), drawn)
    rest = found.lungs.left if side == "right" else found.lungs.right
    assert (rest & other).sum() > 0.98 * other.sum()
    assert f"{'left' if side == 'right' else 'right'} lung was found" in notes[-1]


@pytest.mark.parametrize("side", ["right", "left"])
def test_of_one_side_and_both_the_other_is_the_rest(a_chest: FibrosisCT, side: str) -> None:
    drawn, other = (
        (a_chest.right_lung, a_chest.left_lung) if side == "right" else (a_chest.left_lung, a_chest.right_lung)
    )
    found, notes = find(load(a_chest, lungs=drawn | other, **{f"{side}_lung": drawn}))
    assert np.array_equal(getattr(found.lungs, side), drawn)
    assert np.array_equal(found.lungs.both, drawn | other)
    assert notes == []


def test_masks_go_before_the_network(a_chest: FibrosisCT, weights: Path) -> None:
    assert find(load(a_chest, lungs=a_chest.left_lung))[0].source == "given"


def test_a_mask_on_another_grid_lies_where_it_was_drawn(a_chest: FibrosisCT) -> None:
    ct = conditions.as_volume(a_chest)
    fine = SimpleITK.Expand(image_of(a_chest.right_lung, ct), [1, 1, 2], SimpleITK.sitkNearestNeighbor)
    found, _ = find(load(a_chest, right_lung=fine, left_lung=a_chest.left_lung))
    overlap = 2 * (found.lungs.right & a_chest.right_lung).sum()
    assert overlap > 0.97 * (found.lungs.right.sum() + a_chest.right_lung.sum())


def test_an_empty_mask_is_refused(a_chest: FibrosisCT) -> None:
    with pytest.raises(InputError, match="empty"):
        load(a_chest, lungs=np.zeros_like(a_chest.right_lung))


def test_a_mask_from_elsewhere_is_refused(a_chest: FibrosisCT) -> None:
    away = image_of(a_chest.right_lung, conditions.as_volume(a_chest))
    away.SetOrigin((5000.0, 0.0, 0.0))
    with pytest.raises(InputError):
        load(a_chest, lungs=away)


def test_kept_weights_are_used_and_nothing_is_fetched(a_chest: FibrosisCT, weights: Path) -> None:
    found, notes = find(load(a_chest))
    assert found.source == "lungmask"
    assert found.lungs.right[:, 40, 50].all()
    assert not found.lungs.right[:, 0, 0].any()  # outside of the body
    assert notes == []


def test_weights_that_were_replaced_are_loaded_anew(a_chest: FibrosisCT, weights: Path) -> None:
    assert find(load(a_chest))[0].lungs.right.any()
    state = torch.load(weights)
    weights.unlink()
    torch.save({**state, "last.bias": torch.tensor([0.0, 0.0, 1.0]).half()}, weights)  # all of the body is left lung
    found, _ = find(load(a_chest))
    assert found.source == "lungmask"
    assert not found.lungs.right.any()
    assert found.lungs.left.any()


def test_a_batch_too_large_for_memory_becomes_smaller_ones(
    a_chest: FibrosisCT, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = find(load(a_chest))[0].lungs
    monkeypatch.setattr(LungUNet, "forward", _limited(LungUNet.forward, 1))
    found, notes = find(load(a_chest))
    assert found.source == "lungmask"
    assert np.array_equal(found.lungs.right, whole.right)
    assert "trying 2" in notes[0]


def test_memory_too_small_for_one_slice_leaves_it_to_the_built_in_mask(
    a_chest: FibrosisCT, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LungUNet, "forward", _limited(LungUNet.forward, 0))
    found, notes = find(load(a_chest))
    assert found.source == "built-in"
    assert "was not used" in notes[-1]


def test_a_damaged_file_is_noted_and_the_built_in_mask_takes_over(a_chest: FibrosisCT, weights: Path) -> None:
    weights.unlink()
    weights.write_bytes(b"no weights")
    found, notes = find(load(a_chest))
    assert found.source == "built-in"
    assert "lungmask's network was not used" in notes[0]
    assert found.lungs.both.any()


def test_a_network_that_finds_nothing_leaves_it_to_the_built_in_mask(
    a_chest: FibrosisCT, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LungUNet, "forward", lambda _, slices: torch.zeros(len(slices), 3, *slices.shape[2:]))
    found, notes = find(load(a_chest))
    assert found.source == "built-in"
    assert "found no lungs" in notes[0]


def test_every_source_has_a_title() -> None:
    assert set(lung_masks.TITLES) == {"given", "lungmask", "built-in"}


def _limited(forward: Callable[..., torch.Tensor], most: int) -> Callable[..., torch.Tensor]:
    @functools.wraps(forward)
    def limited(network: LungUNet, slices: torch.Tensor) -> torch.Tensor:
        if len(slices) > most:
            raise torch.OutOfMemoryError("out of memory")
        return forward(network, slices)

    return limited
