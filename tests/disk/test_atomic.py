"""Files appear whole, and their names are on the disk before the caller goes on."""

import errno
import os
import stat
from pathlib import Path

import pytest

from blur.disk import atomic
from blur.errors import OutputError


@pytest.fixture
def steps(monkeypatch):
    """Every sync and rename, in order, by the names of what they touch."""
    told = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle):
        told.append("sync folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "sync file")
        fsync(handle)

    def renamed(self, target):
        told.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    return told


def test_a_write_is_durable(tmp_path, steps):
    atomic.write(tmp_path / "a.json", b"a")
    assert steps == ["sync file", "rename", "sync folder"]
    assert (tmp_path / "a.json").read_bytes() == b"a"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_move_is_durable_in_both_folders(tmp_path, steps):
    (tmp_path / "from").mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "from" / "a.mp4").write_text("a")
    atomic.publish(tmp_path / "from" / "a.mp4", tmp_path / "to" / "b.mp4")
    assert steps == ["sync file", "rename", "sync folder", "sync folder"]


def test_new_folders_are_durable(tmp_path, steps):
    atomic.make_folder(tmp_path / "a" / "b")
    assert steps == ["sync folder"] * 2
    atomic.make_folder(tmp_path / "a" / "b")
    assert len(steps) == 2


def test_private_files_are_for_the_owner_alone(tmp_path):
    before = os.umask(0o022)
    try:
        atomic.write(tmp_path / "private", b"")
        atomic.write(tmp_path / "public", b"", private=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o644


def test_the_folder_of_a_public_file_is_never_made(tmp_path):
    with pytest.raises(OutputError):
        atomic.write(tmp_path / "missing" / "report.json", b"", private=False)
    assert not list(tmp_path.iterdir())


def test_only_this_module_renames():
    source = Path(atomic.__file__).parents[1]
    renames = (".rename(", "os.replace(", "os.rename(", "part.replace(", "shutil.move(")
    found = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if any(word in path.read_text() for word in renames)
    }
    assert found == {"disk/atomic.py"}


def refusing(number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    return refuse


def test_a_refused_mode_matters_only_where_there_are_modes(tmp_path, monkeypatch):
    (tmp_path / "lock").touch(0o666)
    (tmp_path / "lock").chmod(0o666)
    monkeypatch.setattr(Path, "chmod", refusing(errno.EPERM))
    assert atomic.keeps_modes(tmp_path) and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(PermissionError):
        atomic.make_private(tmp_path / "lock")
    monkeypatch.setattr(atomic, "keeps_modes", lambda folder: False)
    atomic.make_private(tmp_path / "lock")


def test_a_share_that_syncs_no_folder_is_written_to(tmp_path, monkeypatch):
    fsync = os.fsync
    answer = [errno.EINVAL]

    def synced(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            refusing(answer[0])()
        fsync(handle)

    monkeypatch.setattr(os, "fsync", synced)
    atomic.write(tmp_path / "a", b"a")
    answer[0] = errno.EIO
    with pytest.raises(OutputError):
        atomic.write(tmp_path / "b", b"b")
