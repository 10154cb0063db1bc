"""The sound of the open clips: its loudness for the timeline, its samples for the ear.

Of the covered file, or of the clip itself; in memory only. All tracks sound together, since each of
them may hold a voice.
"""

from __future__ import annotations

import struct
import threading

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from blur.data.loudness import loudness
from blur.media.open.clip_info import ClipInfo
from blur.media.open.sound_samples import RATE, mixed, sound_blocks
from blur.render.pictures import Recent

_KEPT = 4 * 2**20
"""Bytes of loudness to keep, 50 for a second; more of them decode less."""

_PART = 10 * RATE
"""Samples in an answer; more are longer in coming, fewer are asked for more often."""

_SAMPLE = struct.Struct("<hh")
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_LONGEST = (2**32 - 1 - _HEADER.size) // _SAMPLE.size
"""Samples that a WAV file can count, six hours of them."""


class Hearing:
    """The loudness of sounds, by file. Safe to share between threads."""

    def __init__(self) -> None:
        self._made: Recent[tuple[object, ...], bytes] = Recent(_KEPT, len)
        self._lock = threading.Lock()

    def loudness(self, info: ClipInfo, seconds: float) -> bytes:
        """A byte for each bin, as `data.loudness`. Raises DecodeError."""
        status = info.path.stat()
        name = info.path, status.st_ino, status.st_size, status.st_mtime_ns
        with self._lock:  # one file at a time: the player's frames come first
            made = self._made.get(name)
            if made is None:
                made = loudness(sound_blocks(info), RATE, seconds).tobytes()
                self._made.put(name, made)
            return made


class Wave(Response):
    """A sound of so many seconds as a WAV file, 16 bits, decoded in the ranges asked for.

    An answer may end before its range; a browser then asks for the next.
    """

    media_type = "audio/wav"

    def __init__(self, info: ClipInfo, seconds: float) -> None:
        super().__init__()
        self._info, self._samples = info, min(round(seconds * RATE), _LONGEST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = _HEADER.size + self._samples * _SAMPLE.size
        span = _asked(Headers(scope=scope).get("range", ""), size)
        if span is None:
            refused = Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
            await refused(scope, receive, send)
            return
        start, end = span[0], min(span[1], span[0] + _PART * _SAMPLE.size)
        body = await run_in_threadpool(self._bytes, start, end)
        told = {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Accept-Ranges": "bytes"}
        await Response(body, 206, told, self.media_type)(scope, receive, send)

    def _bytes(self, start: int, end: int) -> bytes:
        """Bytes [start, end) of the file."""
        head = header(self._samples)[start:end]
        first, last = (max(0, at - _HEADER.size) for at in (start, end))
        if first >= last:
            return head
        begin, stop = first // _SAMPLE.size, -(-last // _SAMPLE.size)
        samples = np.clip(mixed(self._info, begin, stop), -1, 1) * 32767
        data = samples.round().astype("<i2").T.tobytes()
        skipped = begin * _SAMPLE.size
        return head + data[first - skipped : last - skipped]


def header(samples: int) -> bytes:
    """The header of a WAV file of so many stereo samples of 16 bits."""
    size = samples * _SAMPLE.size
    form = (16, 1, 2, RATE, RATE * _SAMPLE.size, _SAMPLE.size, 16)
    return _HEADER.pack(b"RIFF", _HEADER.size - 8 + size, b"WAVE", b"fmt ", *form, b"data", size)


def _asked(told: str, size: int) -> tuple[int, int] | None:
    """The bytes [start, end) of a Range header of a single range; None where it asks for none."""
    unit, _, span = told.partition("=")
    first, dash, last = span.strip().partition("-")
    if unit.strip() != "bytes" or not dash or not first.isdecimal():
        return None
    if last and not last.isdecimal():
        return None
    start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None
