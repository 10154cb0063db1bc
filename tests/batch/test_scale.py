"""A tree of 20,000 clips: found, entered and resumed, each as fast as in a small tree, in little
memory."""

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from blur.batch.discover import discover
from blur.batch.inventory import Inventory
from blur.data.findings import Audit
from blur.disk.fingerprint import file_sha256, fingerprint
from blur.settings import Settings
from blur.store.digests import render_digest, scan_digest
from blur.store.folder import WorkFolder
from blur.store.ledger import Ledger, save_record
from blur.store.names import to_text
from blur.store.report import ClipReport, State

FEW, MANY = 2_000, 20_000
SLOWER = 3.0
"""Times the CPU seconds that a clip may take among many; what grows with their square takes 10."""

RESUME = """
import json, sys, time
from pathlib import Path
from blur.batch.run import run
report = run([Path(sys.argv[1])], Path(sys.argv[2]))
# Not getrusage: its peak is inherited from the test runner that started this process.
status = Path("/proc/self/status").read_text()
peak_kb = int(status.split("VmHWM:")[1].split()[0])
print(json.dumps({
    "seconds": time.process_time(),  # of all threads, whatever else the machine does
    "megabytes": peak_kb / 1024,
    "exit_code": report.exit_code,
    "clips": len(report.clips),
}))
"""


@pytest.mark.slow
def test_20_000_clips(tmp_path: Path) -> None:
    entered, resumed = resume(tmp_path / "few", FEW)
    entered_many, resumed_many = resume(tmp_path / "many", MANY)
    print(f"entered in {entered:.1f} and {entered_many:.1f} s", resumed, resumed_many, sep="\n")
    grown = SLOWER * MANY / FEW
    assert entered_many < grown * entered
    assert resumed_many["seconds"] < grown * resumed["seconds"]
    assert resumed_many["exit_code"] == 0 and resumed_many["clips"] == MANY
    assert resumed_many["megabytes"] < 300


def resume(root: Path, count: int) -> tuple[float, dict[str, float]]:
    """CPU seconds in which `count` clips are entered, and the measures of a run that has nothing
    left to do with them."""
    inputs, folder = root / "in", WorkFolder(root / "out")
    for i in range(count):
        path = inputs / f"{i % 100:02}" / f"{i}.mov"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"clip {i}".encode() * 50)
    folder.create()
    began = time.process_time()
    found = discover([inputs], folder.out)
    with closing(Ledger(folder)) as ledger:
        clips = Inventory(folder, ledger.entries()).take(found.candidates)
        ledger.put(clip.entry for clip in clips)
        entered = time.process_time() - began
        finish(folder, clips, ledger)
    command = [sys.executable, "-c", RESUME, inputs, folder.out]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return entered, json.loads(done.stdout)


AUDIT = Audit(
    frames=9, looked=9, closeups=0, sampling="all", detectors=["a"], residuals=[], seconds=1.0
)


def finish(folder: WorkFolder, clips, ledger: Ledger) -> None:
    """Leave what a finished batch would have left."""
    scanned, rendered = scan_digest(Settings().scan), render_digest(Settings())
    entries = []
    for clip in clips:
        entry = replace(clip.entry, sha256=fingerprint(clip.file.path).sha256)
        output = folder.out / Path(clip.file.relative).with_suffix(".mp4")
        output.parent.mkdir(exist_ok=True)
        output.write_bytes(f"covered {clip.file.name}".encode() * 50)
        plan = folder.plan_of(entry.fingerprint)
        plan.write_bytes(f"plan {clip.file.name}".encode() * 20)
        written = fingerprint(output)
        entries.append(
            replace(
                entry,
                state=State.DONE,
                frames=9,
                output=to_text(output.relative_to(folder.out)),
                scan_digest=scanned,
                render_digest=rendered,
                plan_sha256=file_sha256(plan),
                output_size=written.size,
                output_sampled=written.sampled,
                output_mtime_ns=output.stat().st_mtime_ns,
                report=ClipReport(
                    name=entry.name,
                    state=State.DONE,
                    sha256_out=written.sha256,
                    notes=["a note"] * 3,
                    audits=[AUDIT],
                ),
            )
        )
    for entry in entries[::100]:
        save_record(folder, entry)
    ledger.put(entries)
