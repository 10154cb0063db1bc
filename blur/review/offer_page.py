"""A page with pictures of offered spans, for a person to confirm. It shows clear faces."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from blur.export.templates import Html, Templates, joined
from blur.review.offer import ClipOf, Offer

_TEMPLATES = Templates("offers.html")


def page(offered: Sequence[Offer], code: str, clip_of: ClipOf) -> Html:
    """HTML that holds its pictures itself. Raises as `OpenClip`."""
    spans: list[Html] = []
    for key in dict.fromkeys(offer.clip for offer in offered):
        with clip_of(key) as clip:
            for number, offer in enumerate(offered, 1):
                if offer.clip == key:
                    pictures = [clip.thumbnail(frame, box) for frame, box in offer.shown]
                    spans.append(_span(number, offer, pictures))
    return _TEMPLATES.fill("page", count=len(offered), code=code, spans=joined(spans))


def _span(number: int, offer: Offer, pictures: Sequence[bytes]) -> Html:
    first, last = (f"{seconds:.1f} s" for seconds in offer.seconds)
    shown = joined(
        _TEMPLATES.fill("picture", jpeg=base64.b64encode(jpeg).decode()) for jpeg in pictures
    )
    return _TEMPLATES.fill(
        "span", number=number, name=offer.name, first=first, last=last, pictures=shown
    )
