"""Errors that carry their exit code and a remedy.

Every failure a user can meet is a `BlurError`: it names the file, the problem and the remedy, and
the exit code of `blur`. A single handler in `cli/main.py` turns errors into output; no other code
calls `sys.exit`.
"""

from __future__ import annotations

import enum
import errno
from pathlib import Path


class Exit(enum.IntEnum):
    """The exit codes of every `blur` command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOTHING = 3
    RESIDUAL = 4
    SETUP = 5
    UNAUDITED = 6
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    Exit.OK: "every clip was covered and verified",
    Exit.FAILED: "at least one clip failed and has no output, or lost damaged frames",
    Exit.USAGE: "the command line, settings file or paths cannot be used as given",
    Exit.NOTHING: "there was nothing to do: no clip among the inputs",
    Exit.RESIDUAL: "the audit saw a face that is still clear in at least one clip",
    Exit.SETUP: "the installation is incomplete: weights missing or damaged, or no detector",
    Exit.UNAUDITED: "every clip was covered, but nobody looked for faces left in the outputs",
    Exit.INTERRUPTED: "stopped by Ctrl-C or a signal; run the same command again to go on",
}


class BlurError(Exception):
    """A failure that a user can understand and mend.

    `subject` is the file concerned, as the user gave it; `remedy` is the next step.
    """

    exit_code: Exit = Exit.FAILED
    remedy: str = ""

    def __init__(
        self, problem: str, *, subject: str | Path | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.subject = None if subject is None else str(subject)
        if remedy is not None:
            self.remedy = remedy

    def __str__(self) -> str:
        head = f"{self.subject}: {self.problem}" if self.subject else self.problem
        return f"{head} ({self.remedy})" if self.remedy else head

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders, so keyword arguments must survive pickling.
        return _rebuild, (type(self), self.problem, self.subject, self.remedy)


def _rebuild(kind: type[BlurError], problem: str, subject: str | None, remedy: str) -> BlurError:
    return kind(problem, subject=subject, remedy=remedy)


class UsageError(BlurError):
    """The command cannot start as it was given."""

    exit_code = Exit.USAGE


class BadOption(UsageError, ValueError):
    """An option cannot have this value; `subject` is the option as it was written."""

    remedy = "`blur run --help` lists the values"


class CannotEncode(UsageError):
    """No encoder opens for a clip's size and format with the options given."""


class NothingToDo(BlurError):
    """No clip was found among the inputs."""

    exit_code = Exit.NOTHING


class SetupError(BlurError):
    """The installation is incomplete or damaged."""

    exit_code = Exit.SETUP
    remedy = "install blur again: pip install --force-reinstall --no-cache-dir ."


class NotAClip(BlurError):
    """The file holds no decodable picture; as an input it is skipped and listed."""

    remedy = "remove it from the input, or convert it to a video or image format"


class DecodeError(BlurError):
    """A frame of the clip cannot be decoded."""

    remedy = "copy it again from the card, or repair it, then run blur again"


class DetectorError(BlurError):
    """A detector failed on a frame, so the frame was not searched and is never passed on."""


class PlanMismatch(BlurError):
    """A plan or its edits do not belong to this clip or this version."""

    remedy = "scan the clip again: blur scan CLIP -o OUT"


class OutputError(BlurError):
    """The output cannot be written, or does not verify."""

    remedy = "check free space and permissions of the output folder"


class DiskFull(OutputError):
    """No space is left for the output; the batch stops, no half-written file stays."""

    remedy = "free some space and run the same command again; finished clips are kept"


class LockRefused(OutputError):
    """The output folder cannot be reserved for one batch."""

    remedy = "check its permissions and free space, or take a folder on a disk of this machine"


class FolderLost(OutputError):
    """The output folder went away while a batch works in it; no other takes its place."""

    remedy = "connect its disk, or put it back, then run the same command again"


class ClipChanged(BlurError):
    """The clip changed after the batch began: still being copied, or replaced."""

    remedy = "run the same command again when the copy is complete"


class ClipAway(BlurError):
    """The clip cannot be read any more, though it was there."""

    remedy = "check that its disk is connected or put it back, then run the same command again"


class WorkerLost(BlurError):
    """The clip's worker process died, hung, or outgrew its memory."""

    remedy = "the clip may be damaged: copy it again, or leave it out with --exclude"


class ResidualFace(BlurError):
    """The audit still sees a face in the rendered output."""

    exit_code = Exit.RESIDUAL
    remedy = "open `blur review` on the output folder and cover the marked spans"


class Interrupted(BlurError):
    """Stopped on request."""

    exit_code = Exit.INTERRUPTED
    remedy = "run the same command again to go on"


DISTRIBUTION = "blur-faces"
"""The name that package indexes know blur by; `blur` itself is another project's there."""


def install(extra: str) -> str:
    """The remedy for libraries of an optional extra that are missing."""
    return f'pip install "{DISTRIBUTION}[{extra}]"'


GL_PACKAGES = "libgl1 libegl1 libgles2"
"""Debian's packages of the shared libraries that OpenCV and MediaPipe need, also without a
screen."""
_GL = ("libGL.so", "libEGL.so", "libGLESv2.so")


def missing_library(error: ImportError | OSError) -> SetupError:
    """A library that does not load, with the command that helps where the system lacks a part."""
    remedy = None
    if any(name in str(error) for name in _GL):
        remedy = f"sudo apt-get install -y {GL_PACKAGES}"
    return SetupError(f"a library cannot be loaded: {error}", remedy=remedy)


_REMEDIES = {
    errno.EACCES: "check permissions, and who owns the folder",
    errno.EPERM: "check permissions; some disks and shares refuse modes, locks or links",
    errno.EROFS: "it lies on a read-only disk: make that writable, or take another folder",
    errno.EIO: "the disk fails, or was unplugged: check it, then run the same command again",
    errno.ENAMETOOLONG: "the path is too long: take folders with shorter names",
    errno.EMFILE: "too many files are open: allow more with `ulimit -n`, or use fewer --jobs",
    errno.ENOLCK: "the file system locks no files: take an output folder on another disk",
    errno.ENOSPC: DiskFull.remedy,
    errno.EDQUOT: "your quota is used up: free some space, then run the same command again",
}


def remedy_for(error: OSError) -> str | None:
    """The next step after a refusal by the system; None for those without a usual one."""
    return _REMEDIES.get(error.errno or 0)


def cannot_write(error: OSError, subject: str | Path) -> OutputError:
    """A failed write as the user meets it: DiskFull, or OutputError with the system's words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("no space left", subject=subject, remedy=remedy_for(error))
    problem = f"cannot be written: {error.strerror or error}"
    return OutputError(problem, subject=subject, remedy=remedy_for(error))


def cannot_remove(error: OSError, subject: str | Path) -> OutputError:
    """A failed removal in the system's words."""
    problem = f"cannot be removed: {error.strerror or error}"
    return OutputError(problem, subject=subject, remedy=remedy_for(error))


def refused(error: OSError) -> BlurError:
    """A refusal by the system that nothing nearer to its cause has explained."""
    name = Path(str(error.filename)).name if error.filename else None
    return BlurError(
        f"the system refused: {error.strerror or error}",
        subject=name,
        remedy=remedy_for(error)
        or "check the disk and permissions, then run the same command again",
    )
