"""Make ``chest_likeness.safetensors``, with one half of the patients.

    python -m experiments.radiograph_checks.fit --data FOLDER

Films are shown as they are and a little shifted, turned, enlarged and mirrored. What the network must tell from
them are the same films inverted, turned and cut up, patterns with their coarseness, the phantom of a hand, and the
other pictures of `pictures`. What a limit would stop is printed too: within that half, each quarter is asked of a
network that learned from the other.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy import ndimage
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPClassifier

from readingroom.metrics.binary import Floats
from readingroom.phantoms.hand_radiograph import hand_radiograph
from readingroom.trust.body import reduced, stretched
from readingroom.trust.chest_likeness import FILE, pixels
from readingroom.trust.chest_template import square

from .pictures import ADULTS, CORONAL, FRONTAL_SUM, Picture, films, others

COMPONENTS, HIDDEN = 48, 48
_SIDE = 48
_SHOWN_AS_FILM = {True: 9, False: 3}  # adults are fewer
_SHOWN = {"mammograms, screen-film": 10, "mammograms, four views": 20, "CT slices, axial, as pictures": 3}
_PATTERNS = 1500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FILE)
    options = parser.parse_args()
    known = [
        (one, square(stretched(reduced(one.gray))))
        for source in (films, others)
        for one in source(options.data)
        if one.teaches and one.kind not in (CORONAL, FRONTAL_SUM)
    ]
    quarters = [[pair for pair in known if _quarter(pair[0].patient) == number] for number in (0, 1)]
    asked = []
    for number in (0, 1):
        weights = fit(quarters[number])
        asked += [float(answer(weights, [whole])[0]) for one, whole in quarters[1 - number] if one.is_film]
    shares = {share: float(np.quantile(asked, share)) for share in (0.001, 0.002, 0.003, 0.005)}
    print(f"Likeness below which that share of {len(asked)} films of the teaching half lies: {shares}")
    # safetensors writes memory as it lies: an array in another order would be read back scrambled.
    save_file({name: np.ascontiguousarray(values, np.float32) for name, values in fit(known).items()}, options.out)


def fit(known: Sequence[tuple[Picture, Floats]]) -> dict[str, NDArray]:
    """The weights that `readingroom.trust.chest_likeness` takes."""
    random = np.random.default_rng(0)
    shown = [(pixels(picture), is_film) for picture, is_film in _shown(known, random)]
    inputs, labels = np.array([values for values, _ in shown]), np.array([is_film for _, is_film in shown])
    analysis = PCA(COMPONENTS, random_state=0).fit(inputs[labels])
    features = _features(inputs, analysis.mean_, analysis.components_)
    shift, scale = features.mean(axis=0), features.std(axis=0)
    network = MLPClassifier(
        (HIDDEN,), alpha=0.3, max_iter=40, random_state=0, learning_rate_init=2e-3, batch_size=256
    ).fit((features - shift) / scale, labels)
    return {
        "mean": analysis.mean_,
        "components": analysis.components_,
        "shift": shift,
        "scale": scale,
        "hidden": network.coefs_[0],
        "hidden_bias": network.intercepts_[0],
        "out": network.coefs_[1],
        "out_bias": network.intercepts_[1],
    }


def answer(weights: dict[str, NDArray], squares: Sequence[Floats]) -> NDArray[np.float64]:
    """The likeness of square pictures by these weights."""
    features = _features(np.array([pixels(one) for one in squares]), weights["mean"], weights["components"])
    hidden = np.maximum(
        (features - weights["shift"]) / weights["scale"] @ weights["hidden"] + weights["hidden_bias"], 0
    )
    return np.asarray(1 / (1 + np.exp(-(hidden @ weights["out"] + weights["out_bias"])[:, 0])))


def _features(inputs: NDArray, mean: NDArray, components: NDArray) -> NDArray[np.float64]:
    placed = (inputs - mean) @ components.T
    unexplained = np.linalg.norm(inputs - mean - placed @ components, axis=1, keepdims=True)
    return np.hstack([placed, unexplained])


def _shown(known: Sequence[tuple[Picture, Floats]], random: Any) -> Iterator[tuple[Floats, bool]]:
    for picture, whole in known:
        if picture.is_film:
            yield from _of_film(whole, picture.kind == ADULTS, random)
        else:
            yield from ((one, False) for one in _of_other(whole, _SHOWN.get(picture.kind, 4), random))
    for _ in range(_PATTERNS):
        yield _pattern(random), False
    for seed in range(40):
        hand = square(stretched(reduced(hand_radiograph(seed=seed))))
        yield from ((np.rot90(hand, quarter), False) for quarter in range(4))


def _of_film(whole: Floats, adult: bool, random: Any) -> Iterator[tuple[Floats, bool]]:
    for number in range(_SHOWN_AS_FILM[adult]):
        yield _mirrored(_moved(whole, random) if number else whole, random), True
    if adult or random.random() < 0.5:
        wrong = [1 - whole, *(np.rot90(whole, quarter) for quarter in (1, 2, 3))]
        wrong.append(1 - np.rot90(whole, random.integers(1, 4)))
        yield from ((_moved(one, random), False) for one in wrong)
    for _ in range(2 if adult else 1):
        yield _part(whole, random), False
    if random.random() < 0.3:
        yield _with_spectrum(np.abs(np.fft.rfft2(whole)), random), False


def _of_other(whole: Floats, times: int, random: Any) -> Iterator[Floats]:
    for number in range(times):
        one = _mirrored(_moved(whole, random) if number else whole, random)
        yield np.rot90(one, random.integers(4)) if number % 3 == 2 else one


def _moved(whole: Floats, random: Any) -> Floats:
    """Enlarged or reduced by up to a seventh, turned by up to 6 degrees, shifted by up to a sixteenth."""
    angle, middle = np.deg2rad(random.uniform(-6, 6)), (_SIDE - 1) / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn / random.uniform(0.88, 1.14, 2)[:, None]
    offset = middle - matrix @ np.array([middle, middle]) + random.uniform(-3, 3, 2)
    return np.asarray(ndimage.affine_transform(whole, matrix, offset, order=1, mode="nearest"))


def _mirrored(whole: Floats, random: Any) -> Floats:
    return whole[:, ::-1] if random.random() < 0.5 else whole


def _part(whole: Floats, random: Any) -> Floats:
    """A part of a third to a half of the sides, which shows no chest as a whole."""
    size = int(random.integers(14, 24))
    top, left = random.integers(0, _SIDE - size, 2)
    enlarged = ndimage.zoom(whole[top : top + size, left : left + size], _SIDE / size, order=1)
    return stretched(np.clip(enlarged, 0, 1)[:_SIDE, :_SIDE])


def _pattern(random: Any) -> Floats:
    rows, columns = np.fft.fftfreq(_SIDE)[:, None], np.fft.rfftfreq(_SIDE)[None]
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = 1
    return _with_spectrum(frequency ** -random.uniform(0.8, 2.2), random)


def _with_spectrum(amplitude: NDArray, random: Any) -> Floats:
    noise = np.fft.rfft2(random.normal(size=(_SIDE, _SIDE)))
    return stretched(np.fft.irfft2(amplitude * noise / np.maximum(np.abs(noise), 1e-9), (_SIDE, _SIDE)))


def _quarter(patient: str) -> int:
    return int(hashlib.sha256(f"quarter:{patient}".encode()).hexdigest(), 16) % 2


if __name__ == "__main__":
    main()
