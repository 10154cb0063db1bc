"""`OUT/report.html`: the report for people to read, print and archive.

It loads nothing and holds no picture, no absolute path and no name of a person. A statement, see
`statement`, is the page with more in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from blur.data.findings import Audit
from blur.disk import atomic
from blur.errors import Exit, OutputError
from blur.export.templates import Html, Templates, joined
from blur.store.digests import render_digest, scan_digest
from blur.store.report import PAGE_NAME, REPORT_NAME, BatchReport, ClipReport, State

_PLACES = 12
"""Residual faces named in an audit's line; `report.json` has all."""

_HTML = Templates("report.html")


def write(out: Path) -> Path:
    """Make `OUT/report.html` from `OUT/report.json`; raises OutputError."""
    source, target = out / REPORT_NAME, out / PAGE_NAME
    try:
        report = msgspec.json.decode(source.read_bytes(), type=BatchReport)
    except (OSError, msgspec.DecodeError) as error:
        raise OutputError(f"cannot be read: {error}", subject=source.name) from error
    atomic.write(target, page(report).encode(), private=report.locates_faces)
    return target


Facts = list[tuple[str, str]]
"""Names and values, in order."""


@dataclass(frozen=True, slots=True)
class More:
    """Contents beside the report's: `sentences` about all clips, and `facts` about each, by its
    output."""

    title: str
    sentences: list[str]
    facts: Mapping[str | None, Facts] = field(default_factory=dict)


def page(report: BatchReport, more: More | None = None) -> str:
    """The report as HTML; failed and doubtful clips come first."""
    code = Exit(report.exit_code)
    return _HTML.fill(
        "page",
        title=more.title if more else "blur report",
        words=_words(more.sentences) if more else "",
        signing=_HTML.fill("signing") if more else "",
        kind="good" if code is Exit.OK else "bad",
        verdict=code.meaning[0].upper() + code.meaning[1:],
        sums=joined(_HTML.fill("sum", what=what, count=n) for what, n in _sums(report)),
        clips=joined(_clip(clip, more) for clip in sorted(report.clips, key=_gravity)),
        skipped=_skipped(report),
        settings=_HTML.fill(
            "technical", facts=_facts(_made_with(report)), open=Html(" open" if more else "")
        ),
    )


def _gravity(clip: ClipReport) -> tuple[int, float, str]:
    verified = clip.verdict == State.DONE
    return int(clip.state is State.DONE) + verified, -clip.doubt_seconds, clip.name


def _sums(report: BatchReport) -> Iterator[tuple[str, str]]:
    clips = report.clips
    for state, n in Counter(clip.verdict for clip in clips).items():
        yield state, str(n)
    yield "frames", f"{sum(c.frames for c in clips):,}"
    yield "covers", f"{sum(c.tracks for c in clips):,}"
    yield "may show a face", _time(sum(c.doubt_seconds for c in clips))
    yield "covers too much", _time(sum(c.excess_seconds for c in clips))
    yield "checked by a person", f"{sum(bool(c.checks) for c in clips)} of {len(clips)}"
    yield "taken", _time(report.seconds)


def _words(sentences: Iterable[str]) -> Html:
    text = joined(_HTML.fill("sentence", text=sentence) for sentence in sentences)
    return _HTML.fill("words", sentences=text)


def _clip(clip: ClipReport, more: More | None) -> Html:
    error = clip.error
    uncovered = "; ".join(one.words for one in clip.uncovered)
    told = more.facts.get(clip.output, []) if more else [("uncovered by a person", uncovered)]
    open_ = Html(" open" if more else "")
    doubt = clip.doubt_seconds
    return _HTML.fill(
        "clip",
        name=clip.name,
        problem=_HTML.fill("problem", problem=error.problem, remedy=error.remedy) if error else "",
        details=_HTML.fill(
            "details",
            facts=_facts((*told, *_details(clip))),
            technical=_HTML.fill("technical", facts=_facts(_technical(clip)), open=open_),
            open=open_,
        ),
        kind=_kind(clip),
        state=clip.verdict,
        frames=f"{clip.frames:,}",
        tracks=f"{clip.tracks:,}",
        people=f"{clip.people:,}",
        doubt=_HTML.fill("doubt", time=_time(doubt)) if doubt else "-",
        excess=_time(clip.excess_seconds) if clip.excess_seconds else "-",
        size=f"{_bytes(clip.bytes_in)} → {_bytes(clip.bytes_out)}" if clip.bytes_out else "-",
        time=_time(clip.seconds),
    )


def _kind(clip: ClipReport) -> str:
    if clip.state is State.FAILED or clip.residuals:
        return "bad"
    return "good" if clip.verdict == State.DONE else "doubt"


def _details(clip: ClipReport) -> Iterator[tuple[str, str]]:
    yield "covered clip", clip.output or ""
    yield "its proxy", clip.proxy or ""
    yield "damaged frames", f"{clip.damaged:,}" if clip.damaged else ""
    yield "removed hidden data", ", ".join(clip.hidden)
    yield "left out", ", ".join(clip.silenced)
    yield from (("note", note) for note in clip.notes)
    yield "watched by", "; ".join(signed.words for signed in clip.checks)


def _technical(clip: ClipReport) -> Iterator[tuple[str, str]]:
    yield "sightings by a detector", f"{clip.sightings:,}" if clip.sightings else ""
    yield from (("second check", _audit(audit)) for audit in clip.audits)
    if clip.audits:
        yield "hidden from the second check", "; ".join(clip.audits[-1].unseen)
    yield "SHA-256 of the clip", clip.sha256_in or ""
    yield "SHA-256 of the covered clip", clip.sha256_out or ""


def _audit(audit: Audit) -> str:
    """Detectors, frames and findings of one audit, in a line."""
    found = len(audit.residuals)
    told = (
        f"{', '.join(audit.detectors)} on {audit.looked:,} of {audit.frames:,} frames "
        f"({audit.sampling}) and {audit.closeups:,} close-ups: "
    )
    if not found:
        return f"{told}no face seen"
    places = [f"{_time(r.seconds)} (frame {r.frame})" for r in audit.residuals[:_PLACES]]
    more = f" and {found - _PLACES} more" if found > _PLACES else ""
    return f"{told}{found} seen, at {', '.join(places)}{more}"


def _skipped(report: BatchReport) -> Html:
    files = joined(_HTML.fill("file", name=s.name, why=s.why) for s in report.skipped)
    return _HTML.fill("skipped", files=files) if files else Html()


def _made_with(report: BatchReport) -> Iterator[tuple[str, str]]:
    yield "blur", report.version
    yield "hash of scan settings and weights", scan_digest(report.settings.scan)
    yield "hash of cover and output settings", render_digest(report.settings)
    for group, values in msgspec.to_builtins(report.settings).items():
        for name, value in values.items():
            yield (
                f"{group}: {name.replace('_', ' ')}",
                "-" if value in (None, "", []) else str(value),
            )


def _facts(facts: Iterable[tuple[str, str]]) -> Html:
    """The rows that have a value."""
    rows = joined(_HTML.fill("fact", name=name, value=value) for name, value in facts if value)
    return _HTML.fill("facts", facts=rows)


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def _bytes(size: float) -> str:
    units = ("B", "kB", "MB", "GB", "TB")
    power = 0
    while size >= 999.5 and power < len(units) - 1:
        size, power = size / 1000, power + 1
    return f"{size:.3g} {units[power]}"
