"""Raw Dirac, whose demuxer gives the numbers of pictures for their times."""

from fractions import Fraction

import av
import numpy as np
import pytest
from passing import decoded, passed_through, planes

from blur.settings import Codec, OutputSettings


@pytest.mark.parametrize("first", [0, 4])
def test_raw_dirac_lasts_as_long_as_its_rate_says(tmp_path, first):
    path = tmp_path / "film.drc"
    coder = av.CodecContext.create("vc2", "w")
    coder.width, coder.height, coder.pix_fmt = 160, 96, "yuv420p"
    coder.time_base, coder.framerate, coder.bit_rate = Fraction(1, 25), Fraction(25), 8_000_000
    packets = []
    for number in range(12):
        samples = np.full((144, 160), 40 + 10 * number, np.uint8)
        frame = av.VideoFrame.from_ndarray(samples, "yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        packets += coder.encode(frame)
    packets += coder.encode(None)
    path.write_bytes(b"".join(bytes(p) for p in packets[first:]))
    done = passed_through(path, tmp_path, OutputSettings(codec=Codec.FFV1))
    before, after = decoded(path), decoded(done.written.path)
    assert [planes(f) for f in before] == [planes(f) for f in after]
    assert len(after) == 12 - first and done.info.rate == 25
    times = [f.pts * f.time_base for f in after]
    assert times == [Fraction(n, 25) for n in range(12 - first)]
