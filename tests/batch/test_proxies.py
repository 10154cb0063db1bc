"""Proxies of a batch are outputs: kept, verified, moved, withdrawn and replaced alike."""

from __future__ import annotations

import fake_corridor
import pytest
from msgspec.structs import replace

from blur.batch.walk import Walk
from blur.batch.work import RunRequest
from blur.data.edits import Edits, Keyframe, RegionEdit
from blur.data.plan import Box
from blur.disk.fingerprint import fingerprint
from blur.errors import Exit
from blur.media import photograph
from blur.settings import BatchSettings, Codec, OutputSettings, Proxy, Settings
from blur.store.digests import render_digest
from blur.store.folder import WorkFolder
from blur.store.ledger import Ledger, load_record, read_ledger
from blur.store.plans import save_edits

H264 = Settings(output=OutputSettings(proxy=Proxy.H264))
PRORES = Settings(output=OutputSettings(proxy=Proxy.PRORES))
MASTER_PRORES = Settings(output=OutputSettings(codec=Codec.PRORES))
ALONE = Settings(output=OutputSettings(proxy=Proxy.H264, proxy_alone=True))
ALONE_PRORES = Settings(output=OutputSettings(proxy=Proxy.PRORES, proxy_alone=True))


def test_each_film_has_a_proxy_at_its_masters_place_below_and_nothing_is_done_twice(
    fake, monkeypatch
):
    monkeypatch.setattr(photograph, "is_still", lambda path: "photograph" in path.read_text())
    fake.clip("Anna/a.mov")
    fake.clip("b.mov", "photograph")
    report = fake.run(settings=H264)
    assert set(fake.outputs) == {"Anna/a.mp4", "Proxy/Anna/a.mp4", "b.mp4"}
    assert fake.outputs["Proxy/Anna/a.mp4"] == f"half of {fake.outputs['Anna/a.mp4']}"
    assert [clip.proxy for clip in report.clips] == ["Proxy/Anna/a.mp4", None]
    assert fake.run(settings=H264).exit_code == Exit.OK and not fake.calls


@pytest.mark.parametrize("harm", ["missing", "altered", "longer"])
def test_a_proxy_that_is_not_as_it_was_made_is_made_again(fake, harm):
    fake.clip("a.mov")
    fake.run(settings=H264)
    before, proxy = fake.outputs, fake.out / "Proxy/a.mp4"
    if harm == "missing":
        proxy.unlink()
    else:
        content = proxy.read_text()
        proxy.write_text(content.upper() if harm == "altered" else content + " ")
    fake.run(settings=H264)
    assert fake.calls == {"render a.mov": 1} and fake.outputs == before


def test_another_kind_of_proxy_replaces_the_earlier_and_none_removes_it(fake):
    fake.clip("a.mov")
    fake.run()
    fake.run(settings=H264)
    assert set(fake.outputs) == {"a.mp4", "Proxy/a.mp4"}
    fake.run(settings=PRORES)
    assert set(fake.outputs) == {"a.mp4", "Proxy/a.mov"}
    fake.run(render=False)
    assert not fake.calls and set(fake.outputs) == {"a.mp4", "Proxy/a.mov"}
    fake.run()
    assert set(fake.outputs) == {"a.mp4"} and not (fake.out / "Proxy").exists()
    assert (
        load_record(WorkFolder(fake.out), read_ledger(WorkFolder(fake.out))[0][0].place).proxy
        is None
    )


def test_a_film_in_a_folder_of_this_name_keeps_its_own_place(fake):
    fake.clip("Proxy/a.mov")
    fake.run()
    fake.clip("a.mov")
    fake.run(settings=H264)
    assert set(fake.outputs) == {
        "a.mp4", "Proxy/a.mp4", "Proxy/a.mp4.mp4", "Proxy/Proxy/a.mp4"
    }  # fmt: skip
    assert fake.outputs["Proxy/a.mp4"].startswith("covered")
    assert fake.run(settings=H264).exit_code == Exit.OK and not fake.calls


def test_a_strangers_file_at_its_place_is_left_alone(fake):
    fake.clip("a.mov")
    (fake.out / "Proxy").mkdir(parents=True)
    (fake.out / "Proxy/a.mp4").write_text("my own film")
    report = fake.run(settings=H264)
    assert "already holds" in report.clips[0].error.problem
    assert fake.outputs == {"Proxy/a.mp4": "my own film"}


def test_a_folder_without_its_work_files_knows_its_proxies(fake, tmp_path):
    fake.clip("a.mov")
    fake.run(settings=H264)
    (fake.out / ".blur").rename(tmp_path / "gone")
    assert fake.run(settings=H264).exit_code == Exit.OK
    assert set(fake.outputs) == {"a.mp4", "Proxy/a.mp4"}


def test_a_proxy_follows_its_clip_and_takes_its_number(fake, monkeypatch):
    clip = fake.clip("a.mov")
    fake.clip("b.mov")
    fake.run(settings=H264)
    before = fake.outputs
    (fake.inputs / "Anna").mkdir()
    clip.rename(fake.inputs / "Anna/a.mov")
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_transaction", killed_after_the_move(Ledger._transaction, fake.out))
        with pytest.raises(KeyboardInterrupt):
            fake.run(settings=H264)
    fake.run(settings=H264)
    assert not fake.calls
    assert fake.outputs == {
        "Anna/a.mp4": before["a.mp4"], "Proxy/Anna/a.mp4": before["Proxy/a.mp4"],
        "b.mp4": before["b.mp4"], "Proxy/b.mp4": before["Proxy/b.mp4"],
    }  # fmt: skip
    fake.run(settings=replace(H264, batch=BatchSettings(rename=True)))
    assert not fake.calls and set(fake.outputs) == {
        "0001.mp4", "0002.mp4", "Proxy/0001.mp4", "Proxy/0002.mp4"
    }  # fmt: skip
    assert "Anna" not in (fake.out / "report.json").read_text()


def killed_after_the_move(transaction, out):
    def killed(self):
        if (out / "Proxy/Anna/a.mp4").exists():
            raise KeyboardInterrupt
        return transaction(self)

    return killed


def outputs_as_work_begins(fake, settings):
    """The outputs at the start of each clip's work in a run with `settings`."""
    seen = []

    class Looking(Walk):
        def _task(self, key):
            seen.append(fake.outputs)
            return super()._task(key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("blur.batch.run.Walk", Looking)
        fake.run(settings=settings)
    return seen


def test_a_proxy_goes_with_its_master(fake):
    clip = fake.clip("a.mov")
    fake.run(settings=H264)
    cover_more(fake, clip)
    seen = outputs_as_work_begins(fake, H264)
    assert seen == [{}] and set(fake.outputs) == {"a.mp4", "Proxy/a.mp4"}
    cover_more(fake, clip, 2)
    (clip.parent / "next.broken").write_text("")
    assert fake.run(settings=H264).exit_code == Exit.FAILED and not fake.outputs


def test_a_master_that_is_withheld_has_no_proxy(fake):
    fake.clip("a.mov", "residual")
    fake.run(settings=H264)
    assert not fake.outputs


def test_a_render_without_a_proxy_leaves_no_earlier_one(fake):
    """As the review renders again, with the settings of a later run."""
    clip = fake.clip("a.mov")
    fake.run(settings=H264)
    cover_more(fake, clip)
    fake.run(settings=replace(H264, output=OutputSettings()), scan=False)
    assert set(fake.outputs) == {"a.mp4"}
    fake.run(settings=H264)
    assert fake.calls == {"render a.mov": 1} and set(fake.outputs) == {"a.mp4", "Proxy/a.mp4"}


def entry_of(fake, name="a.mov"):
    return next(e for e in read_ledger(WorkFolder(fake.out))[0] if e.name.endswith(name))


@pytest.mark.parametrize("later", [H264, PRORES, Settings()])
def test_proxies_stand_alone_until_a_run_wants_masters(later, fake, monkeypatch):
    monkeypatch.setattr(photograph, "is_still", lambda path: "photograph" in path.read_text())
    fake.clip("Anna/a.mov")
    fake.clip("b.mov", "photograph")
    report = fake.run(settings=ALONE)
    proxy = fake.outputs["Proxy/Anna/a.mp4"]
    assert set(fake.outputs) == {"Proxy/Anna/a.mp4", "b.mp4"} and proxy.startswith("half of")
    assert not fake.outputs["b.mp4"].startswith("half of")
    clip = report.clips[0]
    assert (clip.output, clip.proxy) == ("Proxy/Anna/a.mp4", None)
    assert clip.sha256_out == fingerprint(fake.out / "Proxy/Anna/a.mp4").sha256
    assert any("proxy alone" in note for note in clip.notes)
    assert not any("proxy" in note for note in report.clips[1].notes)
    assert fake.run(settings=ALONE).exit_code == Exit.OK and not fake.calls
    fake.run(settings=later)
    kinds = {Proxy.H264: {"Proxy/Anna/a.mp4"}, Proxy.PRORES: {"Proxy/Anna/a.mov"}}
    proxies = kinds.get(later.output.proxy, set())
    assert set(fake.outputs) == {"Anna/a.mp4", "b.mp4"} | proxies
    assert "scan a.mov" not in fake.calls and fake.calls["render a.mov"] == 1
    assert not fake.outputs["Anna/a.mp4"].startswith("half of")
    assert all(fake.outputs[name] == proxy for name in proxies)
    assert not entry_of(fake).alone
    assert fake.run(settings=later).exit_code == Exit.OK and not fake.calls


def test_masters_leave_once_their_proxies_stand_alone(fake):
    fake.clip("a.mov")
    fake.run(settings=H264)
    before = fake.outputs
    seen = outputs_as_work_begins(fake, ALONE)
    assert seen == [before], "a master left before the proxy was made"
    assert fake.outputs == {"Proxy/a.mp4": before["Proxy/a.mp4"]}
    fake.run(settings=ALONE_PRORES)
    assert set(fake.outputs) == {"Proxy/a.mov"} and entry_of(fake).alone == "prores"


def test_a_lone_proxy_that_failed_leaves_nothing_and_one_that_is_gone_is_made_again(fake):
    clip = fake.clip("a.mov")
    fake.run(settings=ALONE)
    (fake.out / "Proxy/a.mp4").unlink()
    fake.run(settings=ALONE)
    assert fake.calls == {"render a.mov": 1} and set(fake.outputs) == {"Proxy/a.mp4"}
    cover_more(fake, clip)
    (clip.parent / "next.broken").write_text("")
    assert fake.run(settings=H264).exit_code == Exit.FAILED and not fake.outputs


def test_a_lone_proxy_follows_its_clip_and_takes_its_number(fake):
    clip = fake.clip("a.mov")
    fake.clip("b.mov")
    fake.run(settings=ALONE)
    before = fake.outputs
    (fake.inputs / "Anna").mkdir()
    clip.rename(fake.inputs / "Anna/a.mov")
    fake.run(settings=ALONE)
    assert not fake.calls and fake.outputs == {
        "Proxy/Anna/a.mp4": before["Proxy/a.mp4"], "Proxy/b.mp4": before["Proxy/b.mp4"]
    }  # fmt: skip
    numbered = BatchSettings(rename=True)
    for _ in range(2):
        fake.run(settings=replace(ALONE, batch=numbered))
        assert not fake.calls and set(fake.outputs) == {"Proxy/0001.mp4", "Proxy/0002.mp4"}
    fake.run(settings=replace(H264, batch=numbered))
    assert set(fake.outputs) == {
        "0001.mp4", "0002.mp4", "Proxy/0001.mp4", "Proxy/0002.mp4"
    }  # fmt: skip
    for number in ("0001.mp4", "0002.mp4"):
        assert fake.outputs[f"Proxy/{number}"] == f"half of {fake.outputs[number]}"


@pytest.mark.parametrize(("first", "last"), [(ALONE, Settings()), (Settings(), ALONE)])
def test_a_later_render_makes_the_kind_of_file_that_stands_there(first, last, fake):
    """As the review renders again, with the settings of a later run on other clips."""
    clip = fake.clip("a.mov")
    fake.run(settings=first)
    kind = next(iter(fake.outputs.values())).startswith("half of")
    cover_more(fake, clip)
    entry = entry_of(fake)
    job = RunRequest(WorkFolder(fake.out), last, scan=False).job(clip, entry)
    made = fake_corridor.process_clip(job, lambda *news: None)
    assert (made.output, made.alone) == (entry.output, entry.alone)
    assert [text.startswith("half of") for text in fake.outputs.values()] == [kind]
    assert made.render_digest == render_digest(first)


@pytest.mark.parametrize(
    ("first", "last"), [(Settings(), MASTER_PRORES), (Settings(), ALONE), (ALONE, H264)]
)
def test_a_run_that_is_cut_off_costs_no_file_its_name(first, last, fake):
    fake.clip("a.mov")
    fake.run(settings=first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Walk, "work", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            fake.run(settings=last)
    fake.run(settings=last)
    kinds = {
        MASTER_PRORES: {"a.mov"}, ALONE: {"Proxy/a.mp4"}, H264: {"a.mp4", "Proxy/a.mp4"}
    }  # fmt: skip
    assert set(fake.outputs) == kinds[last]


def cover_more(fake, clip, regions: int = 1) -> None:
    cover = RegionEdit(id=1, keyframes=(Keyframe(0, Box(5, 5, 4, 4)),))
    edits = Edits(
        fingerprint=fingerprint(clip),
        regions=tuple(replace(cover, id=number + 1) for number in range(regions)),
    )
    save_edits(edits, WorkFolder(fake.out).edits_of(edits.fingerprint))
