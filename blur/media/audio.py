"""Sound: copied packet by packet, with none of what the source says about it."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from typing import Any

import av
import av.container
import av.error

from blur.errors import DecodeError, OutputError
from blur.media.probe import ClipInfo, open_input


class AudioCopy:
    """Copies every sound track of a clip into an output, in step with its pictures.

    Packets are copied as they are; their time is the source's own, moved by the same shift as
    the pictures'.
    """

    def __init__(self, info: ClipInfo, output: av.container.OutputContainer) -> None:
        self._info = info
        self._output = output
        self._stack = ExitStack()
        container = self._stack.enter_context(open_input(info.path))
        streams = [container.streams[track.index] for track in info.audio]
        try:
            self._targets = {s.index: output.add_stream_from_template(s) for s in streams}
        except ValueError as error:
            self._stack.close()
            raise OutputError(
                f"its sound cannot be copied: {error}",
                subject=info.path.name,
                remedy="use --audio strip or --codec prores",
            ) from error
        self._packets = container.demux(streams)
        self._waiting: av.Packet[Any] | None = None

    def copy_until(self, seconds: Fraction | None) -> None:
        """Copy what is to be heard before `seconds`; everything that is left for None."""
        try:
            while (packet := self._waiting or next(self._packets, None)) is not None:
                self._waiting = None
                if packet.dts is None or packet.size == 0:
                    continue
                shift = self._info.shift * self._info.time_base
                if seconds is not None and packet.dts * packet.time_base + shift > seconds:
                    self._waiting = packet
                    return
                moved = round(shift / packet.time_base)
                packet.dts += moved
                packet.pts = packet.dts if packet.pts is None else packet.pts + moved
                packet.stream = self._targets[packet.stream_index]
                self._output.mux_one(packet)
        except av.error.InvalidDataError as error:
            raise DecodeError(
                f"its sound cannot be read: {error.strerror}", subject=self._info.path.name
            ) from error

    def close(self) -> None:
        self._stack.close()
