"""Names and folders planted in every field of a report reach no file that others may read."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from blur.data.findings import Audit, Residual
from blur.data.plan import Box
from blur.errors import BlurError
from blur.export import report_page
from blur.settings import BatchSettings, Settings
from blur.store.report import BatchReport, ClipReport, Problem, Skipped, State
from blur.store.scrub import Known, Scrub

FOLDER = Path("/media/Dr Hassan/People of Idlib")
CLIP = Known(FOLDER / "Ward (3)/Amira 2024.mov", "Ward (3)/Amira 2024.mov", "0001.mp4")
FAILED = Known(Path("../Dr Hassan/Yusuf.mov"), "Yusuf.mov")
SKIPPED = Known(Path("notes by Layla.txt"), "notes by Layla.txt")
FILES = [CLIP, FAILED, SKIPPED]
OUT = Path("/media/Dr Hassan/covered")
SECRETS = ["Hassan", "Idlib", "Ward", "Amira", "Yusuf", "Layla", os.fspath(Path.home()) + "/"]

mentions = st.sampled_from(
    [
        str(CLIP.path), str(FAILED.path), str(FAILED.path.absolute()), CLIP.name, FAILED.name,
        SKIPPED.name, CLIP.path.name, CLIP.path.stem, "Yusuf", "Ward (3)", str(FOLDER),
        str(FOLDER.parent), str(OUT), f"{OUT}/.blur/plans/ab.json", f"'{CLIP.path}'",
        f"file:{CLIP.path}", f"[Errno 2] No such file: '{FAILED.path}'", f"{FOLDER}/",
        str(Path.home() / "x" / "y.txt"), "Amira 2024.mov and Yusuf.mov",
    ]
)  # fmt: skip
texts = st.builds(
    "{}{}{}".format, st.sampled_from(["", "cannot open ", "in: "]), mentions,
    st.sampled_from(["", " any more", ", at 1.2 s", ": gone"]),
)  # fmt: skip


def planted(value: object, draw) -> object:
    """A copy with a text in the place of every text."""
    if isinstance(value, Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        return type(value)(**{name: planted(part, draw) for name, part in fields.items()})
    if isinstance(value, list):
        return [planted(part, draw) for part in value]
    return draw(texts) if type(value) is str else value


RESIDUAL = Residual(frame=1, seconds=0.1, box=Box(1, 1, 1, 1), sure=0.9, seen_by=["x"])
AUDIT = Audit(
    frames=9, looked=9, closeups=0, sampling="x", detectors=["x"], residuals=[RESIDUAL], seconds=1
)
FULL = ClipReport(
    name=CLIP.name, state=State.DONE, output="0001.mp4", frames=9, sha256_in="x", sha256_out="x",
    dropped=["x"], notes=["x", "y"], audits=[AUDIT], error=Problem("x", "y", 1),
)  # fmt: skip


@settings(max_examples=40)
@given(st.data())
def test_planted_names_and_folders_reach_no_readable_file(tmp_path_factory, data):
    out = tmp_path_factory.mktemp("out")
    clip = replace(planted(FULL, data.draw), name=CLIP.name, output="0001.mp4")
    other = replace(planted(FULL, data.draw), name=FAILED.name, output=None, state=State.FAILED)
    planted_batch = BatchSettings(
        rename=True, include=(data.draw(texts),), cluster_tls=data.draw(texts)
    )
    report = BatchReport(
        version="1", settings=Settings(batch=planted_batch), clips=[clip, other],
        skipped=[Skipped(SKIPPED.name, data.draw(texts))], exit_code=1, seconds=1.0,
    )  # fmt: skip
    report.save(out, FILES)
    report_page.write(out)
    for path in out.iterdir():
        content = path.read_text()
        assert not [secret for secret in SECRETS if secret in content]
        assert path.stat().st_mode & 0o777 == 0o600  # it locates a face that is clear
    shown = msgspec.json.decode((out / "report.json").read_bytes(), type=BatchReport)
    assert [c.name for c in shown.clips] == ["0001.mp4", "clip 2 without output"]
    assert shown.clips[0].sha256_in is not None  # empty where a bare folder was planted


@settings(max_examples=60)
@given(texts)
def test_without_rename_names_stay_and_folders_go(text):
    made = Scrub(FILES, [OUT, Path.home()], rename=False).text(text)
    assert not [secret for secret in ("Hassan", "Idlib", "/media", "/home/") if secret in made]
    for name in ("Amira 2024.mov", "Yusuf.mov", "Layla"):
        assert (name in made) == (name in text)


def test_words_and_numbers_of_messages_stay():
    files = [Known(Path("in/a.mov"), "a.mov", "0001.mp4"), Known(Path("in/1.mov"), "1.mov")]
    scrub = Scrub(files, [Path("in"), Path("out")], rename=True)
    text = "a face in 1 of 12 frames, 3/4 of it; yuv420p, in/out of sight"
    assert scrub.text(text) == text.replace("in/out", "out")
    assert scrub.text("in/a.mov and 1.mov") == "0001.mp4 and …"


def test_a_name_of_two_clips_stands_for_neither():
    files = [Known(Path(f"in/{n}/IMG_1.mov"), f"{n}/IMG_1.mov", f"000{n}.mp4") for n in (1, 2)]
    scrub = Scrub(files, [], rename=True)
    assert scrub.text("1/IMG_1.mov, IMG_1.mov") == "0001.mp4, …"


@pytest.mark.parametrize("relative", [True, False])
def test_a_batch_s_failures_and_notes_tell_no_folder(fake, monkeypatch, tmp_path, relative):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").rename(tmp_path / "Dr Hassan")
    fake.inputs = Path("Dr Hassan") if relative else tmp_path / "Dr Hassan"
    for name in ("ward/Amira.mov", "ward/Yusuf.mov"):
        fake.clip(name)
    process = __import__("fake_corridor").process_clip

    def failing(job, progress):
        if "Yusuf" in job.path.name:
            raise BlurError(f"unexpected: [Errno 5] '{job.path}' and {job.path.absolute()}")
        return process(replace(job, notes=(f"opened {job.path}, {job.path.name}",)), progress)

    monkeypatch.setattr("blur.batch.walk.process_clip", failing)
    fake.run(settings=Settings(batch=BatchSettings(rename=True, jobs=1)))
    secrets = ["Hassan", "Amira", "Yusuf", str(tmp_path)]
    found = [p for p in fake.out.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
    assert {"report.json", "0001.mp4"} <= {p.name for p in found}
    for path in found:
        if path.suffix == ".json":
            assert not [s for s in secrets if s in path.read_text()]
    assert "0001.mp4" in (fake.out / "report.json").read_text()
