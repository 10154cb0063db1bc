import json
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from blur.errors import UsageError
from blur.settings import (
    AudioMode,
    AuditMode,
    AuditSettings,
    BatchSettings,
    CoverSettings,
    ScanSettings,
    Settings,
    digest,
)
from blur.settings.cores import ALLOTTED_CORES, codec_threads, cpu_count
from blur.settings.options import load, options, table
from blur.settings.values import parse_spans


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


BAD = {
    "scan.hold": (99, "a number, 0 to 30"),
    "scan.max_damaged": (-1, "a whole number, 0 or more"),
    "cover.colour": ("red", "a colour as #rrggbb"),
    "cover.margin": (float("nan"), "a number, 0 to 3"),
    "output.crf": (99, "a whole number, 0 to 51"),
    "output.preset": ("nonsense", "ultrafast, superfast"),
    "output.mute": ("5:00-4:00", "spans that end after they begin"),
    "audit.audit": ("maybe", "fix, report or off"),
    "audit.audit_every": (0, "a whole number, 1 or more"),
    "batch.jobs": (999, "a whole number, 0 to 256"),
    "batch.stall_timeout": (float("nan"), "a number, 1 or more"),
    "batch.cluster": ("foo", "an address"),
    "batch.cluster_map": (["x"], "HERE=THERE"),
}


@pytest.mark.parametrize("key", BAD)
def test_bad_values_are_refused_under_the_name_that_was_written(key, tmp_path):
    value, accepted = BAD[key]
    group, name = key.split(".")
    file = tmp_path / "blur.toml"
    file.write_text(f"[{group}]\n{name} = {json.dumps(value).replace('NaN', 'nan')}\n")
    with pytest.raises(UsageError) as caught:
        load(file, {})
    assert str(caught.value).startswith(f"{file}: {key} must be {accepted}")
    with pytest.raises(UsageError) as caught:
        load(None, {group: {name: value}})
    flag = f"--{name.replace('_', '-')}"
    assert str(caught.value).startswith(f"{flag}: must be {accepted}")
    with pytest.raises(UsageError) as caught:  # in Python
        type(getattr(Settings(), group))(**{name: value})
    assert str(caught.value).startswith(f"{name}: must be {accepted}")
    assert "$." not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scan.hodl = 1", "scan.hodl is no option (did you mean scan.hold?)"),
        ("scna.hold = 1", "scna is no option (did you mean scan?)"),
        ("scan = 3", "scan must be a table"),
        ("scan.hold", "cannot be read as settings"),
    ],
)
def test_a_file_is_refused_with_its_name_and_key(text, told, tmp_path):
    file = tmp_path / "blur.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load(file, {})
    assert str(caught.value).startswith(f"{file}: {told}")


def test_a_file_of_windows_editors_is_read(tmp_path):
    file = tmp_path / "blur.toml"
    file.write_text("[scan]\nhold = 2\n", encoding="utf-8-sig")
    assert load(file, {}).scan.hold == 2


def test_values_in_python_take_their_option_s_type():
    assert AuditSettings(audit="off").audit is AuditMode.OFF
    assert BatchSettings(include=["*.mp4"]).include == ("*.mp4",)


def test_sound_s_earlier_word_is_read(tmp_path):
    file = tmp_path / "blur.toml"
    file.write_text('output.audio = "strip"\n')
    assert load(file, {}).output.audio is AudioMode.NONE
    assert msgspec.json.decode(b'"strip"', type=AudioMode) is AudioMode.NONE


def test_spans_are_read_or_refused():
    assert parse_spans("1:02-1:10,0-0.5") == ((62, 70), (0, Fraction(1, 2)))
    for bad in ("1:02", "-1-2", "1/2-3", "5-5", "1-2-3", "a-b"):
        with pytest.raises(ValueError, match="must be spans"):
            parse_spans(bad)


def test_settings_are_immutable():
    with pytest.raises(AttributeError):
        BatchSettings().jobs = 3


def test_the_readme_lists_the_options_as_they_are():
    readme = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
    assert table() in readme, "paste the output of: python -m blur.settings.options"


def test_codecs_take_no_more_threads_than_a_process_has_cores(monkeypatch):
    monkeypatch.setattr("blur.settings.cores._machine_cores", lambda: 4)
    monkeypatch.delenv(ALLOTTED_CORES, raising=False)
    assert (cpu_count(), codec_threads()) == (4, 0)
    for allotted, threads in ((1, 1), (2, 2), (4, 0)):
        monkeypatch.setenv(ALLOTTED_CORES, str(allotted))
        assert (cpu_count(), codec_threads()) == (allotted, threads)
