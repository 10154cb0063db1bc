"""A corridor without pictures: clips are text files that say how they behave.

`process_clip` is the real one of `blur.clip`, over a scan and a render that take no time.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import NamedTuple

from blur import clip
from blur.batch import work
from blur.data.findings import Audit, Residual
from blur.data.plan import Box, Plan
from blur.disk import atomic
from blur.disk.fingerprint import fingerprint
from blur.errors import DecodeError, NotAClip, ResidualFace, cannot_write
from blur.settings import Codec, Proxy
from blur.store.digests import scan_digest

SEGMENT = 10
"""Frames of a segment, where a clip is divided."""

PROXY_SUFFIXES = {Proxy.NONE: "", Proxy.H264: ".mp4", Proxy.PRORES: ".mov", Proxy.DNXHR: ".mov"}


class Place(NamedTuple):
    """As in `blur.corridor`."""

    final: Path
    part: Path


RESIDUAL = Residual(frame=1, seconds=0.1, box=Box(1, 1, 1, 1), sure=0.9, seen_by=["fake"])


def write_clip(path: Path, behaviour: str = "well", frames: int = 5, salt: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"clip {behaviour} {frames} {salt or path.name}")
    return path


def probe_clips(job, progress):
    answers = []
    for path in job.paths:
        words = path.read_text().split()
        if words[:2] == ["clip", "kills-probe"]:
            os.kill(os.getpid(), 9)
        if words[:1] == ["clip"]:
            output, still = job.settings.output, "photograph" in words
            suffix = ".mov" if output.codec is Codec.PRORES else ".mp4"
            whole = work.read_whole(path, progress) if path in job.unread else None
            beside, alone = "" if still else PROXY_SUFFIXES[output.proxy], ""
            if output.proxy_alone and not still:
                suffix, beside, alone = beside, "", str(output.proxy)
            answers.append(work.Probed(int(words[2]), 64, 48, suffix, whole, still, beside, alone))
        else:
            answers.append(NotAClip("is not a video or image file", subject=path.name))
    return answers


def process_clip(job, progress):
    _put_in_place()
    return clip.process_clip(job, progress)


def divide_clip(job, progress):
    _put_in_place()
    return work.divide_clip(job, progress)


def scan_segment(job, progress):
    _put_in_place()
    return work.scan_segment(job, progress)


def _put_in_place():
    import blur.scan

    sys.modules["blur.scan.scan"] = SimpleNamespace(scan=_scan)
    sys.modules["blur.corridor"] = SimpleNamespace(cover_clip=_cover_clip, Place=Place)
    segments = sys.modules["blur.scan.segments"] = ModuleType("blur.scan.segments")
    blur.scan.segments = segments
    segments.Segments, segments.divide, segments.look = Segments, _divide, _look
    segments.to_bytes = lambda first: json.dumps(first).encode()
    segments.from_bytes = json.loads
    segments.joined = lambda parts: [frame for part in parts for frame in part]


@dataclass
class Segments:
    pts: list
    starts: list

    def spans(self):
        return list(map(range, self.starts, [*self.starts[1:], len(self.pts)]))


def _divide(clip, length, progress):
    frames = int(clip.read_text().split()[2])
    _count(clip, "divide")
    return Segments(list(range(frames)), list(range(0, frames, SEGMENT)))


def _look(clip, settings, pts, span, progress):
    for frame in span:
        _watch(clip, frame, progress, frame - span.start)
    _count(clip, f"scan {span.start} of")
    return list(span)


def _watch(clip, frame, progress, done):
    _, behaviour, frames, *_ = clip.read_text().split()
    progress("scan", done, int(frames))
    if behaviour == "dawdle":
        time.sleep(0.1)
    if frame == int(frames) // 2:
        _behave(behaviour, clip, progress)


def _scan(clip, settings, progress, first=None):
    frames = int(clip.read_text().split()[2])
    if first is None:
        for frame in range(frames):
            _watch(clip, frame, progress, frame)
        _count(clip, "scan")
    else:
        assert first == list(range(frames))
    return Plan(
        fingerprint=fingerprint(clip),
        width=64,
        height=48,
        time_base=Fraction(1, 25),
        pts=tuple(range(frames)),
        scan_digest=scan_digest(settings),
    )


def _behave(behaviour, clip, progress):
    if behaviour == "segfault":
        ctypes.string_at(0)
    if behaviour == "segfault-once" and not Path(f"{clip}.crashed").exists():
        Path(f"{clip}.crashed").touch()
        ctypes.string_at(0)
    if behaviour == "hang":
        time.sleep(600)
    if behaviour == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if behaviour == "swell":
        hoard = []
        while True:
            hoard.append(b"x" * 20_000_000)
            progress("scan", len(hoard), None)  # it grows and does not hang, on any machine
            time.sleep(0.02)
    if behaviour == "broken":
        raise DecodeError("frame 3 cannot be decoded", subject=clip.name) from ValueError("cause")
    if behaviour == "bug":
        raise KeyError("oops")
    if behaviour == "grow":
        with clip.open("a") as file:
            file.write(" more")
    if behaviour == "vanish":
        clip.unlink()
    if behaviour == "cannot-write":
        Path(clip.parent, "a folder").mkdir()
        Path(clip.parent, "a folder").write_text("")
    if behaviour == "calls-home":
        socket.socket(socket.AF_INET)
    if behaviour == "slow":
        time.sleep(0.5)


def _misbehave_later(clip):
    """Do once, in a render, as a file beside the clip asks."""
    for name in ("segfault", "cannot-write", "broken", "stop"):
        request = clip.with_name(f"next.{name}")
        if request.exists():
            _done_once(request)
            _behave(name, clip, lambda *news: None)


def _done_once(request):
    """Take one of the times that a request asks for."""
    times = int(request.read_text() or 1)
    request.write_text(str(times - 1)) if times > 1 else request.unlink()


def _render(clip, plan, out, settings, edits, progress, held):
    _misbehave_later(clip)
    for done in range(plan.frames):
        progress("render", done, plan.frames)
    if "big" in clip.read_text():
        _fill_disk(out)
    half = "half of " * settings.output.proxy_alone
    content = f"{half}covered {clip.read_text()} {settings.cover.fill} {edits} {held}".encode()
    part = out.with_name(f".{out.name}.part")
    part.write_bytes(content)
    atomic.publish(part, out)
    _count(clip, "render")
    return SimpleNamespace(
        bytes_out=len(content),
        damaged=3 if "damaged" in clip.read_text() else 0,
        sha256=hashlib.sha256(content).hexdigest(),
        dropped=["sound"],
        notes=[],
    )


def _fill_disk(out):
    """Write 30 MB, as the Writer does: through a temporary name that an error removes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_bytes(b"x" * 30_000_000)
    except OSError as error:
        raise cannot_write(error, out.name) from error
    finally:
        part.unlink(missing_ok=True)


def _cover_clip(clip, plan, out, settings, edits, progress, keep, part, placed, proxy):
    rendered = _render(clip, plan, out, settings, edits, progress, placed.frames)
    if "residual" in clip.read_text():
        keep(plan)
        out.unlink()
        raise ResidualFace("the audit still sees a face, at 0.1 s", subject=clip.name)
    rendered.proxy_sha256 = ""
    if proxy is not None:
        content = f"half of {out.read_text()}".encode()
        proxy.part.write_bytes(content)
        atomic.publish(proxy.part, proxy.final)
        os.utime(proxy.final, ns=(out.stat().st_mtime_ns,) * 2)
        rendered.proxy_sha256 = hashlib.sha256(content).hexdigest()
    if not settings.audits:
        return SimpleNamespace(plan=plan, rendered=rendered, audits=())
    left = [RESIDUAL] if "left-clear" in clip.read_text() else []
    audit = Audit(
        frames=plan.frames, looked=plan.frames, closeups=0, sampling="every frame",
        detectors=["fake"], residuals=left, seconds=0.0,
    )  # fmt: skip
    return SimpleNamespace(plan=plan, rendered=rendered, audits=(audit,))


def _count(clip, what):
    """Leave a mark for each call beside the clips, where the test can count them."""
    log = os.environ.get("FAKE_CORRIDOR_LOG")
    if log:
        with Path(log).open("a", errors="surrogateescape") as file:
            file.write(f"{what} {clip.name}\n")
