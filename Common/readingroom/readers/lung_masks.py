"""Both lungs of a CT: drawn by somebody, by lungmask's network where its weights lie already, or found without one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import SimpleITK

from .. import codes, model_cache
from ..errors import BundleError, EngineError
from .answer import Case
from .description import MaskRole

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from ..imaging.lungs import Lungs
    from ..networks.lung_unet import LungUNet
    from .base import ReadContext

Source = Literal["given", "lungmask", "built-in"]
TITLES: dict[Source, str] = {
    "given": "the mask that was given",
    "lungmask": "lungmask's network (R231)",
    "built-in": "the built-in mask, which needs no network",
}
_ATTRIBUTES = {"lungs": "both", "right-lung": "right", "left-lung": "left"}
_BATCH, _BATCH_ON_CARD = 4, 32


def lung_mask_roles(image: str) -> tuple[MaskRole, ...]:
    """What a reader of chest images takes: each lung, as a read gives them back, or both in one."""
    return (
        MaskRole("right-lung", "Right lung", image, codes.RIGHT_LUNG),
        MaskRole("left-lung", "Left lung", image, codes.LEFT_LUNG),
        MaskRole("lungs", "Both lungs", image, codes.LUNG),
    )


@dataclass(frozen=True, eq=False)
class LungMasks:
    """Both lungs on the grid of their CT, and who drew them."""

    lungs: Lungs
    source: Source


class LungsByRole(Mapping[str, "NDArray[np.bool_]"]):
    """The lungs by the roles of `lung_mask_roles`; both of them in one are made where they are asked for only."""

    def __init__(self, lungs: Lungs) -> None:
        self._lungs = lungs

    def __getitem__(self, role: str) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = getattr(self._lungs, _ATTRIBUTES[role])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_ATTRIBUTES)

    def __len__(self) -> int:
        return len(_ATTRIBUTES)


def find_lung_masks(case: Case, image: str, context: ReadContext) -> LungMasks:
    """Both lungs of the CT in a role; what fell back is noted.

    A mask ``lungs`` is parted into both sides, or gives the other one where one side is given. Where one side alone
    is given, the other is found.
    """
    from ..imaging.lungs import part_lungs

    volume = case.images[image].image
    given = {mask.role: case.masks[mask.role] for mask in case.study.masks if mask.image == image}
    lungs = completed(given, lambda both: part_lungs(both, volume), lambda: _found(volume, context).lungs, context)
    return _found(volume, context) if lungs is None else LungMasks(lungs, "given")


def completed(
    given: Mapping[str, NDArray[np.bool_]],
    part: Callable[[NDArray[np.bool_]], Lungs],
    find: Callable[[], Lungs],
    context: ReadContext,
) -> Lungs | None:
    """Both lungs of the masks that were given, by the roles of `lung_mask_roles`; None where none was.

    Parameters
    ----------
    part : tells the sides of both lungs in one mask apart
    find : finds both where one side alone was given
    """
    from ..imaging.lungs import Lungs

    right, left, both = (given.get(role) for role in ("right-lung", "left-lung", "lungs"))
    if right is None and left is None:
        if both is None:
            return None
        parted = part(both)
        context.notes += parted.notes
        return parted
    if right is None or left is None:
        if both is None:
            other = find()
            context.note(f"The {'left' if left is None else 'right'} lung was found, since only the other was given.")
            right, left = other.right if right is None else right, other.left if left is None else left
            if "right-lung" not in given:
                right = right & ~left
        elif right is None:
            assert left is not None
            right = both & ~left
        else:
            left = both & ~right
    elif bool((right & left).any()):
        context.note("The masks of both lungs overlap; what they share was counted as right.")
    return Lungs(right, left & ~right)


def network_weights() -> Path | None:
    """The file of lungmask's weights, where an earlier download or the user has put it; nothing is fetched."""
    from ..networks.lung_unet import kept_weights

    return kept_weights("R231")


def _found(volume: SimpleITK.Image, context: ReadContext) -> LungMasks:
    from ..imaging.lungs import find_lungs

    path = network_weights()
    if path is not None:
        try:
            lungs = _by_network(path, volume, context)
        except (BundleError, EngineError) as error:
            context.note(f"lungmask's network was not used: {error}")
        else:
            if lungs.both.any():
                return LungMasks(lungs, "lungmask")
            context.note("lungmask's network found no lungs; the built-in mask was asked.")
    found = find_lungs(volume)
    context.notes += found.notes
    return LungMasks(found, "built-in")


def _by_network(path: Path, volume: SimpleITK.Image, context: ReadContext) -> Lungs:
    """Slice by slice in batches, each brought to the network's 256 pixels about the body, as lungmask does."""
    import numpy as np
    import torch
    from scipy import ndimage

    from ..device import run_in_batches
    from ..imaging.lungs import Lungs
    from ..networks import lung_unet

    facts = path.stat()  # weights that were replaced are loaded anew
    network: LungUNet = model_cache.get_or_load(
        ("lungmask", str(path), facts.st_size, facts.st_mtime_ns), functools.partial(lung_unet.create, path)
    )
    voxels = np.asarray(_array(volume))
    boxes = [_body_box(slice_) for slice_ in voxels]
    side = lung_unet.SIDE
    inputs = torch.from_numpy(
        np.stack(
            [
                _zoomed(lung_unet.scaled(slice_[box]), (side, side), order=1)[None]
                for slice_, box in zip(voxels, boxes, strict=True)
            ]
        )
    )

    def classes(batch: Tensor) -> Tensor:
        return network(batch).argmax(1).to(torch.uint8)

    batch = _BATCH if context.device.type == "cpu" else _BATCH_ON_CARD
    with torch.inference_mode():
        found = run_in_batches(classes, inputs, batch, context.device, context.note, network)
    labels = np.zeros(voxels.shape, dtype=np.uint8)
    for number, box in enumerate(boxes):
        shape = labels[number][box].shape
        labels[number][box] = _zoomed(found[number].numpy(), shape, order=0)
    right, left = (_largest(labels == lung_unet.CLASSES.index(name)) for name in ("right lung", "left lung"))
    # The network leaves small holes where vessels are thick.
    return Lungs(ndimage.binary_fill_holes(right), ndimage.binary_fill_holes(left) & ~right)


def _array(volume: SimpleITK.Image) -> NDArray[np.float32]:
    voxels: NDArray[np.float32] = SimpleITK.GetArrayViewFromImage(volume)
    return voxels


def _body_box(slice_: NDArray[np.float32]) -> tuple[slice, slice]:
    """Rows and columns of the body; all of the slice where there is none."""
    import numpy as np
    from scipy import ndimage

    body = ndimage.binary_opening(slice_ > -500, iterations=2)
    labels, count = ndimage.label(body)
    if not count:
        return slice(0, slice_.shape[0]), slice(0, slice_.shape[1])
    largest = int(np.bincount(labels.ravel())[1:].argmax()) + 1
    rows, columns = ndimage.find_objects(labels)[largest - 1]
    return rows, columns


def _zoomed(picture: NDArray, shape: tuple[int, ...], order: int) -> NDArray:
    """Pixels of a picture at the centers of another grid over the same extent."""
    import numpy as np
    from scipy import ndimage

    grids = np.meshgrid(
        *((np.arange(n) + 0.5) * old / n - 0.5 for n, old in zip(shape, picture.shape, strict=True)), indexing="ij"
    )
    return np.asarray(ndimage.map_coordinates(picture, grids, order=order, mode="nearest"))


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    import numpy as np
    from scipy import ndimage

    labels, count = ndimage.label(mask)
    if not count:
        return mask
    return np.asarray(labels == int(np.bincount(labels.ravel())[1:].argmax()) + 1)
