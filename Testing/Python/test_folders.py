"""What stays of folders when work in them fails."""

import pytest

from readingroom.folders import no_empty_folder_stays


def test_only_new_and_empty_folders_are_removed_when_the_work_fails(tmp_path):
    old, new, full = tmp_path / "old", tmp_path / "old" / "new", tmp_path / "full"
    old.mkdir()

    @no_empty_folder_stays(new, old, full)
    def work() -> None:
        new.mkdir()
        full.mkdir()
        (full / "kept").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["full", "old"]
    assert not new.exists()
