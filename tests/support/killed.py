"""Work killed at a moment of choice: the Nth report of a stage, or the Nth change of a file.

`Killer` starts a program (this file) that forks a process for each piece of work, over detectors
that see green. Where the mending is to be killed, they are blind until the first render, so that
there is something to mend.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

WORKS = ("run", "review", "clean", "export")
MENDING = ("mend", "render again", "audit again")
STAGES = ("read", "probe", "scan", "follow", "render", "audit", *MENDING)
_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.utime"}


class Killer:
    """Runs pieces of work, one after another."""

    def __init__(self) -> None:
        self._program = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def work(
        self, what: str, inputs: Path, out: Path, stage: str = "", nth: int = 0
    ) -> dict[str, Any]:
        """The end of a work: its exit code, None if it was killed, and the moments that there were.

        `stage` is one of STAGES, or "change" for changes of files; `nth` counts from 1, 0 kills
        nothing.
        """
        assert self._program.stdin is not None and self._program.stdout is not None
        order = [what, str(inputs), str(out), stage, nth]
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()
        return json.loads(self._program.stdout.readline())

    def close(self) -> None:
        assert self._program.stdin is not None
        self._program.stdin.close()
        self._program.wait(60)


def _main() -> None:
    from green_faces import Late, see

    from blur import corridor
    from blur.batch import failure, run, walk
    from blur.errors import BlurError
    from blur.export import marker_lists, markers, report_page
    from blur.media.write import writer  # noqa: F401 - loaded once, before the forks
    from blur.process.executor import SerialExecutor
    from blur.review import rerender
    from blur.scan import scan, segments  # noqa: F401
    from blur.settings import BatchSettings, Level, OutputSettings, ScanSettings, Settings
    from blur.store.folder import WorkFolder
    from blur.store.ledger import outputs_of, read_ledger
    from blur.store.shelf import Shelf

    moments: dict[str, int] = {}
    target: list[Any] = ["", 0]

    see(lambda name: Late(name, lambda: target[0] in MENDING and "render" not in moments))
    failure._SETTLE = 0.0
    settings = Settings(
        scan=ScanSettings(level=Level.FAST),
        output=OutputSettings(preset="ultrafast"),
        batch=BatchSettings(disk_wait=0),
    )

    def moment(stage: str) -> None:
        moments[stage] = moments.get(stage, 0) + 1
        if stage == target[0] and moments[stage] == target[1]:
            os.kill(os.getpid(), signal.SIGKILL)

    tell, mended = walk.Walk.tell, corridor.mended

    def telling(self: Any, key: int, stage: str, done: int, total: int | None) -> None:
        again = stage in ("render", "audit") and "mend" in moments
        moment(f"{stage} again" if again else stage)
        tell(self, key, stage, done, total)

    def mending(*arguments: Any) -> Any:
        moment("mend")
        made = mended(*arguments)
        moment("mend")
        return made

    def changed(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
        if target[0] == "change" and (writes or event in _CHANGES):
            moment("change")

    walk.Walk.tell, corridor.mended = telling, mending
    sys.addaudithook(changed)
    rerender.make_executor = lambda tell, stop, batch, **_: SerialExecutor(tell, stop)

    def perform(what: str, inputs: Path, out: Path) -> int:
        if what == "run":
            report = run.run([inputs], out, settings, serial=True)
            report_page.write(out)
            return int(report.exit_code)
        if what == "review":
            shelf = Shelf(out)
            work = rerender.Rerender(shelf)
            work.start([row.key for row in shelf.rows()])
            work._thread.join()
            return int(any(p.stage != "done" for p in work.progress()))
        if what == "clean":
            folder = WorkFolder(out)
            folder.clear(outputs_of(read_ledger(folder)[0], folder))
            return 0
        from blur.cli.clips import each, write_text

        for clip in each(Shelf(out), ()):
            found = markers.markers(clip.now.resolved, clip.now.edits)
            rows = [("a", clip.now.resolved.plan, found)]
            write_text(out / "markers" / "a.csv", marker_lists.table(rows), out)
        return 0

    for line in sys.stdin:
        what, inputs, out, *target[:] = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                code, said = perform(what, Path(inputs), Path(out)), ""
            except BlurError as error:
                code, said = int(error.exit_code), str(error)
            except BaseException as error:
                code, said = -1, repr(error)
            print(json.dumps({"code": code, "said": said, "moments": moments}), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"code": None, "said": "", "moments": {}}), flush=True)


if __name__ == "__main__":
    _main()
