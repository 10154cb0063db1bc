"""The output folder vanishes while a batch runs: noticed, told, and nothing lands elsewhere."""

import io
import shutil
import subprocess

import fake_corridor
import psutil
import pytest

from blur import clip
from blur.batch.display import Lines
from blur.errors import Exit, OutputError
from blur.settings import BatchSettings, Settings


class Losing(Lines):
    """Calls `lose` as soon as a clip makes progress."""

    def __init__(self, lose):
        super().__init__(io.StringIO())
        self.lose = lose

    def advance(self, key, stage, done, total):
        super().advance(key, stage, done, total)
        if self.lose is not None:
            lose, self.lose = self.lose, None
            lose()


def run_and_lose(fake, lose, behaviour="dawdle"):
    fake.clip("day 1/a.mov", behaviour, frames=30)
    fake.clip("b.mov", behaviour, frames=30)
    settings = Settings(batch=BatchSettings(jobs=1, disk_wait=0.5))
    with pytest.raises(OutputError, match="output folder") as caught:
        fake.run(serial=False, settings=settings, display=Losing(lose))
    assert caught.value.exit_code == Exit.FAILED and caught.value.remedy
    assert not [p for p in psutil.Process().children(recursive=True) if "spawn" in str(p.cmdline())]


def test_a_deleted_folder_is_not_made_again(fake):
    run_and_lose(fake, lambda: shutil.rmtree(fake.out))
    assert not fake.out.exists()
    assert "render a.mov" not in fake.calls


def test_a_folder_that_was_moved_is_not_made_again(fake):
    run_and_lose(fake, lambda: fake.out.rename(fake.out.with_name("elsewhere")))
    assert not fake.out.exists()


def test_a_folder_that_somebody_replaced_gets_nothing(fake):
    def replace():
        fake.out.rename(fake.out.with_name("elsewhere"))
        (fake.out / ".blur").mkdir(parents=True)

    run_and_lose(fake, replace)
    assert [p.name for p in fake.out.rglob("*")] == [".blur"]


def test_a_disk_that_is_unplugged_leaves_the_disk_below_untouched(fake, tmp_path):
    mount = tmp_path / "disk"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", mount]).returncode:
        pytest.skip("needs the right to mount a small file system")
    fake.out = mount / "out"
    run_and_lose(fake, lambda: subprocess.run(["umount", "-l", mount], check=True))
    assert not list(mount.iterdir())


@pytest.mark.parametrize("when", ["scan", "render"])
def test_a_worker_alone_notices_it_too(fake, monkeypatch, when):
    """Before the batch does: no folder is made again by whoever writes into it."""
    fake.clip("a.mov")
    module, name = {"scan": (clip, "save_plan"), "render": (fake_corridor, "_render")}[when]
    write = getattr(module, name)

    def too_late(*arguments):
        shutil.rmtree(fake.out)
        return write(*arguments)

    monkeypatch.setattr(module, name, too_late)
    with pytest.raises(OutputError):
        fake.run()
    assert not fake.out.exists()
