"""Clips are told apart by content, wherever they lie, and keep their outputs' names."""

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from batch_fixtures import error_of, states
from msgspec.structs import replace

from blur.data.edits import Edits, Keyframe, RegionEdit
from blur.data.plan import Box
from blur.disk import atomic
from blur.disk.fingerprint import fingerprint, sampled
from blur.errors import Exit
from blur.settings import (
    BatchSettings,
    OutputSettings,
    Proxy,
    Settings,
    Verify,
)
from blur.store.folder import WorkFolder
from blur.store.ledger import Ledger
from blur.store.plans import save_edits


def blind(monkeypatch) -> None:
    """Samples of four bytes: two fake clips of one length agree in all of them."""
    monkeypatch.setattr("blur.disk.fingerprint._BLOCK", 4)


def twins(fake, monkeypatch, first: str, second: str) -> tuple[Path, Path]:
    """Two clips of one size and the same samples, which differ between these."""
    blind(monkeypatch)
    one = fake.clip(first, salt="s" * 200)
    whole = one.read_bytes()
    starts = [(len(whole) - 4) * k // 7 for k in range(8)]
    at = next(i for i in range(40, len(whole)) if not any(s <= i < s + 4 for s in starts))
    other = fake.inputs / second
    other.parent.mkdir(exist_ok=True)
    content = whole[:at] + b"T" + whole[at + 1 :]
    other.write_bytes(content)
    assert sampled(one) == sampled(other) and fingerprint(one) != fingerprint(other)
    return one, other


def test_two_clips_with_the_same_samples_have_a_plan_each(fake, monkeypatch):
    twins(fake, monkeypatch, "a.mov", "b.mov")
    assert fake.run().exit_code == Exit.OK
    assert fake.calls == {f"{what} {n}.mov": 1 for what in ("scan", "render") for n in "ab"}
    assert "T" in fake.outputs["b.mp4"] and "T" not in fake.outputs["a.mp4"]
    assert len(list(WorkFolder(fake.out).plans.iterdir())) == 2
    fake.run()
    assert not fake.calls


def test_a_newcomer_with_the_samples_of_a_known_clip_is_scanned(fake, monkeypatch, tmp_path):
    one, other = twins(fake, monkeypatch, "a.mov", "b.mov")
    aside = other.rename(tmp_path / "b.mov")
    fake.run()
    aside.rename(other)
    one.unlink()  # the newcomer must not pass for the clip that is gone, either
    fake.run()
    assert fake.calls == {"scan b.mov": 1, "render b.mov": 1}
    assert "T" in fake.outputs["b.mp4"]


def test_a_clip_replaced_by_a_twin_is_done_anew_and_its_edits_do_not_fit(
    fake, monkeypatch, tmp_path
):
    one, other = twins(fake, monkeypatch, "a.mov", "b.mov")
    other.rename(tmp_path / "b.mov")
    first = one.read_bytes()
    fake.run()
    edits = Edits(fingerprint=fingerprint(one))
    save_edits(edits, WorkFolder(fake.out).edits_of(edits.fingerprint))
    one.write_bytes((tmp_path / "b.mov").read_bytes())
    report = fake.run()
    assert "edits" in error_of(report, "a.mov").problem and not fake.outputs
    one.write_bytes(first)
    fake.run()
    assert fake.calls == {"render a.mov": 1}
    WorkFolder(fake.out).edits_of(edits.fingerprint).unlink()
    one.write_bytes((tmp_path / "b.mov").read_bytes())
    fake.run()
    assert fake.calls == {"scan a.mov": 1, "render a.mov": 1} and "T" in fake.outputs["a.mp4"]


def test_a_twin_with_the_time_of_its_brother_is_seen_by_full_verification(
    fake, monkeypatch, tmp_path
):
    one, other = twins(fake, monkeypatch, "a.mov", "b.mov")
    other.rename(tmp_path / "b.mov")
    fake.run()
    time = one.stat().st_mtime_ns
    one.write_bytes((tmp_path / "b.mov").read_bytes())
    os.utime(one, ns=(time, time))
    fake.run(settings=Settings(batch=BatchSettings(verify=Verify.FULL)))
    assert fake.calls == {"scan a.mov": 1, "render a.mov": 1} and "T" in fake.outputs["a.mp4"]


def test_a_clip_that_was_only_touched_is_read_once_and_kept(fake, monkeypatch):
    clip = fake.clip("a.mov")
    fake.run()
    os.utime(clip)
    fake.run()
    assert not fake.calls
    monkeypatch.setattr("blur.batch.inventory.fingerprint", None)  # is not called again
    assert fake.run().exit_code == Exit.OK and not fake.calls


def test_edits_that_an_earlier_blur_filed_by_samples_are_kept(fake):
    clip = fake.clip("a.mov")
    fake.run()
    folder = WorkFolder(fake.out)
    region = RegionEdit(id=1, keyframes=(Keyframe(0, Box(5, 5, 4, 4)),))
    edits = Edits(fingerprint=sampled(clip), regions=(region,))
    save_edits(edits, folder.edits_of(edits.fingerprint))
    with closing(Ledger(folder)) as ledger:
        ledger.put([replace(e, sha256=None, mtime_ns=0) for e in ledger.entries()])
    assert fake.run().exit_code == Exit.OK
    assert "RegionEdit" in fake.outputs["a.mp4"]
    assert [f.name for f in folder.edits.iterdir()] == [folder.edits_of(fingerprint(clip)).name]


def test_moved_and_renamed_clips_take_their_outputs_along(fake):
    fake.clip("a.mov")
    fake.clip("b.mov")
    fake.run()
    before = fake.outputs
    (fake.inputs / "sub").mkdir()
    (fake.inputs / "a.mov").rename(fake.inputs / "sub" / "a.mov")
    (fake.inputs / "b.mov").rename(fake.inputs / "c.mov")
    report = fake.run()
    assert not fake.calls
    assert fake.outputs == {"sub/a.mp4": before["a.mp4"], "c.mp4": before["b.mp4"]}
    assert [(c.name, c.output) for c in report.clips] == [
        ("c.mov", "c.mp4"),
        ("sub/a.mov", "sub/a.mp4"),
    ]
    assert fake.run().exit_code == Exit.OK and not fake.calls


@pytest.mark.parametrize("over", ["b.mov", "b.avi"])
def test_a_clip_moved_over_another_replaces_its_files(fake, over):
    fake.clip("a.mov")
    fake.clip(over)
    settings = Settings(output=OutputSettings(proxy=Proxy.H264))
    fake.run(settings=settings)
    before = fake.outputs
    (fake.inputs / "a.mov").replace(fake.inputs / over)
    report = fake.run(settings=settings)
    assert fake.outputs == {"b.mp4": before["a.mp4"], "Proxy/b.mp4": before["Proxy/a.mp4"]}
    assert [(c.output, c.proxy) for c in report.clips] == [("b.mp4", "Proxy/b.mp4")]
    assert fake.run(settings=settings).exit_code == Exit.OK and not fake.calls


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_kill_while_a_clip_replaces_another_leaves_no_file_behind(fake, monkeypatch, at):
    fake.clip("a.mov")
    fake.clip("b.mov")
    fake.run()
    before = fake.outputs
    (fake.inputs / "a.mov").replace(fake.inputs / "b.mov")
    publish = atomic.publish

    def dying(source, target):
        if at == "after":
            publish(source, target)
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("blur.store.ledger.atomic.publish", dying)
        with pytest.raises(SystemExit):
            fake.run()
    fake.run()
    assert fake.outputs == {"b.mp4": before["a.mp4"]} and not fake.calls


@pytest.mark.parametrize(
    ("first", "moves"),
    [("ab", "bc ab"), ("bc", "ba cb"), ("ab", "bt ab ta"), ("abc", "bt ab ca tc")],
)
def test_clips_that_take_each_others_names_take_their_films_along(fake, first, moves):
    for name in first:
        fake.clip(f"{name}.mov")
    fake.run()
    films = {name: fake.outputs[f"{name}.mp4"] for name in first}
    for source, target in moves.split():
        (fake.inputs / f"{source}.mov").replace(fake.inputs / f"{target}.mov")
        films[target] = films.pop(source)
    assert fake.run().exit_code == Exit.OK
    assert fake.outputs == {f"{name}.mp4": film for name, film in films.items()}


def test_a_numbered_clip_moved_over_another_keeps_its_number(fake):
    fake.clip("a.mov")
    fake.clip("b.mov")
    settings = Settings(batch=BatchSettings(rename=True))
    fake.run(settings=settings)
    first = fake.outputs["0001.mp4"]
    (fake.inputs / "a.mov").replace(fake.inputs / "b.mov")
    fake.run(settings=settings)
    assert fake.outputs == {"0001.mp4": first} and not fake.calls


def test_a_moved_input_folder_is_recognised(fake):
    fake.clip("a.mov")
    fake.run()
    moved = fake.inputs.rename(fake.inputs.with_name("moved"))
    fake.run(moved)
    assert not fake.calls and list(fake.outputs) == ["a.mp4"]


def test_a_copy_is_covered_too(fake):
    clip = fake.clip("a.mov")
    fake.run()
    shutil.copy(clip, fake.inputs / "copy.mov")
    fake.run()
    assert fake.calls == {"render copy.mov": 1}
    assert set(fake.outputs) == {"a.mp4", "copy.mp4"}


def test_outputs_keep_their_names_when_namesakes_arrive(fake):
    fake.clip("a.mov")
    fake.run()
    fake.clip("a.avi")
    fake.clip("a.mp4")
    report = fake.run()
    assert {c.name: c.output for c in report.clips} == {
        "a.mov": "a.mp4",
        "a.avi": "a.avi.mp4",
        "a.mp4": "a.mp4.mp4",
    }


def test_among_namesakes_the_one_of_the_right_extension_keeps_the_plain_name(fake):
    for name in ("a.avi", "a.mp4", "a.mov"):
        fake.clip(name)
    report = fake.run()
    assert {c.name: c.output for c in report.clips} == {
        "a.mp4": "a.mp4",
        "a.avi": "a.avi.mp4",
        "a.mov": "a.mov.mp4",
    }


def test_two_inputs_of_one_output_both_fail_and_others_finish(fake, tmp_path):
    from fake_corridor import write_clip

    write_clip(tmp_path / "d1" / "a.mov", salt="1")
    write_clip(tmp_path / "d1" / "b.mov")
    write_clip(tmp_path / "d2" / "a.mov", salt="2")
    report = fake.run(tmp_path / "d1", tmp_path / "d2")
    assert states(report) == {"a.mov": "failed", "b.mov": "done"}
    assert report.exit_code == Exit.FAILED
    assert set(fake.outputs) == {"b.mp4"}
    problem = error_of(report, "a.mov").problem
    assert "d1/a.mov" in problem and "d2/a.mov" in problem


def test_a_namesake_from_another_folder_does_not_take_over_an_output(fake, tmp_path):
    from fake_corridor import write_clip

    fake.clip("a.mov", salt="first")
    fake.run()
    write_clip(tmp_path / "card2" / "a.mov", salt="second")
    report = fake.run(tmp_path / "card2")
    assert report.exit_code == Exit.FAILED
    assert "first" in fake.outputs["a.mp4"]


def test_a_strangers_file_is_never_overwritten(fake):
    fake.clip("a.mov")
    fake.out.mkdir()
    (fake.out / "a.mp4").write_text("my own film")
    report = fake.run()
    assert report.exit_code == Exit.FAILED
    assert "a.mp4" in error_of(report, "a.mov").problem
    assert fake.outputs == {"a.mp4": "my own film"}
