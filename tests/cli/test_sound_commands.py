"""Sound decided clip by clip: kept, muted, silenced, spoken again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from footage import Recipe, make, tone
from made_output import LOSSLESS, make_output
from passing import heard, likeness
from test_show_commands import blur

from blur.batch.run import run
from blur.errors import Exit

RATE = 48_000


def spoken(path: Path, seconds: float, layout: str = "stereo", late: int = 7 * RATE) -> Path:
    """A sound file with another sweep than the clip's."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout=layout)
        frame = tone(late, round(seconds * RATE), RATE, layout)
        (fitted,) = av.AudioResampler("s16", layout, RATE).resample(frame)
        container.mux(stream.encode(fitted))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    make(tmp_path / "in" / "a.mp4", Recipe(pts=tuple(range(0, 50 * 512, 512)), audio=[("aac", 0)]))
    return make_output(tmp_path)


def rendered(out: Path) -> tuple[Fraction, np.ndarray]:
    report = run([out.parent / "in"], out, LOSSLESS, scan=False, serial=True)
    assert report.exit_code == Exit.UNAUDITED, report
    (sound,) = heard(out / "a.mp4")
    return sound


def span(sound: tuple[Fraction, np.ndarray], start: float, end: float) -> np.ndarray:
    first = round(sound[0] * RATE)
    return sound[1][:, round(start * RATE) - first : round(end * RATE) - first]


def test_sound_is_decided_for_a_clip_and_its_spans(out: Path) -> None:
    assert not heard(out / "a.mp4")[0][1].any()
    blur("edits", "mute", out, "a.mp4", "0.5-1")
    assert not rendered(out)[1].any()  # what is muted uncovers no other sound
    blur("edits", "mute", out, "a.mp4", "0.7-0.8", "--bleep")
    blur("edits", "sound", out, "a.mp4", "keep")
    kept = rendered(out)
    assert not span(kept, 0.55, 0.65).any() and not span(kept, 0.85, 0.95).any()
    assert span(kept, 0.72, 0.78).any()
    assert span(kept, 0.1, 0.45).any() and span(kept, 1.1, 1.9).any()
    assert blur("edits", "list", out, "a.mp4").splitlines()[-4:] == [
        "sound: keep",
        "muted: 0.5-0.7 s",
        "muted: 0.8-1 s",
        "bleeped: 0.7-0.8 s",
    ]
    late = blur("edits", "mute", out, "a.mp4", "0:00-0:01,1:02-1:10", code=Exit.USAGE)
    assert "begins at 62 s, and the clip ends at 2.0" in late
    blur("edits", "mute", out, "a.mp4", "--clear")
    blur("edits", "sound", out, "a.mp4", "silence")
    assert not rendered(out)[1].any()


def test_a_voice_spoken_again_takes_the_place_of_the_clips_own(out: Path, tmp_path: Path) -> None:
    own = heard(out.parent / "in" / "a.mp4")[0]
    long, mono = spoken(tmp_path / "long.wav", 2.2), spoken(tmp_path / "mono.wav", 2, "mono")
    assert "2.200 s long" in blur("edits", "sound", out, "a.mp4", long, code=Exit.USAGE)
    assert "1 channels at 48000" in blur("edits", "sound", out, "a.mp4", mono, code=Exit.USAGE)
    mute = make(tmp_path / "mute.mp4", Recipe())
    assert "holds no sound" in blur("edits", "sound", out, "a.mp4", mute, code=Exit.USAGE)
    file = spoken(tmp_path / "right.wav", 2.02)
    new = heard(file)[0]
    blur("edits", "sound", out, "a.mp4", file)
    file.unlink()  # the work folder has a copy, private
    (copy,) = (out / ".blur" / "sounds").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    now = rendered(out)
    assert likeness(new, now) > 0.99 > 0.5 > abs(likeness(own, now))
    assert abs(float(now[0]) + now[1].shape[1] / RATE - 2) < 1024 / RATE
    copy.unlink()
    blur("edits", "mute", out, "a.mp4", "0-1")
    report = run([out.parent / "in"], out, LOSSLESS, scan=False, serial=True)
    assert "not in the work folder" in report.clips[0].error.problem
