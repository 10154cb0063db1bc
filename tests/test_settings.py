from pathlib import Path

import pytest

from blur.errors import UsageError
from blur.settings import (
    ALLOTTED_CORES,
    BatchSettings,
    CoverSettings,
    ScanSettings,
    Settings,
    codec_threads,
    cpu_count,
    digest,
    load,
    options,
    options_table,
)


def test_defaults():
    assert load(None, {}) == Settings()


def test_equal_values_give_equal_digests_and_others_do_not():
    assert digest(ScanSettings()) == digest(ScanSettings(hold=1.0))
    assert digest(ScanSettings()) != digest(ScanSettings(hold=1.5))
    assert digest(ScanSettings(), CoverSettings()) != digest(CoverSettings(), ScanSettings())


def test_every_option_has_help_and_a_name_of_its_own():
    names = [option.name for option in options()]
    assert len(names) == len(set(names))
    assert all(option.help for option in options())


@pytest.mark.parametrize(
    "bad", [{"scan": {"hold": -1}}, {"scan": {"x": 1}}, {"x": {}}, {"cover": {"colour": "blue"}}]
)
def test_bad_values_are_refused(bad):
    with pytest.raises(UsageError, match="bad setting"):
        load(None, bad)


def test_settings_are_immutable():
    with pytest.raises(AttributeError):
        BatchSettings().jobs = 3


def test_the_readme_lists_the_options_as_they_are():
    readme = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
    assert options_table() in readme, "paste the output of: python -m blur.settings"


def test_codecs_take_no_more_threads_than_a_process_has_cores(monkeypatch):
    monkeypatch.setattr("blur.settings._machine_cores", lambda: 4)
    monkeypatch.delenv(ALLOTTED_CORES, raising=False)
    assert (cpu_count(), codec_threads()) == (4, 0)
    for allotted, threads in ((1, 1), (2, 2), (4, 0)):
        monkeypatch.setenv(ALLOTTED_CORES, str(allotted))
        assert (cpu_count(), codec_threads()) == (allotted, threads)
