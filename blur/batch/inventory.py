"""The clips of a run, each matched to the ledger: known, changed, moved or new."""

from __future__ import annotations

import functools
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from blur.batch.discover import Candidate
from blur.batch.naming import bare, collision_key, neutral_names, output_name, placed, proxy_names
from blur.batch.numbers import numbered, taken_along, with_output
from blur.data.plan import Fingerprint
from blur.disk.fingerprint import fingerprint, sampled, sha256
from blur.errors import BlurError, OutputError, PlanMismatch, UsageError
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry, load_record
from blur.store.names import from_text, shown, to_text
from blur.store.report import State, load_report


@dataclass
class Clip:
    """A clip of this run: the file and its entry in the ledger.

    `refused` is the error that keeps it from work. `before` is its entry before the clip was moved
    or its output took another name: the files that it names are outdated. `notes` go into the
    report.
    """

    file: Candidate
    entry: Entry
    refused: BlurError | None = None
    before: Entry | None = None
    notes: tuple[str, ...] = ()


def clip_of_entry(entry: Entry, path: Path) -> Clip:
    """The clip of an entry, whose file lies at `path`, for work that needs no new inventory."""
    try:
        status = path.stat()
        size, mtime_ns = status.st_size, status.st_mtime_ns
    except OSError:  # the worker will name the fault
        size, mtime_ns = entry.size, 0
    return Clip(Candidate(path, PurePosixPath(entry.name), size, mtime_ns, named=True), entry)


class Inventory:
    """Matches files to ledger entries by content, and changes nothing.

    A clip that was moved or renamed keeps its plan, edits and output. A file at its place with the
    size, time and samples of its entry is believed; any other that shares size and samples with an
    entry is hashed whole. `thorough` hashes every known clip whole.
    """

    def __init__(
        self,
        folder: WorkFolder,
        entries: Sequence[Entry],
        *,
        rename: bool = False,
        thorough: bool = False,
    ) -> None:
        self._folder = folder
        self._rename = rename
        self._thorough = thorough
        self._by_place = {entry.place: entry for entry in entries}
        self._by_content: dict[Fingerprint, list[Entry]] = defaultdict(list)
        for entry in entries:
            self._by_content[entry.fingerprint.quick].append(entry)
        self._outputs = {collision_key(from_text(name)) for e in entries for name in e.made}

    def take(self, files: Iterable[Candidate]) -> list[Clip]:
        """The clips of this run."""
        clips = [self._clip(file) for file in files]
        if self._rename:
            for clip in clips:
                self._number(clip)
        else:
            self._refuse_doubles(clips)
        return clips

    def others(self, clips: Iterable[Clip]) -> list[tuple[Entry, Entry]]:
        """Clips of earlier runs alone, before and after their outputs take numbers."""
        if not self._rename:
            return []
        ours = {entry.place for c in clips for entry in (c.entry, c.before) if entry}
        pairs = [
            (entry, numbered(entry, self._folder, self._outputs))
            for place, entry in self._by_place.items()
            if place not in ours
        ]
        return [(old, new) for old, new in pairs if new is not old]

    def name_outputs(
        self, clip: Clip, suffix: str, proxy_suffix: str | None, alone: str = ""
    ) -> None:
        """Give the clip its place below OUT, unless it has one; refuse to replace another file.

        Its proxy takes the place beside; "" leaves none, None leaves things as they are. A proxy
        that stands `alone` has the place that it would have beside a master.
        """
        self._name_output(clip, suffix, clip.entry.alone if proxy_suffix is None else alone)
        if clip.refused is None and proxy_suffix is not None:
            self._name_proxy(clip, proxy_suffix)

    def _name_output(self, clip: Clip, suffix: str, alone: str) -> None:
        entry = clip.entry
        old = None if entry.output is None else from_text(entry.output)
        suffix = suffix.lower() if self._rename else suffix  # cameras write theirs in capitals
        switched = bool(alone) != bool(entry.alone)
        if old is not None and old.suffix == suffix and not switched:
            clip.entry = replace(entry, alone=alone)
            return
        if old is not None and switched:
            self._free(entry.made)
            output = placed(bare(old, entry.alone), alone).with_suffix(suffix)
        if old is None or not switched or collision_key(output) in self._outputs:
            output = self._name(clip.file, suffix, alone)
        if to_text(output) not in entry.made:
            clip.refused = self._unusable(clip, output)
        if clip.refused is not None:
            return
        self._outputs.add(collision_key(output))
        if old is not None and clip.before is None:
            clip.before = entry
        clip.entry = replace(entry, output=to_text(output), alone=alone)

    def _name_proxy(self, clip: Clip, suffix: str) -> None:
        old, proxy = clip.entry.proxy, None
        if old is not None:
            self._free([old])
        if suffix:
            suffix = suffix.lower() if self._rename else suffix
            names = proxy_names(from_text(clip.entry.output or ""), suffix)
            name = next(n for n in names if collision_key(n) not in self._outputs)
            proxy = to_text(name)
            ours = clip.entry.made + (clip.before.made if clip.before else [])
            clip.refused = None if proxy in ours else self._unusable(clip, name)
            if clip.refused is not None:
                return
            self._outputs.add(collision_key(name))
        if proxy != old:
            if old is not None:
                clip.before = clip.before or clip.entry
            clip.entry = replace(clip.entry, proxy=proxy, proxy_size=None, proxy_sampled=None)

    def _free(self, names: Iterable[str]) -> None:
        self._outputs -= {collision_key(from_text(name)) for name in names}

    def _unusable(self, clip: Clip, output: PurePosixPath) -> BlurError | None:
        """The reason why no file of the clip may be written there."""
        try:
            self._folder.output(to_text(output))
        except OutputError as error:
            return error
        if os.path.lexists(self._folder.out / output) and not self._ours(output):
            return UsageError(
                f"the output folder already holds a file {output.name} that is not its output",
                subject=clip.file.name,
                remedy="move that file away, or choose another output folder",
            )
        return None

    def _number(self, clip: Clip) -> None:
        entry = numbered(clip.entry, self._folder, self._outputs)
        if entry is not clip.entry:
            clip.before = clip.before or clip.entry
            clip.entry = entry

    def _ours(self, output: PurePosixPath) -> bool:
        """Whether the report of an earlier run, whose work files are gone, knows the file."""
        return self._reported.get(shown(output)) == sha256(self._folder.out / output)

    @functools.cached_property
    def _reported(self) -> dict[str | None, str | None]:
        report = load_report(self._folder.out)
        clips = report.clips if report else []
        made = [(clip.output, clip.sha256_out) for clip in clips]
        made += [(clip.proxy, clip.proxy_sha256) for clip in clips]
        return {output: sha256 for output, sha256 in made if sha256}

    def _name(self, file: Candidate, suffix: str, alone: str) -> PurePosixPath:
        if self._rename:
            return next(neutral_names(file.relative, suffix, self._outputs, alone))
        return output_name(placed(file.relative, alone), suffix, self._outputs)

    def _clip(self, file: Candidate) -> Clip:
        place = to_text(_place(file.path, self._folder.out))
        here = self._by_place.get(place)
        try:
            content = self._content(file, here)
        except OSError as error:
            unknown = here or Entry(place=place, name=file.name, size=file.size, sampled="")
            problem = BlurError(
                f"cannot be read: {error.strerror}",
                subject=file.name,
                remedy="check that it exists and may be read",
            )
            return Clip(file, unknown, problem)
        new = Entry(
            place=place,
            name=file.name,
            size=content.size,
            sampled=content.sampled,
            sha256=content.sha256 or None,
            mtime_ns=file.mtime_ns,
        )
        if here is not None and here.fingerprint == content:
            here = replace(here, sha256=new.sha256, mtime_ns=new.mtime_ns)
            return Clip(file, self._recorded(here))
        if (moved := self._moved(content)) is not None:
            return Clip(file, self._after_move(moved, new, file, here), before=moved)
        if here is None:
            return Clip(file, self._recorded(new))
        kept = {"output": here.output, "proxy": here.proxy, "alone": here.alone}
        changed = Clip(file, replace(new, **kept))
        if self._folder.edits_of(here.fingerprint).exists():
            changed.refused = PlanMismatch(
                "has changed, and the edits that a person made are for what it was before",
                subject=file.name,
                remedy="put the earlier clip back, or drop its edits: blur edits --help",
            )
        return changed

    def _content(self, file: Candidate, here: Entry | None) -> Fingerprint:
        """The file's fingerprint; not of every byte where neither plan nor edits can be its own.

        Raises OSError.
        """
        quick = sampled(file.path)
        if here is not None and (here.fingerprint.quick, here.mtime_ns) == (quick, file.mtime_ns):
            known = here.fingerprint
            if not (known.sha256 and self._thorough):
                return known
        return fingerprint(file.path) if self._by_content.get(quick) else quick

    def _recorded(self, entry: Entry) -> Entry:
        """The entry, or the worker's record of it if a crash kept it from the ledger."""
        if entry.state is State.DONE:
            return entry
        record = load_record(self._folder, entry.place)
        if record is None or record.fingerprint != entry.fingerprint:
            return entry
        self._free(entry.made)  # places that a run which was cut off had given it
        self._outputs |= {collision_key(from_text(name)) for name in record.made}
        return replace(
            record,
            attempts=max(record.attempts, entry.attempts),
            sha256=entry.sha256,
            mtime_ns=entry.mtime_ns,
        )

    def _moved(self, content: Fingerprint) -> Entry | None:
        """An entry with this content whose file is gone from its place."""
        namesakes = self._by_content.get(content.quick, [])
        for entry in namesakes:
            gone = not os.path.lexists(self._folder.out / from_text(entry.place))
            if gone and content.sha256 and entry.fingerprint == content:
                namesakes.remove(entry)
                return entry
        return None

    def _after_move(self, old: Entry, new: Entry, file: Candidate, here: Entry | None) -> Entry:
        """The entry of a moved clip, with the output at the mirrored place.

        It may lie over a clip that was `here`, whose files go: see `Ledger.move`.
        """
        gone = here.made if here else []
        self._free(gone)
        entry = replace(
            old, place=new.place, name=new.name, sha256=new.sha256, mtime_ns=new.mtime_ns
        )
        if old.output is not None and not self._rename:
            output = from_text(old.output)
            self._outputs.discard(collision_key(output))
            place = placed(file.relative, old.alone)
            output = output_name(place, output.suffix, self._outputs)
            self._outputs.add(collision_key(output))
            free = to_text(output) in gone or not os.path.lexists(self._folder.out / output)
            if free or taken_along(old, self._folder, output):
                return with_output(entry, output, self._folder, self._outputs, gone)
        kept = from_text(entry.output) if entry.output else None
        return with_output(entry, kept, self._folder, self._outputs, gone)

    def _refuse_doubles(self, clips: list[Clip]) -> None:
        """Refuse new clips whose output another clip has, or needs as well."""
        paths = defaultdict(list)
        ours = {clip.entry.place for clip in clips}
        ours |= {clip.before.place for clip in clips if clip.before}
        for entry in self._by_place.values():
            if entry.place not in ours:
                paths[entry.name].append(self._folder.out / from_text(entry.place))
        for clip in clips:
            paths[clip.entry.name].append(clip.file.path)
        for clip in clips:
            others = [p for p in paths[clip.entry.name] if p != clip.file.path]
            if others and clip.entry.place not in self._by_place and clip.entry.output is None:
                root = os.path.commonpath([_real(p.parent) for p in (clip.file.path, others[0])])
                one, other = (
                    shown(_real(p.parent).relative_to(root) / p.name)
                    for p in (clip.file.path, others[0])
                )
                clip.refused = UsageError(
                    f"{one} and {other} would have the same output",
                    subject=clip.file.name,
                    remedy="rename one, give a folder above both, or use two output folders",
                )


@functools.lru_cache(maxsize=1024)
def _real(folder: Path) -> Path:
    return folder.resolve()


def _place(path: Path, out: Path) -> Path:
    """The path from OUT to a file; by real folders, so that links make no difference."""
    real = _real(path.parent) / path.name
    try:
        return Path(os.path.relpath(real, _real(out)))
    except ValueError:  # on another drive
        return real
