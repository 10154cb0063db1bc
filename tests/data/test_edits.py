"""Edits that may cover more than others are told from those that cannot."""

import pytest
from msgspec.structs import replace

from blur.data.edits import Decision, Edits, Keyframe, RegionEdit, SoundEdit, TrackEdit
from blur.data.plan import Box, Fingerprint
from blur.review.sound import muted

HERE, THERE = (Keyframe(0, Box(5, 5, 4, 4)),), (Keyframe(3, Box(50, 50, 4, 4)),)
KEEP = TrackEdit(decision=Decision.KEEP, path=HERE)
COVER = TrackEdit(decision=Decision.COVER, path=THERE)
REGION = RegionEdit(id=1, keyframes=HERE)
LATER = replace(KEEP, path=THERE)


def made(*tracks: TrackEdit, regions=(), splits=()) -> Edits:
    return Edits(fingerprint=Fingerprint(1, "a"), tracks=tracks, regions=regions, splits=splits)


@pytest.mark.parametrize(
    ("now", "before", "more"),
    [
        (made(), made(), False),
        (made(KEEP), made(), False),
        (made(KEEP, LATER), made(KEEP), False),
        (made(replace(KEEP, reason="agreed")), made(KEEP), False),
        (made(KEEP), made(COVER, KEEP), False),
        (made(), made(regions=(REGION,)), False),
        (made(), made(KEEP), True),
        (made(COVER), made(), True),
        (made(KEEP, COVER), made(KEEP), True),
        (made(regions=(REGION,)), made(), True),
        (made(regions=(replace(REGION, keyframes=THERE),)), made(regions=(REGION,)), True),
        (made(LATER, KEEP), made(KEEP), True),  # an earlier decision can take another's frames
        (made(KEEP, replace(LATER, confirmed=True)), made(KEEP), True),
        (made(splits=HERE), made(), True),
    ],
)
def test_only_what_covers_no_more_leaves_an_output_in_place(now, before, more):
    assert now.may_cover_more_than(before) is more


def test_a_tone_stands_in_muted_spans_alone():
    """Whoever knows no tones, an older blur too, takes the sound out all the same."""
    with pytest.raises(ValueError, match="muted spans alone"):
        SoundEdit(mutes=((1.0, 2.0),), bleeps=((1.5, 2.5),))


def test_a_later_silence_takes_a_tones_place_and_a_tone_a_silences():
    edits = muted(muted(made(), [(1, 5)]), [(2, 4)], tone=True)
    assert (edits.sound.mutes, edits.sound.bleeps) == (((1, 5),), ((2, 4),))
    edits = muted(muted(edits, [(4, 6)], tone=True), [(3, 4.5)])
    assert (edits.sound.mutes, edits.sound.bleeps) == (((1, 6),), ((2, 3), (4.5, 6)))
