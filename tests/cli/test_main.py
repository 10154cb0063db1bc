import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from blur import __version__
from blur.cli.main import main
from blur.data.findings import Audit
from blur.errors import Exit, OutputError
from blur.settings import Codec, Level, Settings, Timecode
from blur.settings.options import options
from blur.store.folder import WorkFolder
from blur.store.report import BatchReport, ClipReport, Problem, State


def blur(*arguments: object):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(autouse=True)
def unconfined(monkeypatch):
    """Commands run in the tests' own process, which later tests need with its network."""
    monkeypatch.setattr("blur.process.sandbox._closed", True)


@pytest.fixture
def calls(monkeypatch):
    """What reaches the batch, instead of a batch."""
    calls = []

    def run(inputs, out, settings, **options):
        calls.append((inputs, out, settings, options))
        audit = Audit(
            frames=5, looked=5, closeups=0, sampling="", detectors=[], residuals=[], seconds=0
        )
        clips = [ClipReport(name="a.mov", state=State.DONE, frames=5, audits=[audit])]
        return BatchReport(
            version="", settings=settings, clips=clips, skipped=[], exit_code=0, seconds=1
        )

    monkeypatch.setattr("blur.batch.run.run", run)
    return calls


def test_help_is_quick_and_complete():
    code = (
        "import sys, blur.cli.main; blur.cli.main.main(['--help'], standalone_mode=False);"
        "heavy = {'numpy', 'av', 'cv2', 'openvino', 'mediapipe', 'scipy', 'tqdm'};"
        "sys.exit(f'{heavy & set(sys.modules)} imported' if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ["run", "scan", "render", "models", "status", "clean", "inspect", "review"]:
        assert f"\n  {command} " in done.stdout
    words = " ".join(done.stdout.split())
    for code in Exit:
        assert f"{code.value} {code.meaning}" in words


def test_ctrl_c_while_the_commands_load_is_no_traceback():
    code = (
        "import signal, sys;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # ignored by shells' background
        "from blur.__main__ import main;"
        "finder = type('', (), {'find_spec': lambda name, *_: "
        "name == 'blur.cli.keep_command' and signal.raise_signal(signal.SIGINT) or None});"
        "sys.meta_path.insert(0, finder);"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True)
    assert done.returncode == Exit.INTERRUPTED, done.stderr
    assert done.stderr == "blur: stopped (run the same command again to go on)\n"
    assert not done.stdout


def test_opencv_starts_no_threads_in_blurs_own_processes_and_in_no_others():
    code = (
        "import os, blur; assert 'OPENCV_FOR_THREADS_NUM' not in os.environ;"
        "import blur.cli.main; assert 'OPENCV_FOR_THREADS_NUM' not in os.environ;"
        "blur.cli.main.main(['models'], standalone_mode=False);"
        "import cv2; assert cv2.getNumThreads() == 1, cv2.getNumThreads()"
    )
    env = {k: v for k, v in os.environ.items() if k != "OPENCV_FOR_THREADS_NUM"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr


def test_run_offers_every_setting():
    text = blur("run", "--help").output
    for option in options():
        assert f"{option.flag} " in text or f"{option.flag}\n" in text


def test_version():
    assert __version__ in blur("--version").output


def test_options_reach_the_batch(calls, tmp_path):
    done = blur(
        "run", tmp_path, "x.mov", "-o", tmp_path / "out",
        "--level", "fast", "--hold", "2.5", "--codec", "ffv1", "--crf", "20",
        "--include", "*.mov", "--include", "*.mp4", "--timecode", "keep",
    )  # fmt: skip
    assert done.exit_code == Exit.OK, done.output
    ((inputs, out, given, _options),) = calls
    assert inputs == (tmp_path, Path("x.mov")) and out == tmp_path / "out"
    assert given.scan.level is Level.FAST and given.scan.hold == 2.5
    assert given.output.codec is Codec.FFV1 and given.output.crf == 20
    assert given.batch.include == ("*.mov", "*.mp4") and given.output.timecode is Timecode.KEEP
    assert given.cover == Settings().cover
    assert "a.mov" in done.stdout and "1 done" in done.stdout


def test_the_command_line_overrides_the_config_file(calls, tmp_path):
    config = tmp_path / "blur.toml"
    config.write_text('[scan]\nlevel = "thorough"\nhold = 3\n[output]\ndeinterlace = true\n')
    blur("run", tmp_path, "-o", tmp_path / "out", "--config", config, "--hold", "1.5")
    given = calls[0][2]
    assert given.scan.level is Level.THOROUGH and given.scan.hold == 1.5
    assert given.output.deinterlace


@pytest.mark.parametrize(
    ("text", "named"),
    [("[scan]\nlevle = 1", "levle"), ("[scan]\nhold = 99", "hold"), ("not toml", "blur.toml")],
)
def test_a_bad_config_file_is_named(tmp_path, text, named):
    config = tmp_path / "blur.toml"
    config.write_text(text)
    done = blur("run", tmp_path, "-o", tmp_path / "out", "--config", config)
    assert done.exit_code == Exit.USAGE
    assert named in done.stderr and "blur.toml" in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        *(f"{command} IN -o OUT --config=TOML" for command in ("run", "scan", "render")),
        *(f"run IN -o OUT {bad}" for bad in ("--hold=99", "--level=no", "--colour=red", "--jobs=-1",
          "--preset=nonsense", "--crf=-3", "--crf=99", "--mute=5-4", "--margin=nan",
          "--cluster=foo", "--cluster-map=x", "--unknown=1")),
        "scan IN -o OUT --hold=-1",
        "render IN -o OUT --audit-rounds=11",
        "doctor --quick --crf=99",
        "preview CLIP --compare --spans=5-4",
        "preview CLIP --compare --spans=zz",
        "preview CLIP --spans=0-1",
        "preview CLIP --fill=nonsense",
        "review IN --port=99999",
        "markers IN --start-hour=24",
        "markers IN --format=nonsense",
        "edits keep IN a.mov 0 --reason=x --from=-1",
        "edits extend IN a.mov 0 -- --1",
    ],
)  # fmt: skip
def test_bad_options_are_refused_by_name_before_anything_is_read(line, calls, tmp_path):
    (tmp_path / "blur.toml").write_text("[scan]\nhold = 99\n")
    clip = tmp_path / "clip.mov"
    clip.touch()
    places = {"IN": tmp_path, "OUT": tmp_path / "out", "CLIP": clip}
    words = [str(places.get(word, word)) for word in line.split()]
    done = blur(*(word.replace("TOML", str(tmp_path / "blur.toml")) for word in words))
    assert done.exit_code == Exit.USAGE and not calls
    option = words[-1].partition("=")[0]
    named = {"--config": "scan.hold must be a number, 0 to 30", "--1": "FRAME"}.get(option, option)
    assert named in done.stderr and "$." not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "scan", "render", "doctor"])
def test_bounds_stand_in_the_help(command):
    words = " ".join(blur(command, "--help").output.split())
    groups = {"scan": ("scan", "batch"), "render": ("cover", "output", "audit", "batch")}
    shown = list(options(*groups.get(command, ("scan", "cover", "output", "audit"))))
    bounded = [option for option in shown if option.text != option.help]
    assert bounded
    for option in bounded:
        assert option.text[1:] in words


def test_scan_and_render_are_halves_of_run(calls, tmp_path):
    blur("scan", tmp_path, "-o", tmp_path / "out")
    blur("render", tmp_path, "-o", tmp_path / "out")
    assert calls[0][3]["render"] is False and calls[1][3]["scan"] is False


@pytest.mark.parametrize("code", list(Exit))
def test_the_batch_decides_the_exit_code(monkeypatch, tmp_path, code):
    def run(inputs, out, settings, **options):
        clip = ClipReport(name="a.mov", state=State.FAILED, error=Problem("why", "how", code))
        return BatchReport(
            version="", settings=settings, clips=[clip], skipped=[], exit_code=code, seconds=1
        )

    monkeypatch.setattr("blur.batch.run.run", run)
    done = blur("run", tmp_path, "-o", tmp_path / "out")
    assert done.exit_code == code
    assert "failed: a.mov: why (how)" in done.stdout


def test_errors_name_file_and_remedy(monkeypatch, tmp_path):
    def run(*args, **options):
        raise OutputError("is on fire", subject="out", remedy="pour water")

    monkeypatch.setattr("blur.batch.run.run", run)
    done = blur("run", tmp_path, "-o", tmp_path / "out")
    assert done.exit_code == Exit.FAILED
    assert done.stderr == "blur: out: is on fire (pour water)\n"


def test_ctrl_c_before_the_batch_began(monkeypatch, tmp_path):
    def run(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("blur.batch.run.run", run)
    done = blur("run", tmp_path, "-o", tmp_path / "out")
    assert done.exit_code == Exit.INTERRUPTED and "same command again" in done.stderr


def test_a_missing_input_is_named(tmp_path):
    done = blur("run", tmp_path / "missing", "-o", tmp_path / "out")
    assert done.exit_code == Exit.USAGE and "missing" in done.stderr


def test_models_lists_licences_and_network_state():
    done = subprocess.run(
        [sys.executable, "-m", "blur", "models"], capture_output=True, text=True, check=True
    )
    for word in ["centerface: whole", "yunet: whole", "MIT", "Apache-2.0", "network: "]:
        assert word in done.stdout
    if sys.platform == "linux":
        assert "cannot open internet sockets" in done.stdout


def test_status_and_clean(tmp_path):
    from contextlib import closing

    from blur.store.ledger import Entry, Ledger

    out = tmp_path / "out"
    out.mkdir()
    assert blur("status", out).exit_code == Exit.FAILED
    assert blur("clean", out).exit_code == Exit.NOTHING
    folder = WorkFolder(out)
    folder.create()
    entry = Entry(place="a", name="a.mov", size=1, sampled="", frames=10, state=State.DONE)
    with closing(Ledger(folder)) as ledger:
        ledger.put([entry])
    assert "1 done" in blur("status", out).stdout
    now = json.loads(blur("status", out, "--json").stdout)
    assert now["states"] == {"done": 1} and now["frames_done"] == 10 and not now["running"]
    with folder.locked():
        assert json.loads(blur("status", out, "--json").stdout)["running"]
        assert blur("clean", out).exit_code == Exit.USAGE
    (folder.edits / "x.json").write_text("{}")
    assert blur("clean", out).exit_code == Exit.USAGE
    assert folder.root.exists()
    (out / "a.mp4").write_text("covered")
    assert blur("clean", out, "--edits").exit_code == Exit.OK
    assert [p.name for p in out.iterdir()] == ["a.mp4"]
