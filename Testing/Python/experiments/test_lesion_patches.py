"""Patches of lesions on whole films, tried on phantoms whose masses are known."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from experiments.lesion_patches.__main__ import main
from experiments.lesion_patches.features import LAYERS, NETWORK, PatchNetwork, columns_of
from experiments.lesion_patches.films import PIXEL, STEP, read_films, read_lesions
from experiments.lesion_patches.learn import MODELS, is_normal, out_of_fold, patches
from experiments.lesion_patches.measure import CENTER, MOVED, RANDOM, Study
from experiments.lesion_patches.page import Found, section
from experiments.results.page import LESIONS
from readingroom import records
from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import read_cohort
from readingroom.learning.cohorts.splits import Split
from readingroom.phantoms.mammogram import Lesion, mammogram

WOMEN = 12


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Both MLO films of 12 women; every second woman has a mass on one side, one has a lesion without a place."""
    folder = tmp_path_factory.mktemp("films")
    films, lesions = [], []
    for woman in range(WOMEN):
        for side in ("left", "right"):
            ill = woman % 2 == 0 and (side == "left") == (woman % 4 == 0)
            random = np.random.default_rng(woman)
            mass = Lesion(depth=random.uniform(0.3, 0.6), upper=random.uniform(-0.4, 0.4), radius=0.12, strength=2.5)
            made = mammogram(side, "mlo", woman, [mass] if ill else [], rows=448, columns=320)
            name = f"woman{woman}-{side}"
            Image.fromarray((made.gray * 255).astype(np.uint8)).save(folder / f"{name}.png")
            films.append((f"W{woman:02d}", name, f"{name}.png", "malignant" if ill else "normal"))
            if ill:
                (y, x), area = ndimage.center_of_mass(made.lesions), made.lesions.sum()
                lesions.append((name, x + 0.5, y + 0.5, np.sqrt(area / np.pi), "M" if woman % 4 == 0 else "B", "mass"))
    lesions.append(("woman11-left", "", "", "", "M", "mass"))
    for name, header, rows in (
        ("cohort.csv", ("patient_id", "study_id", "image_mammogram", "label"), films),
        ("lesions.csv", ("study_id", "x", "y", "radius", "severity", "kind"), lesions),
    ):
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return folder


@pytest.fixture(scope="module")
def films(tables):
    return read_films(read_cohort(tables / "cohort.csv"), read_lesions(tables / "lesions.csv"), PIXEL)


@pytest.fixture(scope="module")
def written(tables, shared, tmp_path_factory):
    """What the command left behind."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "page.md").write_text("# Results\n\nWords.\n")
    weights = shared / "data" / "weights" / "mobilenet_v2_1.0_224_imagenet.npz"
    named = {"cohort": tables / "cohort.csv", "lesions": tables / "lesions.csv", "weights": weights, "folds": 3}
    named |= {"out": folder, "page": folder / "page.md", "plot": folder / "plot.png"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("experiments.lesion_patches.measure.RESAMPLES", 100)
        assert main([part for name, value in named.items() for part in (f"--{name}", str(value))]) == 0
    return folder


@pytest.fixture(scope="module")
def found(written):
    return records.from_json(Found, json.loads((written / "numbers.json").read_text()))


def test_masses_of_phantoms_are_found_and_random_places_are_not(found: Found):
    by_name = {each.name: each for each in found.results}
    network, chance = by_name[MODELS[0].name], by_name[RANDOM]
    assert network.patch_auc.value > 0.9
    assert network.first_hit.value >= 0.8
    assert chance.first_hit.value < 0.3
    assert network.localized[1].value > chance.localized[1].value + 0.3
    assert network.film_auc.value > 0.8
    assert all(share.interval.low < share.interval.high for each in found.results for share in each.localized)
    assert by_name[MOVED].localized[1].value < network.localized[1].value - 0.3


def test_a_film_whose_lesion_has_no_place_is_not_measured(found: Found, films):
    assert found.counts["films"] == 2 * WOMEN - 1
    assert found.counts["lesions"] == WOMEN // 2
    unplaced = next(film for film in films if film.lesions.everywhere)
    drawn = patches(unplaced, 0)
    assert len(drawn.lesion) == len(drawn.normal) == 0


def test_lesions_lie_on_what_is_bright_on_both_sides(films):
    for film in films:
        for center, radius in zip(film.lesions.centers, film.lesions.radii, strict=True):
            row, column = (center / PIXEL).astype(int)
            half = int(radius / PIXEL / 2)
            inside = film.gray[row - half : row + half, column - half : column + half]
            assert inside.mean() > film.gray[film.tissue].mean() + 0.2


def test_films_of_another_pixel_size_show_the_same_places(tables, films, tmp_path):
    """Stored twice as fine, with their lesions in those pixels."""
    cohort, lesions = read_cohort(tables / "cohort.csv"), read_lesions(tables / "lesions.csv")
    row = next(row for row, film in enumerate(films) if len(film.lesions.radii))
    study = cohort.rows[row]
    fine = tmp_path / "fine.png"
    with Image.open(study.image) as image:
        image.resize((2 * image.width, 2 * image.height), Image.Resampling.NEAREST).save(fine)
    own = [{**each, **{n: str(2 * float(each[n])) for n in ("x", "y", "radius")}} for each in lesions[study.study_id]]
    one = replace(cohort, rows=(replace(study, images={"mammogram": fine}),))
    again = read_films(one, {study.study_id: own}, PIXEL / 2)[0]
    assert again.lesions.radii == pytest.approx(films[row].lesions.radii)
    assert again.lesions.centers == pytest.approx(films[row].lesions.centers, abs=2 * PIXEL)


def test_normal_patches_keep_away_from_lesions_and_the_middle_lies_on_one(films):
    for number, film in enumerate(films):
        drawn = patches(film, number)
        assert is_normal(film, film.places[drawn.normal]).all()
        assert len(drawn.middle) == len(film.lesions.radii)
        for place, center, reach in zip(drawn.middle, film.lesions.centers, film.lesions.reach, strict=True):
            assert np.linalg.norm(film.places[place] - center) <= reach
            assert not is_normal(film, film.places[[place]]).any()


def test_the_features_of_a_place_move_with_the_picture():
    torch = pytest.importorskip("torch")
    from readingroom.networks import backbones

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = PatchNetwork(NETWORK, backbones.create(NETWORK, 1, channels=1), "classifier")
        picture = torch.zeros(1, 1, 480, 480)
        picture[..., 180:300, 180:300] = torch.rand(120, 120)
    step = 96  # both the grid's and the network's strides divide it
    moved = torch.roll(picture, (step, 0), (2, 3))
    before, after = (network.features(each).float()[:, columns_of(LAYERS[:2])] for each in (picture, moved))
    shift, most = step // STEP, float(before.abs().max())
    assert float((before[:, :, 10:30] - after[:, :, 10 + shift : 30 + shift]).abs().max()) < 0.01 * most
    assert float((before[:, :, 10:30] - after[:, :, 10:30]).abs().max()) > 0.3 * most


def test_a_head_knows_nothing_of_the_films_that_it_tests(films):
    """Whatever the features of one tested film are, the maps of the others of its fold stay as they are."""
    random = np.random.default_rng(0)
    patients = np.array([f"W{row // 2:02d}" for row in range(len(films))])
    width = sum(layer.channels for layer in LAYERS)
    features = [random.normal(size=(len(film.places), width)).astype(np.float16) for film in films]
    test = np.arange(8)
    split = Split(np.arange(8, len(films)), np.zeros(0, dtype=np.intp), test, "fold")
    drawn = [patches(film, row) for row, film in enumerate(films)]
    model = replace(MODELS[1], layers=LAYERS[:1])
    before = out_of_fold(model, films, features, patients, [split], drawn)
    changed = [values + 9 if row == 0 else values for row, values in enumerate(features)]
    after = out_of_fold(model, films, changed, patients, [split], drawn)
    assert not np.allclose(before[0], after[0])
    assert all(np.array_equal(before[row], after[row]) for row in test[1:])


def test_films_of_benign_lesions_alone_have_no_number_of_malignant_ones(films):
    benign = [
        replace(film, lesions=replace(film.lesions, malignant=np.zeros_like(film.lesions.malignant))) for film in films
    ]
    patients = np.array([f"W{row // 2:02d}" for row in range(len(films))])
    none, rows = np.zeros(0, dtype=np.intp), np.arange(len(films))
    splits = [Split(none, none, part, "part") for part in (rows[:12], rows[12:])]
    study = Study(benign, patients, [patches(film, row) for row, film in enumerate(benign)], splits)
    measured = study.result(CENTER, study.baselines()[CENTER])
    assert (measured.malignant, measured.malignant_film_auc) == (None, None)


def test_the_section_says_what_the_intervals_say(found: Found):
    text = section(found)
    assert "23 MLO films of 12 women are measured, 6 of them with 6 lesions" in text
    assert "find clearly more lesions than a random place" in text
    assert "1 more film with calcifications" in text
    assert "| mass | 6 |" in text
    network = found.results[0].localized[1]
    assert f"{network.value:.2f} ({network.interval.low:.2f} to {network.interval.high:.2f})" in text


def test_a_lesion_of_no_film_and_a_place_that_is_no_number_are_one_sentence(tables):
    cohort, lesions = read_cohort(tables / "cohort.csv"), read_lesions(tables / "lesions.csv")
    with pytest.raises(InputError, match="study 'nobody' have no film"):
        read_films(cohort, {"nobody": lesions["woman0-left"]}, PIXEL)
    two = replace(cohort.rows[0], images=dict.fromkeys(("left-cc", "left-mlo"), cohort.rows[0].image))
    with pytest.raises(InputError, match="Study 'woman0-left' has several images"):
        read_films(replace(cohort, rows=(two,)), {}, PIXEL)
    with pytest.raises(InputError, match="The x of a lesion of study 'woman0-left' is 'far', not a number"):
        read_films(cohort, {"woman0-left": [{**lesions["woman0-left"][0], "x": "far"}]}, PIXEL)


def test_the_command_writes_the_section_into_the_page_and_draws_the_curves(written, found: Found):
    assert (written / "page.md").read_text() == f"# Results\n\nWords.\n\n{LESIONS}\n\n{section(found)}"
    with Image.open(written / "plot.png") as picture:
        assert min(picture.size) > 400
