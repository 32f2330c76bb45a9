"""Whether films of the wrong age are noticed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from experiments import radiograph_ages as ages
from readingroom.trust.distance import fit_statistics

pytest.importorskip("sklearn", reason="needs the extra [train]")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    ramp = np.tile(np.linspace(0, 100, 60).astype(np.uint8), (40, 1))
    Image.fromarray(ramp).save(path := tmp_path_factory.mktemp("ages") / "film.png")
    years = {ages.KERMANY: 3.0, ages.NIH_CHILDREN: 10.0, ages.NIH_ADULTS: 50.0, ages.OTHER_ADULTS: 60.0}
    return [ages.Film(path, f"{group} {n}", age, group) for group, age in years.items() for n in range(20)]


def test_other_films_are_made_like_kermany_s(films):
    assert films[-1].like_kermany().shape == (224, 224)
    assert films[0].like_kermany().shape == (40, 60)


def test_an_estimate_of_the_hospital_is_shown_up_within_one_hospital(films):
    """Features that tell Kermany's films from all others, and nothing of ages."""
    features = np.random.default_rng(0).normal(size=(80, 4))
    features[:20, 0] += 10
    estimated = ages.estimate_age_group(features, films)
    statistics = fit_statistics(features, np.linspace(1, 2, 80))
    reader = ages.Reader("b", (1.0, 5.0), statistics, np.full(80, 1e9))
    text = ages.section(films, estimated, {"children": reader})
    rows = {line.split("|")[2].strip(): line.split("|") for line in text.splitlines() if line.startswith("| Kermany")}
    assert rows["the same"][3].strip().startswith("1.000")
    assert float(rows["below 18 years and adults, both NIH"][3].split()[0]) < 0.7
    warned = next(line for line in text.splitlines() if line.startswith(f"| {ages.NIH_ADULTS} | b"))
    assert warned.endswith("| 100 % | 95 % | 100 % | 100 % |")
