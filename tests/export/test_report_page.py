from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from blur.data.findings import Audit, Residual
from blur.data.plan import Box
from blur.errors import OutputError
from blur.export import report_page as subject
from blur.settings import Settings
from blur.store.report import BatchReport, ClipReport, Problem, Skipped, State

RESIDUAL = Residual(
    frame=40, seconds=1.6, box=Box(1, 1, 1, 1), sure=0.9, seen_by=["blazeface-full"]
)
AUDIT = Audit(
    frames=90, looked=30, closeups=7, sampling="every third frame and every cut",
    detectors=["blazeface-full"], residuals=[RESIDUAL], seconds=1,
)  # fmt: skip
REPORT = BatchReport(
    version="1.2.3",
    settings=Settings(),
    clips=[
        ClipReport(
            name="fine.mp4", state=State.DONE, output="fine.mp4", frames=1234, tracks=3,
            doubt_seconds=2.5, bytes_in=5_000_000, bytes_out=4_200_000, sha256_out="ab" * 32,
            dropped=["container metadata"], notes=["sound was removed"], audits=[AUDIT],
        ),
        ClipReport(
            name="<b>bad</b> & worse.mp4", state=State.FAILED,
            error=Problem("is <cut> off", "copy it again", 1),
        ),
    ],
    skipped=[Skipped("notes.txt", "not a video or image file")],
    exit_code=1,
    seconds=75,
)  # fmt: skip


class Tags(HTMLParser):
    """Collects the tags and the text of a page; complains about tags that are left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_tells_everything_that_the_report_knows(tmp_path: Path) -> None:
    REPORT.save(tmp_path, [])
    text = Tags(subject.write(tmp_path).read_text()).text
    for told in (
        "At least one clip failed", "<b>bad</b> & worse.mp4", "is <cut> off (copy it again)",
        "1,234", "2.5 s", "5 MB → 4.2 MB", "ab" * 32, "container metadata", "sound was removed",
        "blazeface-full on 30 of 90 frames (every third frame and every cut) and 7 close-ups",
        "1 seen, at 1.6 s (frame 40)", "notes.txt", "1.2.3", "scan: level", "balanced",
    ):  # fmt: skip
        assert told in text, told
    assert text.index("worse.mp4") < text.index("fine.mp4")  # what needs a look comes first


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page = subject.page(REPORT)
    tags = Tags(page).tags
    assert {tag for tag, _ in tags}.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert not any(
        {"src", "href", "onclick", "style"} & attributes.keys() for _, attributes in tags
    )
    assert not re.search(r"url\(|https?:|@import|/home/|/tmp/", page)
    policy = next(a["content"] for tag, a in tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert html.escape("<b>bad</b>") in page


def test_a_report_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(OutputError, match=r"report\.json"):
        subject.write(tmp_path)
