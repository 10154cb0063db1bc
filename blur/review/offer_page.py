"""A page with pictures of offered spans, for a person to confirm. It shows clear faces."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from blur.export.templates import Html, Templates, joined
from blur.review.offer import Offer

_TEMPLATES = Templates("offers.html")


def page(offered: Sequence[Offer], code: str) -> Html:
    """HTML that holds its pictures itself."""
    spans = joined(_span(number, offer) for number, offer in enumerate(offered, 1))
    return _TEMPLATES.fill("page", count=len(offered), code=code, spans=spans)


def _span(number: int, offer: Offer) -> Html:
    first, last = (f"{seconds:.1f} s" for seconds in offer.seconds)
    shown = joined(
        _TEMPLATES.fill("picture", jpeg=base64.b64encode(jpeg).decode()) for jpeg in offer.pictures
    )
    return _TEMPLATES.fill(
        "span", number=number, name=offer.name, first=first, last=last, pictures=shown
    )
