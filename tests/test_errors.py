"""What the system refuses is named as what it is, with a remedy that fits."""

import errno
import os

import pytest

from blur.errors import (
    BlurError,
    DiskFull,
    Exit,
    OutputError,
    cannot_remove,
    cannot_write,
    missing_library,
)
from blur.process.executor import Task, outcome_of

REFUSALS = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "quota",
    errno.EIO: "the disk fails",
    errno.EROFS: "read-only disk",
    errno.ENAMETOOLONG: "shorter names",
    errno.EACCES: "check permissions",
    errno.EPERM: "check permissions",
    errno.EMFILE: "ulimit -n",
    errno.ENOLCK: "locks no files",
}


def fail(code: int, progress: object) -> None:
    raise OSError(code, os.strerror(code), "/secret/folder/a.mp4")


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_has_its_remedy(code):
    error = OSError(code, os.strerror(code))
    full = code in (errno.ENOSPC, errno.EDQUOT)
    for made in (cannot_write(error, "a"), cannot_remove(error, "a")):
        assert isinstance(made, OutputError) and REFUSALS[code] in made.remedy
    assert isinstance(cannot_write(error, "a"), DiskFull) == full
    outcome = outcome_of(Task(0, fail, code), lambda *told: None)
    assert isinstance(outcome.error, BlurError)
    said = str(outcome.error)
    assert REFUSALS[code] in said and os.strerror(code) in said
    for never in ("another blur", "report this", "secret"):
        assert never not in said


def test_a_missing_system_library_is_answered_with_the_command() -> None:
    for name in ("libGL.so.1", "libEGL.so.1", "libGLESv2.so.2"):
        error = missing_library(ImportError(f"{name}: cannot open shared object file"))
        assert error.exit_code == Exit.SETUP
        assert error.remedy == "sudo apt-get install -y libgl1 libegl1 libgles2"
    assert "install blur again" in missing_library(ImportError("No module named 'av'")).remedy
