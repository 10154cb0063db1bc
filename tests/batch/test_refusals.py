"""The system refuses a call that writes: it is named, nothing is half, and the next run goes on.

`tests/bench/refused.py` refuses every call, with every error.
"""

import re

import pytest
from attacked import after_refusal, published
from made_clips import film
from refusals import Refuser, supported

from blur.errors import Exit
from blur.store.report import load_report

pytestmark = pytest.mark.skipif(not supported(), reason="needs Linux on x86-64")

ATTACKS = [
    ("mkdir /.blur/plans$", "EROFS", 1),
    ("fcntl /.blur/lock$", "ENOLCK", 99),
    ("pwrite64 /.blur/lock-journal", "EIO", 1),
    ("pwrite64 /.blur/ledger.sqlite-wal", "EDQUOT", 1),
    ("rename /.blur/plans/", "EACCES", 1),
    ("write /.blur/parts/", "ENOSPC", 99),
    ("fsync /.blur/parts/", "EIO", 1),
    ("rename /.blur/parts/", "EPERM", 1),
    ("write /.blur-.*part$", "ETXTBSY", 1),
]
"""The first call like this, the error, and the number of calls in a row that get it."""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refused")
    film(folder / "in" / "a.mp4", frames=20, seed=1, face=True)
    refuser = Refuser()
    assert refuser.batch(folder / "in", folder / "whole")["code"] == 0
    yield refuser, folder / "in", published(folder / "whole"), refuser.calls
    refuser.close()


@pytest.mark.slow
@pytest.mark.parametrize(("call", "error", "more"), ATTACKS)
def test_a_refused_call(attacked, tmp_path, call, error, more):
    refuser, inputs, whole, calls = attacked
    at = next(i for i, made in enumerate(calls) if re.search(call, made))
    refused, wrong = after_refusal(refuser, inputs, tmp_path / "out", whole, error, at, more)
    assert not wrong, refused


@pytest.mark.slow
@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
def test_a_file_system_that_changes_no_mode(attacked, tmp_path, error):
    refuser, inputs, whole, _ = attacked
    out = tmp_path / "out"
    assert refuser.batch(inputs, out, error, always="f?chmod")["code"] == Exit.OK
    assert any("chmod" in call for call in refuser.calls) and published(out) == whole
    [clip] = load_report(out).clips
    assert any("owner alone" in note for note in clip.notes)
