from __future__ import annotations

import pytest
from footage import GPS, RECIPES, SECRET, Recipe, make
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from passing import passed_through

from blur.errors import OutputError
from blur.media.sample_tables import sample_counts
from blur.media.traces import nal
from blur.media.traces.ebml import count_blocks, traces_of_matroska
from blur.media.traces.file_traces import check_output, traces_in_file
from blur.media.traces.isobmff import traces_of_mp4
from blur.media.traces.metadata import LONGEST_VALUE, Kind, Trace, kind_of, traces_of
from blur.settings import AudioMode, OutputSettings


def found(path) -> dict[Kind, list[str]]:
    kinds: dict[Kind, list[str]] = {}
    for trace in traces_in_file(path).traces:
        kinds.setdefault(trace.kind, []).append(trace.value)
    return kinds


def test_quicktime_keys(tmp_path):
    kinds = found(make(tmp_path / "clip.mov", RECIPES["mov-keys"]))
    assert GPS in kinds[Kind.LOCATION]
    assert {f"{SECRET} make", f"{SECRET} model"} <= set(kinds[Kind.DEVICE])
    assert any(value.startswith("2024-05-06") for value in kinds[Kind.DATE])
    assert kinds[Kind.TIMECODE] == ["10:20:30:00"]
    assert {Kind.SOUND, Kind.CHAPTERS, Kind.TRACK, Kind.SOFTWARE} <= set(kinds)


def test_mp4_user_data_and_cover(tmp_path):
    kinds = found(make(tmp_path / "clip.mp4", RECIPES["mp4-cover"]))
    assert GPS in kinds[Kind.LOCATION]
    assert f"{SECRET} title" in kinds[Kind.TEXT]
    assert f"{SECRET} artist" in kinds[Kind.PERSON]
    assert kinds[Kind.THUMBNAIL]


def place(name: bytes, latitude: float, longitude: float) -> bytes:
    """A `loci` atom; `name` with its zero at the end."""
    numbers = b"".join(
        round(65536 * n).to_bytes(4, "big", signed=True) for n in (longitude, latitude)
    )
    content = bytes(4) + b"\x15\xc7" + name + b"\0" + numbers + bytes(4) + b"earth\0\0"
    return (8 + len(content)).to_bytes(4, "big") + b"loci" + content


@pytest.mark.parametrize(
    ("atom", "shown"),
    [
        (place(b"\0", 31.5003, 34.4667), "+31.5003+034.4667/"),
        (place(b"Al-Shifa\0", -3.25, -170.5), "-03.2500-170.5000/ Al-Shifa"),
        (place(b"\xfe\xff" + "غزة\0".encode("utf-16-be"), 31.5, 34.5),
         "+31.5000+034.5000/ غزة"),
        (b"\0\0\0\x10loci\0\0\0\0\0\0\0\0", "8 bytes"),
    ],
)  # fmt: skip
def test_the_place_in_a_phones_user_data(tmp_path, atom, shown):
    path = make(tmp_path / "clip.mp4", Recipe())
    user_data = (8 + len(atom)).to_bytes(4, "big") + b"udta" + atom
    box = (8 + len(user_data)).to_bytes(4, "big") + b"moov" + user_data
    path.write_bytes(path.read_bytes() + box)
    assert found(path)[Kind.LOCATION] == [shown]


def test_matroska(tmp_path):
    kinds = found(make(tmp_path / "clip.mkv", RECIPES["mkv-all"]))
    assert GPS in kinds[Kind.LOCATION]
    assert f"{SECRET} title" in kinds[Kind.TEXT]
    assert "SECRET.txt" in kinds[Kind.THUMBNAIL]
    assert {Kind.CHAPTERS, Kind.TRACK, Kind.SOUND, Kind.SOFTWARE} <= set(kinds)


def test_transport_stream(tmp_path):
    assert found(make(tmp_path / "clip.ts", RECIPES["ts-data"]))[Kind.TRACK]


def test_what_the_encoder_says_in_the_stream(tmp_path):
    for suffix in (".mp4", ".ts", ".mkv"):
        kinds = found(make(tmp_path / f"clip{suffix}", Recipe()))
        assert any("x264" in value for value in kinds[Kind.STREAM])
    kinds = found(make(tmp_path / "hevc.mp4", Recipe(codec="libx265")))
    assert any("x265" in value for value in kinds[Kind.STREAM])


def test_bytes_that_no_track_uses(tmp_path):
    path = make(tmp_path / "clip.mp4", Recipe())
    data = path.read_bytes()
    hidden = f"{SECRET} between the boxes".encode()
    path.write_bytes(data + (8 + len(hidden)).to_bytes(4, "big") + b"free" + hidden)
    assert any(SECRET in value for value in found(path)[Kind.HIDDEN])
    path.write_bytes(data + (8 + len(hidden)).to_bytes(4, "big") + b"uuid" + hidden)
    assert any(SECRET in value for value in found(path)[Kind.HIDDEN])
    at = data.index(b"mdat") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    end = at + size
    grown = (size + len(hidden)).to_bytes(4, "big")
    path.write_bytes(data[:at] + grown + data[at + 4 : end] + hidden + data[end:])
    assert any("no track uses" in value for value in found(path)[Kind.HIDDEN])


def test_a_trace_beyond_the_allowed_stops_an_output(tmp_path):
    path = make(tmp_path / "clip.mp4", Recipe())
    with pytest.raises(OutputError) as caught:
        check_output(path, frozenset(), "clip.mp4")
    assert "software" in str(caught.value) and "Lavf" not in str(caught.value)
    check_output(path, frozenset([Kind.SOFTWARE, Kind.STREAM]), "clip.mp4")


def test_before_and_after(tmp_path):
    source = make(tmp_path / "clip.mov", RECIPES["mov-keys"])
    settings = OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)
    done = passed_through(source, tmp_path, settings)
    assert GPS in found(source)[Kind.LOCATION]
    assert list(found(done.written.path)) == [Kind.SOUND]


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("com.apple.quicktime.location.ISO6709", Kind.LOCATION),
        ("com.apple.quicktime.make", Kind.DEVICE),
        ("com.android.version", Kind.DEVICE),
        ("com.apple.quicktime.creationdate", Kind.DATE),
        ("GPSLatitude", Kind.LOCATION),
        ("DateTimeOriginal", Kind.DATE),
        ("timecode", Kind.TIMECODE),
        ("LensModel", Kind.DEVICE),
        ("handler_name", Kind.SOFTWARE),
        ("Artist", Kind.PERSON),
        ("comment", Kind.TEXT),
    ],
)
def test_kinds_by_key(key, kind):
    assert kind_of(key) is kind


def test_neutral_metadata_is_no_trace():
    neutral = {"major_brand": "isom", "language": "und", "handler_name": "VideoHandler"}
    assert list(traces_of(neutral, "file")) == []


@given(st.one_of(st.text(), st.binary()))
def test_values_are_printable_and_short(value):
    trace = Trace.of(Kind.TEXT, "somewhere", value)
    assert trace.value.isprintable() and len(trace.value) <= LONGEST_VALUE


QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@QUIET
@given(st.data())
def test_damaged_structure_is_reported_not_raised(tmp_path, data):
    source = tmp_path / "whole.mov"
    if not source.exists():
        make(source, RECIPES["mov-keys"])
    whole = bytearray(source.read_bytes())
    moov = whole.index(b"moov")
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(moov, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "broken.mov"
    path.write_bytes(whole)
    list(traces_of_mp4(path))
    sample_counts(path)


@QUIET
@given(st.data())
def test_damaged_matroska_is_reported_not_raised(tmp_path, data):
    source = tmp_path / "whole.mkv"
    if not source.exists():
        make(source, RECIPES["mkv-all"])
    whole = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "broken.mkv"
    path.write_bytes(whole)
    list(traces_of_matroska(path))
    count_blocks(path)


@pytest.mark.parametrize(
    "checksum", [b"\x67\xc8\x81\x82", b"\x67\xc8\x83\x45", b"\x73\x73\x82\x67"]
)
def test_a_checksum_that_looks_like_a_tag_is_none(tmp_path, checksum):
    tag = b"\x73\x73\x8d\x67\xc8\x8a\x45\xa3\x81A\x44\x87\x83one"
    tags = b"\xbf\x84" + checksum + tag
    path = tmp_path / "tags.mkv"
    path.write_bytes(
        b"\x18\x53\x80\x67"
        + bytes([0x80 | len(tags) + 5])
        + b"\x12\x54\xc3\x67"
        + bytes([0x80 | len(tags)])
        + tags
    )
    assert [trace.value for trace in traces_of_matroska(path)] == ["one"]


@QUIET
@given(st.binary(max_size=60))
def test_any_bytes_as_tags_of_matroska(tmp_path, tags):
    path = tmp_path / "tags.mkv"
    path.write_bytes(b"\x18\x53\x80\x67\xff\x12\x54\xc3\x67" + bytes([0x80 | len(tags)]) + tags)
    list(traces_of_matroska(path))


@given(st.sampled_from(["h264", "hevc"]), st.binary(max_size=200), st.sampled_from([None, 4]))
def test_any_bytes_as_a_packet(codec, packet, size):
    for message in nal.user_data(codec, packet, size):
        assert isinstance(message, bytes)
