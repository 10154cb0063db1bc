"""`--rename` in a folder whose outputs were named after their clips, and the way back."""

import pytest

from blur.errors import Exit, UsageError
from blur.settings import BatchSettings, Codec, OutputSettings, Settings
from blur.store.folder import WorkFolder
from blur.store.ledger import Ledger, read_ledger

NUMBERS = BatchSettings(rename=True)


def rows_of(fake) -> set[str]:
    return set(WorkFolder(fake.out).key.read_text().split()[1:])


def test_outputs_take_numbers_and_nothing_is_done_again(fake):
    fake.clip("Anna/a.mov")
    fake.clip("b.mov")
    fake.run()
    before = fake.outputs
    report = fake.run(settings=Settings(batch=NUMBERS))
    assert report.exit_code == Exit.OK and not fake.calls
    assert fake.outputs == {"0001.mp4": before["Anna/a.mp4"], "0002.mp4": before["b.mp4"]}
    assert not (fake.out / "Anna").exists()  # an empty folder names a person, too
    assert rows_of(fake) == {"0001.mp4,Anna/a.mov", "0002.mp4,b.mov"}
    assert "Anna" not in (fake.out / "report.json").read_text()
    assert fake.run(settings=Settings(batch=NUMBERS)).exit_code == Exit.OK
    assert not fake.calls and set(fake.outputs) == {"0001.mp4", "0002.mp4"}


def test_outputs_of_clips_that_this_run_leaves_out_take_numbers_too(fake):
    fake.clip("a.mov")
    b = fake.clip("b.mov")
    fake.run()
    fake.run(b, settings=Settings(batch=NUMBERS))
    assert not fake.calls and set(fake.outputs) == {"0001.mp4", "0002.mp4"}


def test_a_clip_that_is_called_by_a_number_gets_another(fake):
    fake.clip("0001.mov")
    fake.run()
    fake.run(settings=Settings(batch=NUMBERS))
    assert list(fake.outputs) == ["0002.mp4"] and not fake.calls


def test_a_strangers_number_is_left_alone(fake):
    fake.clip("a.mov")
    fake.run()
    (fake.out / "0001.mp4").write_text("my own film")
    fake.run(settings=Settings(batch=NUMBERS))
    assert not fake.calls and set(fake.outputs) == {"0001.mp4", "0002.mp4"}
    assert fake.outputs["0001.mp4"] == "my own film"


def test_a_number_in_another_format_replaces_the_named_output(fake):
    fake.clip("Anna/a.mov")
    fake.run()
    settings = Settings(batch=NUMBERS, output=OutputSettings(codec=Codec.PRORES))
    fake.run(settings=settings)
    assert fake.calls == {"render a.mov": 1}
    assert all(name.endswith(".mov") for name in fake.outputs) and len(fake.outputs) == 1
    assert not (fake.out / "Anna").exists()


@pytest.mark.parametrize("moved", [False, True])
def test_a_kill_between_the_move_and_the_ledger_doubles_nothing(fake, monkeypatch, moved):
    fake.clip("a.mov")
    fake.run()
    settings = Settings(batch=BatchSettings() if moved else NUMBERS)
    if moved:
        (fake.inputs / "a.mov").rename(fake.inputs / "c.mov")
    transaction = Ledger._transaction

    def killed(*_):
        monkeypatch.setattr(Ledger, "_transaction", transaction)
        raise SystemExit

    move = Ledger.move

    def dying(self, old, new):
        monkeypatch.setattr(Ledger, "_transaction", killed)
        move(self, old, new)

    monkeypatch.setattr(Ledger, "move", dying)
    with pytest.raises(SystemExit):
        fake.run(settings=settings)
    monkeypatch.setattr(Ledger, "move", move)
    assert fake.run(settings=settings).exit_code == Exit.OK
    output = "c.mp4" if moved else "0001.mp4"
    assert list(fake.outputs) == [output] and not fake.calls
    assert [e.output for e in read_ledger(WorkFolder(fake.out))[0]] == [output]


def test_a_run_that_would_tell_the_names_is_refused(fake):
    fake.clip("a.mov")
    fake.run(settings=Settings(batch=NUMBERS))
    report = (fake.out / "report.json").read_bytes()
    with pytest.raises(UsageError, match="numbered"):
        fake.run()
    assert (fake.out / "report.json").read_bytes() == report and not fake.calls
