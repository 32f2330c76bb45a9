import numpy as np
import pytest
from PIL import Image

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.errors import CancelledError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.training import picture_store
from readingroom.learning.training.picture_store import PictureStore, UnusableStudiesError, prepared, read
from readingroom.progress import Progress

WANTED = Preprocessing("picture", (32, 32))


def picture(path, seed=0):
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 50)).astype(np.uint8)).save(path)
    return Row("patient", path.stem, {"frontal": path}, label="a")


def test_what_is_kept_is_what_would_be_prepared(tmp_path):
    row = picture(tmp_path / "a.png")
    assert np.array_equal(read(PictureStore(tmp_path / "kept", WANTED).path(row)), prepared(row, WANTED))


def test_an_image_is_prepared_once(tmp_path):
    row = picture(tmp_path / "a.png")
    path = PictureStore(tmp_path / "kept", WANTED).path(row)
    before = path.stat().st_mtime_ns
    assert PictureStore(tmp_path / "kept", WANTED).path(row) == path
    assert path.stat().st_mtime_ns == before


def test_the_same_content_under_another_name_is_kept_once(tmp_path):
    store = PictureStore(tmp_path / "kept", WANTED)
    assert store.path(picture(tmp_path / "a.png")) == store.path(picture(tmp_path / "b.png"))


@pytest.mark.parametrize(
    "other", [Preprocessing("picture", (48, 48)), Preprocessing("picture", (32, 32), preset="published"),
              Preprocessing("picture", (32, 32), keep_aspect=True)],
)  # fmt: skip
def test_other_settings_are_another_picture(tmp_path, other):
    row = picture(tmp_path / "a.png")
    assert PictureStore(tmp_path / "kept", WANTED).path(row) != PictureStore(tmp_path / "kept", other).path(row)


def test_a_change_to_mammograms_alone_leaves_what_was_kept_of_other_pictures(monkeypatch):
    others = WANTED, Preprocessing("volume", (16, 16, 16), 1, normalize="none", window=(-600.0, 1500.0))
    breast, before = Preprocessing("picture", (32, 32), organ="breast"), [picture_store.version(one) for one in others]
    old = picture_store.version(breast)
    monkeypatch.setitem(picture_store._VERSIONS, "mammogram", old + 1)
    assert picture_store.version(breast) == old + 1
    assert [picture_store.version(one) for one in others] == before


def test_other_channels_and_another_normalization_are_not(tmp_path):
    row = picture(tmp_path / "a.png")
    other = Preprocessing("picture", (32, 32), 1, normalize="none")
    assert PictureStore(tmp_path / "kept", WANTED).path(row) == PictureStore(tmp_path / "kept", other).path(row)


def test_an_image_that_changed_is_prepared_again(tmp_path):
    store = PictureStore(tmp_path / "kept", WANTED)
    first = store.path(picture(tmp_path / "a.png"))
    second = store.path(picture(tmp_path / "a.png", seed=1))
    assert first != second
    assert not np.array_equal(read(first), read(second))


def test_files_come_in_the_order_of_the_rows(tmp_path):
    cohort = Cohort(tuple(picture(tmp_path / f"{n}.png", n) for n in range(6)))
    store = PictureStore(tmp_path / "kept", WANTED)
    paths = store.fill(cohort, np.array([4, 0, 5]), Progress(), workers=3)
    assert paths == [store.path(cohort.rows[n]) for n in (4, 0, 5)]


def test_images_that_cannot_be_used_are_told_by_row_and_the_others_are_kept(tmp_path):
    rows = [Row("patient", "gone", {"frontal": tmp_path / "gone.png"}, label="a"), picture(tmp_path / "a.png")]
    store = PictureStore(tmp_path / "kept", WANTED)
    with pytest.raises(UnusableStudiesError) as error:
        store.fill(Cohort(tuple(rows)), np.array([1, 0]), Progress())
    assert list(error.value.problems) == [0]
    assert error.value.problems[0].startswith("Study 'gone' of patient 'patient': 'gone.png' does not exist")
    assert len(list((tmp_path / "kept").glob("*.npy"))) == 1


def test_filling_can_be_canceled(tmp_path):
    cohort = Cohort(tuple(picture(tmp_path / f"{n}.png", n) for n in range(6)))
    with pytest.raises(CancelledError):
        PictureStore(tmp_path / "kept", WANTED).fill(cohort, np.arange(6), Progress(canceled=lambda: True))
