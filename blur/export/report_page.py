"""`OUT/report.html`: the report for people to read, print and archive.

One file that loads nothing and holds no picture, no absolute path and no name of a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

import msgspec

from blur.data.findings import Audit
from blur.disk import atomic
from blur.errors import Exit, OutputError
from blur.store.digests import render_digest, scan_digest
from blur.store.report import REPORT_NAME, BatchReport, ClipReport, State

PAGE_NAME = "report.html"
_PLACES = 12

_STYLE = """
:root { color-scheme: light dark; --text: #1c1f24; --dim: #596170; --line: #d5d9e0;
  --ground: #fff; --soft: #f4f5f8; --good: #19703a; --bad: #b3261e; --doubt: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e8ec; --dim: #a6adb9; --line: #343a43;
  --ground: #16181c; --soft: #1e2126; --good: #86d696; --bad: #ff8078; --doubt: #f2bd52; } }
body { font: 14px/1.45 system-ui, "Segoe UI", "Helvetica Neue", sans-serif; margin: 2rem auto;
  max-width: 1100px; padding: 0 1.2rem; color: var(--text); background: var(--ground);
  font-variant-numeric: tabular-nums; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.dim { color: var(--dim); } .good { color: var(--good); } .bad { color: var(--bad); }
.doubt { color: var(--doubt); }
.sums { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: 1.2rem 0; padding: 0; }
.sums div { display: flex; flex-direction: column-reverse; }
.sums dt { color: var(--dim); } .sums dd { margin: 0; font-size: 1.35rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--dim); font-weight: 600; background: var(--soft); }
th, td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; white-space: normal; }
details { margin-top: .2rem; } summary { cursor: pointer; color: var(--dim); }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .9rem;
  margin: .4rem 0 .6rem; text-align: left; } dl.facts dt { color: var(--dim); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
@media print { details { display: block; } body { margin: 0; max-width: none; } }
"""


def write(out: Path) -> Path:
    """Make `OUT/report.html` from `OUT/report.json`; raises OutputError."""
    source, target = out / REPORT_NAME, out / PAGE_NAME
    try:
        report = msgspec.json.decode(source.read_bytes(), type=BatchReport)
    except (OSError, msgspec.DecodeError) as error:
        raise OutputError(f"cannot be read: {error}", subject=source.name) from error
    atomic.write(target, page(report).encode(), private=False)
    return target


def page(report: BatchReport) -> str:
    """The report as HTML."""
    clips = sorted(report.clips, key=_gravity)
    return "".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; ',
            "style-src 'unsafe-inline'\">",
            "<title>blur report</title>",
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>blur report</h1><p>{_verdict(report)}</p>",
            _sums(report),
            "<h2>Clips</h2><table><thead><tr><th>clip<th>state<th>frames<th>tracks",
            "<th>in doubt<th>size<th>time</tr></thead><tbody>",
            *(_row(clip) for clip in clips),
            "</tbody></table>",
            _left_out(report),
            "<h2>Made with</h2>",
            _facts(_made_with(report)),
            '<p class="dim">Covers hide the faces that were found. Voices, clothes, places and a '
            "face that was not found can still tell who somebody is: watch every clip.</p>",
            "</body></html>\n",
        ]
    )


def _gravity(clip: ClipReport) -> tuple[int, float, str]:
    return int(clip.state is State.DONE), -clip.doubt_seconds, clip.name


def _verdict(report: BatchReport) -> str:
    code = Exit(report.exit_code)
    kind = "good" if code is Exit.OK else "bad"
    return f'<strong class="{kind}">{escape(code.meaning[0].upper() + code.meaning[1:])}.</strong>'


def _sums(report: BatchReport) -> str:
    states = Counter(clip.state for clip in report.clips)
    sums = [(str(n), str(state)) for state, n in states.items()]
    sums += [
        (f"{sum(c.frames for c in report.clips):,}", "frames"),
        (f"{sum(c.tracks for c in report.clips):,}", "tracks covered"),
        (_time(sum(c.doubt_seconds for c in report.clips)), "in doubt"),
        (_time(report.seconds), "taken"),
    ]
    cells = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(n)}</dd></div>" for n, what in sums)
    return f'<dl class="sums">{cells}</dl>'


def _row(clip: ClipReport) -> str:
    state = {State.DONE: "good", State.FAILED: "bad"}.get(clip.state, "doubt")
    doubt = f'<span class="doubt">{_time(clip.doubt_seconds)}</span>' if clip.doubt_seconds else "-"
    size = f"{_bytes(clip.bytes_in)} → {_bytes(clip.bytes_out)}" if clip.bytes_out else "-"
    return (
        f"<tr><td>{escape(clip.name)}{_more(clip)}"
        f'<td class="{state}">{escape(clip.state)}<td>{clip.frames:,}<td>{clip.tracks:,}'
        f"<td>{doubt}<td>{size}<td>{_time(clip.seconds)}</tr>"
    )


def _more(clip: ClipReport) -> str:
    problem = ""
    if clip.error is not None:
        said = f"{clip.error.problem} ({clip.error.remedy})"
        problem = f'<div class="bad">{escape(said)}</div>'
    facts = [
        ("covered clip", clip.output or ""),
        ("sightings", f"{clip.faces:,}" if clip.faces else ""),
        ("damaged frames", f"{clip.damaged:,}" if clip.damaged else ""),
        ("left out", ", ".join(clip.dropped)),
        *(("audit", _audit(audit)) for audit in clip.audits),
        *(("note", note) for note in clip.notes),
        ("SHA-256 of the clip", clip.sha256_in or ""),
        ("SHA-256 of the covered clip", clip.sha256_out or ""),
    ]
    shown = [(name, value) for name, value in facts if value]
    if not shown:
        return problem
    return f"{problem}<details><summary>details</summary>{_facts(shown)}</details>"


def _audit(audit: Audit) -> str:
    """One audit in a sentence or two: by what, of what, and what it saw."""
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


def _left_out(report: BatchReport) -> str:
    if not report.skipped:
        return ""
    rows = "".join(f"<tr><td>{escape(s.name)}<td>{escape(s.why)}</tr>" for s in report.skipped)
    return f"<h2>Skipped</h2><table><tbody>{rows}</tbody></table>"


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


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f'<dl class="facts">{rows}</dl>'


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
