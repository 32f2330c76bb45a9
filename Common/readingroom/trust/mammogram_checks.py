"""Checks of a mammography exam before any number is shown: its views, then what their headers and pixels say.

Each check is one sentence on all views. How often those of the pixels are right stands in docs/mammogram-checks.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..formatting import counted, dicom_date, listed
from ..imaging.blocks import block_side
from ..imaging.breast import Breast, reduced
from ..imaging.mammography_exam import MAMMOGRAPHY, SIDES, VIEW_ROLES, VIEWS, special_view, view_of
from ..reading import Check, Status, has_stop
from ..study import StudyImage
from .header_checks import OTHER_MODALITIES

Gray = NDArray[np.float32]

SMALLEST_SIDE = 200  # pixels
COLOR_STOP = 0.2  # share of visibly colored pixels
CONTRAST_STOP = 0.05  # 99th minus 1st percentile
TAPER = 1.3  # how much higher a breast is at the chest wall than at the nipple
STRAIGHT = 0.7  # share of the rows of a breast that begin at its chest wall
BOTH_EDGES = 0.45  # share of the left and of the right edge of a picture that a breast may touch
MOST_MARKS = 24  # letters and marks outside of the breast; side and view are five
PADDLE = 0.8  # share of a row or column outside of the breast that is bright
CUT_OFF = 0.1  # share of an edge of the picture that the breast touches, the half at the chest wall left out
OBLIQUE_TOP = (0.3, 0.42)  # width of the uppermost 20th of a breast: narrower on a CC view, wider on an MLO view
DARK = 0.08  # median gray of the breast
NOISE = 0.6  # deviation between neighbors against that of the breast
ALIKE = 0.995  # correlation of two pictures
_SIDE = 400  # pixels of the picture that is looked at
_BRIGHT = 0.25  # gray of what is bright outside of the breast


@dataclass(frozen=True, eq=False)
class View:
    """One view of the exam or its prior: its role, what its header says, its pixels ``[j, i]`` and its breast."""

    role: str
    image: StudyImage
    gray: Gray
    breast: Breast
    color_fraction: float = 0.0

    @property
    def title(self) -> str:
        """``left CC``."""
        return view_title(self.role)

    @property
    def is_prior(self) -> bool:
        """Whether it is of the earlier exam."""
        return self.role.startswith("prior-")


def view_title(role: str) -> str:
    """``prior left CC`` for ``prior-left-cc``."""
    words = role.split("-")
    return " ".join((*words[:-1], words[-1].upper()))


def exam_checks(views: Sequence[View], forced: bool = False) -> tuple[Check, ...]:
    """All checks that need no network.

    Parameters
    ----------
    forced : the pixels are looked at even where the headers stop
    """
    headers = [_views(views), _modality(views), _header_side(views), _special(views), _dates(views), _implant(views)]
    if has_stop(headers) and not forced:
        return tuple(headers)
    with ThreadPoolExecutor(min(len(views), os.cpu_count() or 1)) as threads:  # of 12 million pixels each
        small = list(threads.map(_Small, views))
    first = [_picture(small), _outline(small)]
    if has_stop(first):
        return (*headers, *first)
    rest = [
        _chest_wall(views),
        _shape(small),
        _muscle(views),
        _marks(views, small),
        _paddle(small),
        _skin(small),
        _exposure(small),
    ]
    return (*headers, *first, *rest, _duplicates(small))


class _Small:
    """A view on few pixels."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.gray = reduced(view.gray, _SIDE)
        sizes = zip(self.gray.shape, view.gray.shape, strict=True)
        self.mask = view.breast.at(*((np.arange(few) + 0.5) * (many / few) - 0.5 for few, many in sizes)).mask

    @property
    def outside(self) -> NDArray[np.bool_]:
        """Well outside of the breast."""
        return np.asarray(~ndimage.binary_dilation(self.mask, iterations=6))


def _said(name: str, status: Status, wrong: Sequence[str], sentence: str, passed: str) -> Check:
    """One sentence: with the views that are wrong in place of ``{views}``, or that all is well."""
    if not wrong:
        return Check(name, "pass", passed)
    views = f"the {listed(wrong)} view{'s' if len(wrong) > 1 else ''}"
    text = sentence.format(views=views, are="are" if len(wrong) > 1 else "is", have="have" if len(wrong) > 1 else "has")
    return Check(name, status, text[0].upper() + text[1:])


def _wrong(views: Sequence[View], is_wrong: Callable[[View], bool]) -> list[str]:
    return [view.title for view in views if is_wrong(view)]


def _views(views: Sequence[View]) -> Check:
    missing = [view_title(role) for role in VIEW_ROLES if role not in {view.role for view in views}]
    sentence = "The exam is not complete: {views} {are} missing, and the answer rests on the others."
    return _said("views", "warn", missing, sentence, "All four views are there.")


def _modality(views: Sequence[View]) -> Check:
    strangers = [view for view in views if view.image.modality not in (*MAMMOGRAPHY, "")]
    if strangers:
        modality = strangers[0].image.modality
        what = OTHER_MODALITIES.get(modality, "no mammography")
        return Check("modality", "stop", f"The header of the {strangers[0].title} view says {modality}, {what}.")
    parts = [view for view in views if (part := view.image.fact("BodyPartExamined").upper()) and "BREAST" not in part]
    if parts:
        part = parts[0].image.fact("BodyPartExamined").upper()
        return Check("modality", "stop", f"The header of the {parts[0].title} view names the body part {part}.")
    raw = _wrong(views, lambda view: view.image.fact("PresentationIntentType") == "FOR PROCESSING")
    sentence = "The pixels of {views} are raw values for processing, not what a radiologist looks at."
    return _said("modality", "warn", raw, sentence, "The headers speak against no mammogram.")


def _header_side(views: Sequence[View]) -> Check:
    for view in views:
        side, name = view_of(view.image)
        own_side, own_view = view.role.removeprefix("prior-").split("-")
        if (side and SIDES.get(side) != own_side) or (name and name.lower() != own_view):
            said = f"{SIDES.get(side, '')} {name}".strip()
            return Check("side and view", "stop", f"The header of the {view.title} view says {said}.")
    return Check("side and view", "pass", "The headers contradict neither side nor view.")


def _special(views: Sequence[View]) -> Check:
    for view in views:
        if name := special_view(view.image):
            sentence = f"The {view.title} view is no screening view but a special one ({name})."
            return Check("screening view", "warn", sentence)
    return Check("screening view", "pass", "No view says that it is a magnification, a spot or another special view.")


def _dates(views: Sequence[View]) -> Check:
    now = sorted({view.image.date for view in views if view.image.date and not view.is_prior})
    before = sorted({view.image.date for view in views if view.image.date and view.is_prior})
    if now and before and before[-1] >= now[0]:
        return Check("dates", "stop", "The prior is not older than the exam: exchange the two.")
    for dates, what in ((now, "exam"), (before, "prior")):
        if len(dates) > 1:
            said = listed([dicom_date(date) for date in dates])
            return Check("dates", "warn", f"The views of the {what} are of {len(dates)} dates: {said}.")
    return Check("dates", "pass", "The views of the exam are of one date, as far as it is known.")


def _implant(views: Sequence[View]) -> Check:
    found = _wrong(views, lambda view: view.image.fact("BreastImplantPresent").upper() == "YES")
    return _said("implant", "warn", found, "There is an implant on {views}: it hides tissue.", "No implant is named.")


def _picture(small: Sequence[_Small]) -> Check:
    for one in small:
        view = one.view
        low, high = np.percentile(one.gray, [1, 99])
        if view.color_fraction > COLOR_STOP:
            return Check("picture", "stop", f"The {view.title} view is colored: it is a photograph or a drawing.")
        if min(view.gray.shape) < SMALLEST_SIDE:
            size = f"{view.gray.shape[1]} x {view.gray.shape[0]} pixels"
            return Check("picture", "stop", f"The {view.title} view has {size}, too few for a mammogram.")
        if high - low < CONTRAST_STOP:
            return Check("picture", "stop", f"The {view.title} view has almost no contrast.", high - low, CONTRAST_STOP)
    return Check("picture", "pass", "The pictures are gray, and large and rich in contrast enough.")


def _outline(small: Sequence[_Small]) -> Check:
    """A breast begins at a straight chest wall and ends in the nipple; a chest, a hand or a skull does not."""
    lost = [one.view.title for one in small if not one.view.breast.found]
    strange = [one.view.title for one in small if one.view.breast.found and not _is_breast(one)]
    if strange:
        sentence = (
            "What {views} show{s} does not taper from a straight chest wall as a breast does: this is no mammogram, or "
            "a large part of it is cut off."
        )
        return _said("mammogram", "stop", strange, sentence.replace("{s}", "s" if len(strange) == 1 else ""), "")
    sentence = "No outline of a breast is found on {views}; all of the picture was taken."
    return _said("mammogram", "warn", lost, sentence, "Every view shows one outline that tapers as a breast does.")


def _is_breast(one: _Small) -> bool:
    mask = one.mask if one.view.breast.chest_wall == "left" else one.mask[:, ::-1]
    heights = mask.sum(axis=0)[np.flatnonzero(mask.any(axis=0))].astype(float)
    if not len(heights):
        return False
    part = max(1, len(heights) // 8)
    tapers = heights[:part].mean() >= TAPER * max(heights[-part:].mean(), 1)
    begins = mask[mask.any(axis=1)].argmax(axis=1)
    is_straight = (begins <= begins.min() + _SIDE // 100).mean() >= STRAIGHT
    return bool(tapers and is_straight and min(mask[:, 0].mean(), mask[:, -1].mean()) <= BOTH_EDGES)


def _chest_wall(views: Sequence[View]) -> Check:
    """As films are hung the chest wall of a left breast is on the left; PatientOrientation may say otherwise."""

    def wrong(view: View) -> bool:
        if not view.breast.found:
            return False
        forward = view.image.fact("PatientOrientation").partition("\\")[0][:1]
        side = view.role.removeprefix("prior-").partition("-")[0]
        expected = {"A": "left", "P": "right"}.get(forward, side)
        return view.breast.chest_wall != expected

    sentence = "The chest wall of {views} is on the other edge than its side says: mixed up, or mirrored."
    return _said(
        "chest wall", "stop", _wrong(views, wrong), sentence, "The chest wall is on the edge that fits the side."
    )


def _shape(small: Sequence[_Small]) -> Check:
    """A CC view narrows upward and downward alike; on an MLO view the breast goes on up to the armpit."""
    strange = []
    for one in small:
        rows = np.flatnonzero(one.mask.any(axis=1))
        if not one.view.breast.found or not len(rows):
            continue
        top = one.mask[rows[0] : rows[0] + max(1, len(rows) // 20)].sum(axis=1).mean() / one.mask.any(axis=0).sum()
        oblique = one.view.role.endswith(VIEWS[1].lower())
        if (oblique and top < OBLIQUE_TOP[0]) or (not oblique and top > OBLIQUE_TOP[1]):
            strange.append(one.view.title)
    sentence = "The outline of the breast on {views} is that of the other view: are CC and MLO exchanged?"
    return _said("outline", "warn", strange, sentence, "The outlines are those of CC and MLO views.")


def _muscle(views: Sequence[View]) -> Check:
    without = _wrong(
        views,
        lambda view: view.role.endswith(VIEWS[1].lower()) and view.breast.found and not view.breast.small_muscle.any(),
    )
    sentence = "No pectoral muscle is found on {views}: is it an MLO view, and is all of the breast on it?"
    return _said("muscle", "warn", without, sentence, "Oblique views show the pectoral muscle.")


def _marks(views: Sequence[View], small: Sequence[_Small]) -> Check:
    written = []
    for view, one in zip(views, small, strict=True):
        _, count = ndimage.label((one.gray > _BRIGHT) & one.outside)
        if count > MOST_MARKS or view.image.fact("BurnedInAnnotation").upper() == "YES":
            written.append(view.title)
    sentence = "There is text burnt into {views}: it may name the patient, and a network may read it."
    return _said("text", "warn", written, sentence, "No text but that of side and view seems to be burnt in.")


def _paddle(small: Sequence[_Small]) -> Check:
    found = []
    for one in small:
        bright, outside = (one.gray > _BRIGHT) & one.outside, one.outside
        for axis in (0, 1):
            length = one.gray.shape[axis]
            shares = bright.sum(axis=axis) / np.maximum(outside.sum(axis=axis), 1)
            long_enough = bright.sum(axis=axis) > 0.4 * length
            if (shares[long_enough] > PADDLE).any():
                found.append(one.view.title)
                break
    sentence = "A bright straight edge lies outside of the breast on {views}: a paddle, or the frame of a film."
    return _said("paddle", "warn", found, sentence, "No edge of a paddle or a frame is seen.")


def _skin(small: Sequence[_Small]) -> Check:
    cut = []
    for one in small:
        if not one.view.breast.found:
            continue
        mask = one.mask if one.view.breast.chest_wall == "left" else one.mask[:, ::-1]
        width = int(np.flatnonzero(mask.any(axis=0)).max()) + 1
        far = slice(width // 2, None)  # at the chest wall itself the breast may well go on
        edges = [mask[:, -1].mean(), mask[-1, far].sum() / width]
        if one.view.role.endswith(VIEWS[0].lower()):
            edges.append(mask[0, far].sum() / width)
        if max(edges) > CUT_OFF:
            cut.append(one.view.title)
    sentence = "The skin is cut off at the edge of {views}: a part of the breast is not on the picture."
    return _said("skin", "warn", cut, sentence, "The skin line is on the pictures.")


def _exposure(small: Sequence[_Small]) -> Check:
    wrong = []
    for one in small:
        gray = one.view.gray
        rows, columns = (np.arange(size // 3, 2 * size // 3) for size in gray.shape)
        rows = rows[:: block_side(gray.shape)]  # of a large picture some are enough
        middle, tissue = gray[rows, columns[0] : columns[-1] + 1], one.view.breast.at(rows, columns).tissue
        values, steps = middle[tissue], np.diff(middle, axis=1)[tissue[:, 1:]]
        if not len(values) or not len(steps):
            continue
        noise = float(steps.std()) / (1.414 * max(float(values.std()), 1e-6))
        if float(np.median(values)) < DARK or noise > NOISE:
            wrong.append(one.view.title)
    sentence = "The breast on {views} is nearly black or mostly noise: under-exposed, or shown in a wrong window."
    return _said("exposure", "warn", wrong, sentence, "The breasts are neither black nor noise.")


def _duplicates(small: Sequence[_Small]) -> Check:
    """By the number of the image, or by its pixels, as they are or mirrored."""
    for one, other in combinations(small, 2):
        same = one.view.image.fact("SOPInstanceUID")
        if same and same == other.view.image.fact("SOPInstanceUID"):
            return _is_twice(one, other)
        first, second = (_thumbnail(each.gray) for each in (one, other))
        if max(np.corrcoef(first.ravel(), turned.ravel())[0, 1] for turned in (second, second[:, ::-1])) > ALIKE:
            return _is_twice(one, other)
    return Check("duplicate", "pass", f"{counted(len(small), 'view')}, and no two are the same picture.")


def _is_twice(one: _Small, other: _Small) -> Check:
    sentence = f"The {one.view.title} and the {other.view.title} view are the same picture."
    return Check("duplicate", "stop", sentence)


def _thumbnail(gray: Gray) -> Gray:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(gray)).resize((96, 128), Image.Resampling.BOX)
    return np.asarray(image, dtype=np.float32)
