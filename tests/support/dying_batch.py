"""A batch in one process that is killed at its Nth rename: `dying_batch.py HOW N INPUTS OUT`.

HOW is "audit": killed when the first audit begins; "killed": after the rename, before its folder is
synced; "unplugged": the same moment of a power cut, after which the rename never was. INPUTS that
hold films go down the real corridor, over detectors that see green; others down `fake_corridor`.
N = 0 never dies. With LATE in the environment, the detectors see nothing until the first render, so
that the audit has something to mend.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import fake_corridor
from green_faces import Late, see

from blur import corridor
from blur.batch import failure, segment_tasks, survey, walk
from blur.batch.run import run
from blur.disk import atomic
from blur.settings import BatchSettings, Level, ScanSettings, Settings

publish, sync_folder, first_render = atomic.publish, atomic.sync_folder, corridor.render


def render(*arguments, **options):
    os.environ.pop("LATE", None)
    return first_render(*arguments, **options)


def main(how: str, number: int, inputs: Path, out: Path) -> int:
    if any(inputs.glob("*.mp4")):
        see(lambda name: Late(name, lambda: "LATE" in os.environ))
        corridor.render = render
    else:
        survey.probe_clips = fake_corridor.probe_clips
        walk.process_clip = fake_corridor.process_clip
        segment_tasks.divide_clip = fake_corridor.divide_clip
        segment_tasks.scan_segment = fake_corridor.scan_segment
        failure._SETTLE = 0.01
    renames = 0

    def dying(part: Path, final: Path) -> None:
        nonlocal renames
        renames += 1
        before = final.read_bytes() if final.exists() else None

        def die(folder: Path) -> None:
            if how == "unplugged":
                final.unlink()
                if before is not None:
                    final.write_bytes(before)
            print(final.name, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        atomic.sync_folder = die if renames == number else sync_folder
        publish(part, final)

    if how == "audit" and number:
        corridor.audit_with_faints = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    elif number:
        atomic.publish = dying
    settings = Settings(
        scan=ScanSettings(level=Level.FAST), batch=BatchSettings(rename=bool(os.environ.get("KEY")))
    )
    return run([inputs], out, settings, serial=True).exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])))
