"""Real clips, read and written uncovered."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import pytest
from passing import decoded, heard, likeness, passed_through

from blur.media.open.probe import probe
from blur.media.traces.file_traces import traces_in_file
from blur.media.traces.metadata import Kind
from blur.settings import AudioMode, OutputSettings

_SETTINGS = OutputSettings(preset="ultrafast", crf=30, audio=AudioMode.KEEP)
_VIDEO = Path(__file__).resolve().parents[3] / "shared" / "facedata" / "video"
CLIPS = sorted(p for p in _VIDEO.rglob("*") if p.is_file())

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CLIPS, reason=f"needs the real clips in {_VIDEO}"),
]


def times(path: Path, stream: int) -> list[Fraction]:
    with av.open(str(path)) as container:
        frames = container.decode(container.streams[stream])
        return [f.pts * f.time_base for f in frames]


def _start_of(clip: Path, picture: Fraction) -> Fraction:
    """The earlier of the first picture and the containers' own start of sound, in seconds."""
    with av.open(str(clip)) as container:
        return min([picture, *(s.start_time * s.time_base for s in container.streams.audio)])


@pytest.mark.parametrize("clip", CLIPS, ids=lambda p: p.name)
def test_in_and_out(clip, tmp_path):
    done = passed_through(clip, tmp_path, _SETTINGS)
    out = done.written.path
    assert done.notes == []
    before, after = times(clip, done.info.stream), times(out, 0)
    assert [time - after[0] for time in after] == [time - before[0] for time in before]
    # Zero is the earliest picture or sound, to a tick of the picture's clock.
    assert 0 <= after[0] - (before[0] - _start_of(clip, before[0])) < done.info.time_base
    assert traces_in_file(out).beyond(frozenset([Kind.SOUND])) == ()
    assert len(probe(out).audio) == len(done.info.audio)
    if shutil.which("ffprobe"):
        _seen_alike_by_ffprobe(out, done)
    if shutil.which("mediainfo"):
        _seen_alike_by_mediainfo(out, done)


def _seen_alike_by_ffprobe(out, done) -> None:
    report = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-count_packets", "-of", "json", str(out)],
        capture_output=True,
        check=True,
    )
    assert not report.stderr
    video = json.loads(report.stdout)["streams"][0]
    assert int(video["nb_read_packets"]) == done.written.frames
    frames = done.written.frames
    expected = frames / float(done.info.duration or 1)
    assert abs(float(Fraction(video["avg_frame_rate"])) - expected) < 0.12 * expected


def _seen_alike_by_mediainfo(out, done) -> None:
    report = subprocess.run(
        ["mediainfo", "--Output=JSON", str(out)], capture_output=True, check=True
    )
    tracks = json.loads(report.stdout)["media"]["track"]
    video = next(t for t in tracks if t["@type"] == "Video")
    if times(out, 0)[0] == 0:  # mediainfo counts the time before the first frame as frames
        assert int(video["FrameCount"]) == done.written.frames
    assert "Encoded_Library" not in video and "Encoded_Application" not in tracks[0]


@pytest.mark.parametrize("name", ["s20.mp4", "short_hamilton_clip.mp4", "video.avi"])
def test_sound_is_kept_to_the_sample(name, tmp_path):
    clip = next(p for p in CLIPS if p.name == name)
    done = passed_through(clip, tmp_path, _SETTINGS)
    moved = times(clip, done.info.stream)[0] - times(done.written.path, 0)[0]
    codecs = [track.codec for track in probe(done.written.path).audio]
    for codec, old, new in zip(codecs, heard(clip), heard(done.written.path), strict=True):
        if codec == "aac":  # recoded, since its packets have room for anything
            assert likeness((old[0] - moved, old[1]), new, rate=44_100) > 0.98
            continue
        assert old[0] - new[0] == moved
        assert old[1].shape == new[1].shape and (old[1] == new[1]).all()


def test_every_frame_can_be_decoded_again(tmp_path):
    clip = next(p for p in CLIPS if p.suffix == ".gif")
    done = passed_through(clip, tmp_path, _SETTINGS)
    assert len(decoded(done.written.path)) == done.info.frames
