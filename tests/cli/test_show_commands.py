"""The commands as they are typed; each in a process of its own, since it gives up the network."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from made_output import HEIGHT, WIDTH

from blur.data.edits import Edits, RegionEdit
from blur.data.plan import Box, Keyframe
from blur.disk.fingerprint import fingerprint
from blur.errors import Exit
from blur.review.open_clip import OpenClip
from blur.store.folder import WorkFolder
from blur.store.plans import load_edits, save_edits
from blur.store.shelf import Shelf


def blur(*arguments: object, code: Exit = Exit.OK) -> str:
    command = [sys.executable, "-m", "blur", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    return done.stdout if code is Exit.OK else done.stderr


def require_private(folder: Path) -> None:
    """Whatever tells where faces are can be read by its owner alone."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files and {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_decisions_are_made_listed_exported_and_imported(out: Path, tmp_path: Path) -> None:
    def told(*act: object) -> list[str]:
        return blur("edits", act[0], out, "a.mp4", *act[1:]).splitlines()

    asked = told("keep", 0, "--reason", "has agreed", "--from", 5, "--to", 9)
    assert asked == ["cover 0: frames 0-44, kept clear on 5-9"]
    assert told("cover", 0) == ["cover 0: frames 0-44"]
    assert told("keep", 0, "--reason", "has agreed", "--from", 5, "--to", 9) == asked
    drawn = told("draw", "69:20,30,40,50", "50:10,20,40,50", "--reason", "badge")
    assert drawn == ["drawn region 1: frames 50-69"]
    assert told("extend", 1, 43)[-1].endswith("-43")
    assert "cover 2: frames 45-59" in told("split", 2, 60)
    listed = blur("edits", "list", out, "a.mp4")
    assert "cover 0: frames 0-44, kept clear on 5-9" in listed
    assert "keep on 5-9: has agreed" in listed
    assert "draw on 50-69: badge" in listed
    assert "drawn region 1: frames 50-69" in listed
    assert "cover 2: frames 45-59" in listed
    file = tmp_path / "decisions.json"
    blur("edits", "export", out, "a.mp4", file)
    edits = load_edits(file)
    assert [key.frame for key in edits.regions[0].keyframes] == [50, 69]
    assert edits.regions[0].keyframes[0].box[:4] == (30, 45, 40, 50)
    assert json.loads(file.read_text())["version"] == edits.version
    blur("edits", "cover", out, "a.mp4", 0)
    blur("edits", "erase", out, "a.mp4", 1)
    listed = blur("edits", "list", out, "a.mp4")
    assert "kept clear" not in listed and "region" not in listed
    blur("edits", "import", out, "a.mp4", file)
    assert "kept clear on 5-9" in blur("edits", "list", out, "a.mp4")
    assert "a.mp4  changed since it was rendered" in blur("edits", "list", out)


def test_a_person_confirms_who_a_face_is(out: Path, tmp_path: Path) -> None:
    file = tmp_path / "decisions.json"
    for flag, confirmed in ((), False), (("--confirm",), True):
        blur("edits", "keep", out, "a.mp4", 0, "--reason", "looked", *flag)
        blur("edits", "export", out, "a.mp4", file, "--overwrite")
        assert [edit.confirmed for edit in load_edits(file).tracks] == [confirmed]


def test_decisions_of_all_clips_go_into_a_folder_and_come_back(out: Path, tmp_path: Path) -> None:
    blur("edits", "keep", out, "a.mp4", 0, "--reason", "agreed")
    blur("edits", "draw", out, "c.mp4", "50:10,20,40,50", "51:10,20,40,50", "--ellipse")
    folder = tmp_path / "decided"
    blur("edits", "export", out, folder)
    assert sorted(map(str, (p.relative_to(folder) for p in folder.rglob("*.json")))) == [
        "a.mp4.json",
        "day 1/c.mp4.json",
    ]
    blur("edits", "cover", out, "a.mp4", 0)
    blur("edits", "erase", out, "c.mp4", 1)
    blur("edits", "import", out, folder)
    assert "kept clear" in blur("edits", "list", out, "a.mp4")
    assert "drawn region 1" in blur("edits", "list", out, "c.mp4")
    assert load_edits(folder / "day 1/c.mp4.json").regions[0].ellipse
    blur("edits", "import", out, "c.mp4", folder)
    (tmp_path / "empty").mkdir()
    assert "no decisions" in blur("edits", "import", out, tmp_path / "empty", code=Exit.USAGE)
    assert "no decisions" in blur("edits", "import", out, "c.mp4", tmp_path, code=Exit.USAGE)


def test_a_misfit_among_imported_decisions_is_named_and_stops_no_other(
    out: Path, tmp_path: Path
) -> None:
    blur("edits", "keep", out, "a.mp4", 0, "--reason", "agreed")
    assert "a.mp4  changed since it was rendered, has decisions" in blur("edits", "list", out)
    folder = tmp_path / "decided"
    (folder / "day 1").mkdir(parents=True)
    for name in ("a.mp4", "day 1/b ü.mp4"):
        (folder / name).with_name(f"{Path(name).name}.json").write_bytes(
            next(WorkFolder(out).edits.iterdir()).read_bytes()
        )
    (folder / "day 1/c.mp4.json").write_text("{")
    blur("edits", "cover", out, "a.mp4", 0)
    said = blur("edits", "import", out, folder, code=Exit.FAILED)
    assert "day 1/b ü.mp4: the edits were made for another clip" in said
    assert "c.mp4.json: damaged" in said
    assert "kept clear" in blur("edits", "list", out, "a.mp4")
    file = folder / "a.mp4.json"
    assert "single clip" in blur("edits", "import", out, file, code=Exit.USAGE)


@pytest.mark.parametrize("command", ["edits export", "markers", "export boxes", "preview"])
def test_a_file_is_no_folder_for_several(out: Path, tmp_path: Path, command: str) -> None:
    file = tmp_path / "file"
    file.touch()
    target = () if command == "edits export" else ("-o",)
    assert "is a file" in blur(*command.split(), out, *target, file, code=Exit.USAGE)


def test_edits_of_another_clip_are_not_imported(out: Path, tmp_path: Path) -> None:
    blur("edits", "keep", out, "a.mp4", 0, "--reason", "x")
    blur("edits", "export", out, "a.mp4", tmp_path / "a.json")
    said = blur("edits", "import", out, "c.mp4", tmp_path / "a.json", code=Exit.FAILED)
    assert "another clip" in said
    (tmp_path / "a.json").write_text((tmp_path / "a.json").read_text(), encoding="utf-8-sig")
    blur("edits", "import", out, "a.mp4", tmp_path / "a.json")
    (tmp_path / "a.json").write_text("{}")
    said = blur("edits", "import", out, "a.mp4", tmp_path / "a.json", code=Exit.FAILED)
    assert "edits export" in said
    assert "changed" not in blur("edits", "list", out).split("c.mp4")[1]


def test_no_cover_reaches_beyond_the_clip(out: Path, tmp_path: Path) -> None:
    """2e9 frames of boxes fit into no memory; decisions that name them are read all the same."""
    far = 2_000_000_000
    for act in (
        ("extend", out, "a.mp4", 1, far),
        ("draw", out, "a.mp4", "0:0,0,9,9", f"{far}:0,0,9,9"),
    ):
        assert f"no frame {far}" in blur("edits", *act, code=Exit.USAGE)
    file = tmp_path / "a.json"
    blur("edits", "draw", out, "a.mp4", "0:10,20,40,50", "77:10,20,40,50")
    blur("edits", "export", out, "a.mp4", file)
    file.write_text(file.read_text().replace(" 77,", f" {far},"))
    blur("edits", "import", out, "a.mp4", file)
    assert "drawn region 1: frames 0-89" in blur("edits", "list", out, "a.mp4")


def test_a_check_is_recorded_and_decisions_are_put_aside(out: Path) -> None:
    blur("edits", "check", out, "a.mp4", "AB")
    assert "a.mp4  checked by AB" in blur("edits", "list", out)
    blur("edits", "keep", out, "a.mp4", 0, "--reason", "x")
    assert "checked" not in blur("edits", "list", out)
    blur("edits", "drop", out, "a.mp4")
    assert "a.mp4  checked by AB" in blur("edits", "list", out)
    blur("edits", "keep", out, "a.mp4", 1, "--reason", "y")
    blur("edits", "drop", out, "a.mp4")
    aside = sorted((out / ".blur" / "edits").iterdir())
    assert sorted(load_edits(file).tracks[0].reason for file in aside) == ["x", "y"]
    assert "edits of 1 clips" in blur("clean", out, code=Exit.USAGE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("keep", "{out}", "a.mp4", 0), "reason"),
        (("keep", "{out}", "a.mp4", 9, "--reason", "x"), "there is no cover 9"),
        (("keep", "{out}", "mp4", 0, "--reason", "x"), "several clips have 'mp4'"),
        (("keep", "{out}", "zz", 0, "--reason", "x"), "no clip of this folder has 'zz'"),
        (("draw", "{out}", "a.mp4", "5:1,2,3"), "no keyframe: 5:1,2,3"),
        (("draw", "{out}", "a.mp4", "5:1,2,3,4"), "its last frame, too"),
        (("draw", "{out}", "a.mp4", "5:-9,2,9,4", "8:9000,2,3,4"), "misses the picture"),
        (("draw", "{out}", "a.mp4", "9000:1,2,3,4", "9001:1,2,3,4"), "after the clip's last frame"),
        (("drop", "{out}", "a.mp4"), "nothing was decided"),
    ],
)
def test_what_cannot_be_done_is_said(out: Path, arguments: tuple, said: str) -> None:
    given = [a.format(out=out) if isinstance(a, str) else a for a in arguments]
    assert said in blur("edits", *given, code=Exit.USAGE)


def test_markers_are_written_for_each_clip(out: Path, tmp_path: Path) -> None:
    blur("markers", out)
    require_private(out / "markers")
    found = sorted(p.relative_to(out).as_posix() for p in (out / "markers").rglob("*.edl"))
    assert found == [
        "markers/a.mp4.edl", "markers/day 1/b ü.mp4.edl", "markers/day 1/c.mp4.edl",
    ]  # fmt: skip
    blur("markers", out, "a.mp4", "--format", "csv", "--only", "doubts", "-o", tmp_path / "m")
    rows = list(csv.DictReader((tmp_path / "m" / "markers.csv").open()))
    assert [(r["kind"], r["start_frame"]) for r in rows] == [("doubt", "30"), ("excess", "12")]
    for kind, ending in {"xml": "xml", "avid": "txt"}.items():
        blur("markers", out, "a.mp4", "--format", kind, "-o", tmp_path / "m")
        assert "a.mp4" in (tmp_path / "m" / f"a.mp4.{ending}").read_text() or kind == "avid"
    pytest.importorskip("opentimelineio")
    blur("markers", out, "a.mp4", "--format", "otio")
    made = json.loads((out / "markers" / "a.mp4.otio").read_text())
    reference = made["tracks"]["children"][0]["children"][0]["media_references"]["DEFAULT_MEDIA"]
    assert (made["name"], reference["target_url"]) == ("a.mp4", "../a.mp4")


def test_a_delivery_has_mattes_hashes_and_a_statement(out: Path) -> None:
    work, clip = WorkFolder(out), fingerprint(out.parent / "in" / "day 1" / "c.mp4")
    region = RegionEdit(id=1, keyframes=(Keyframe(5, Box(40, 40, 20, 20)),))
    save_edits(Edits(fingerprint=clip, regions=(region,)), work.edits_of(clip))
    said = blur("export", "mattes", out, code=Exit.USAGE)
    assert "left out: day 1/c.mp4: is not rendered as it stands" in said
    assert sorted(path.name for path in (out / "mattes").rglob("*.mkv")) == [
        "a.mp4.matte.mkv", "b ü.mp4.matte.mkv",
    ]  # fmt: skip
    blur("report", out)
    statement = out / "statement.html"
    assert statement.stat().st_mode & 0o777 == 0o600
    assert "decisions changed since this file was made" in statement.read_text()
    assert "generation 1: 5 files are new" in blur("export", "mhl", out)


def test_a_comparison_shows_before_and_after_beside_each_other(out: Path, tmp_path: Path) -> None:
    blur("preview", out, "a.mp4", "--compare", "--spans", "0:01-0:01.5", "-o", tmp_path / "c")
    require_private(tmp_path / "c")
    with av.open(tmp_path / "c" / "a.compare.mp4") as film:
        pictures = [f.to_ndarray(format="rgb24").astype(int) for f in film.decode(video=0)]
    assert len(pictures) == 15
    assert pictures[0].shape == (HEIGHT, 2 * WIDTH + 4, 3)
    before, after = pictures[0][:, :WIDTH], pictures[0][:, WIDTH + 4 :]
    different = np.abs(before - after).max(axis=2) > 50
    assert different[70:90, 65:85].mean() > 0.3  # face 0, on frame 30
    assert different[200:, :].mean() < 0.02


def test_a_comparison_is_not_put_into_the_output_folder(out: Path) -> None:
    said = blur("preview", out, "a.mp4", "--compare", "-o", out / "x", code=Exit.USAGE)
    assert "clear faces" in said
    assert not list(out.rglob("*.compare.mp4"))
    assert "clear faces" in blur("preview", out, "a.mp4", "--compare", code=Exit.USAGE)


def test_a_window_needs_a_display(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    clip = out.parent / "in" / "a.mp4"
    assert "no display" in blur("preview", clip, "--live", code=Exit.USAGE)


def test_a_folder_where_no_blur_ran_is_told_from_one_where_it_did(tmp_path: Path) -> None:
    for command in (["preview"], ["markers"], ["edits", "list"], ["review", "--no-browser"]):
        assert "no blur ran here" in blur(*command, tmp_path, code=Exit.FAILED)


def test_a_clip_that_is_gone_is_named_and_the_others_are_done(out: Path) -> None:
    (out.parent / "in" / "a.mp4").unlink()
    said = blur("markers", out, code=Exit.FAILED)
    assert "left out: a.mp4" in said
    assert len(list((out / "markers").rglob("*.edl"))) == 2


@pytest.mark.parametrize(("command", "folder"), [("preview", "sheets"), ("markers", "markers")])
def test_links_planted_in_the_output_folder_are_not_followed(
    out: Path, tmp_path: Path, command: str, folder: str
) -> None:
    (tmp_path / "victim").mkdir()
    (out / folder).symlink_to(tmp_path / "victim")
    assert "is a link" in blur(command, out, "a.mp4", code=Exit.FAILED)
    assert not list((tmp_path / "victim").iterdir())


def test_no_command_writes_over_a_file_that_is_there(out: Path, tmp_path: Path) -> None:
    """Footage above all: with --overwrite, too, the clip itself is refused, and any other clip."""
    clip = out.parent / "in" / "a.mp4"
    other = tmp_path / "other.mp4"
    linked = tmp_path / "linked.mp4"
    linked.hardlink_to(clip)
    other.write_bytes(b"footage")
    (tmp_path / "a.mp4.edl").write_text("mine")
    (tmp_path / "a.compare.mp4").write_text("mine")
    before = clip.read_bytes()
    asked = [
        ("preview", clip, "-o"),
        ("preview", clip, "--compare", "-o"),
        ("edits", "export", out, "a.mp4"),
        ("edits", "export", out, "c.mp4"),
        ("report", out, "-o"),
        ("keep", out, tmp_path / "a.mp4.edl", "--sheet"),
    ]
    for command in asked:
        for target in (clip, linked):
            for more in ((), ("--overwrite",)):
                assert "clip itself" in blur(*command, target, *more, code=Exit.USAGE)
        assert "--overwrite" in blur(*command, other, code=Exit.USAGE)
    for command in (("markers",), ("preview", "--compare")):
        said = blur(command[0], out, "a.mp4", *command[1:], "-o", tmp_path, code=Exit.USAGE)
        assert "--overwrite" in said
    assert clip.read_bytes() == before and other.read_bytes() == b"footage"
    assert (tmp_path / "a.mp4.edl").read_text() == (tmp_path / "a.compare.mp4").read_text()
    blur("edits", "export", out, "a.mp4", other, "--overwrite")
    assert load_edits(other)
    blur("markers", out, "a.mp4", "-o", tmp_path, "--overwrite")
    assert "mine" not in (tmp_path / "a.mp4.edl").read_text()


def test_comparisons_lie_in_the_folders_of_their_clips(out: Path, tmp_path: Path) -> None:
    blur("preview", out, "day 1/c.mp4", "a.mp4", "--compare", "--spans", "0:01-0:01.2",
         "-o", tmp_path / "c")  # fmt: skip
    found = sorted(
        p.relative_to(tmp_path / "c").as_posix() for p in (tmp_path / "c").rglob("*.mp4")
    )
    assert found == ["a.compare.mp4", "day 1/c.compare.mp4"]


def test_names_that_are_no_text_work_in_every_command(out: Path, tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff a.mp4")
    (out / "a.mp4").rename(out / odd)
    with contextlib.closing(sqlite3.connect(out / ".blur" / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE clips SET output = '%FF a.mp4' WHERE output = 'a.mp4'")
    for kind in ("edl", "csv", "otio"):
        blur("markers", out, odd, "--format", kind, "-o", tmp_path / "m")
    assert "\\xff a.mp4" in (tmp_path / "m" / "markers.csv").read_text()
    assert (tmp_path / "m" / f"{odd}.edl").read_text().startswith("TITLE: \\xff a.mp4")
    blur("edits", "export", out, odd, tmp_path / os.fsdecode(b"\xff.json"))
    assert "cover 0" in blur("edits", "list", out, odd)
    beside = sorted(out.parent.iterdir())
    said = blur("preview", out, odd, "-o", tmp_path / "s")
    assert (tmp_path / "s" / f"{odd}.png").exists()
    doubts = OpenClip(Shelf(out), Shelf(out).find(odd)).view().doubts
    assert f"{len(doubts)} doubts wait" in said and len(doubts) == 2
    listed = re.findall(r"<li>.*?  (.*)</li>", (tmp_path / "s" / "index.html").read_text())
    assert listed == [doubt.explanation for doubt in doubts]  # as the page lists them
    assert not (out / "sheets").exists() and sorted(out.parent.iterdir()) == beside
    assert 'src="%FF%20a.mp4.png"' in (tmp_path / "s" / "index.html").read_text()


def test_a_file_may_be_written_where_one_stands(out: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "blur", "edits", "export", str(out.absolute()), "a.mp4"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([*command, "bare.json"], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "bare.json").exists()
