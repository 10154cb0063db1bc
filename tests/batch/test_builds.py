"""A fixed blur trusts no plan and no output that another one made."""

import importlib.util
import shutil
from pathlib import Path

import blur
from blur import _version
from blur.errors import Exit
from blur.store.digests import installation
from blur.store.report import State

OTHER = "made by another version of blur"


def test_the_source_hash_changes_with_any_file(tmp_path):
    copy = tmp_path / "blur"
    shutil.copytree(
        Path(_version.__file__).parent, copy, ignore=shutil.ignore_patterns("_weights", "*.pyc")
    )

    def hashed() -> str:
        spec = importlib.util.spec_from_file_location("copy", copy / "_version.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.source_hash()

    hashes = [hashed()]
    (copy / "scan" / "weed.py").open("a").write("\n")
    hashes.append(hashed())
    (copy / "scan" / "weed.py").rename(copy / "scan" / "sieve.py")
    hashes.append(hashed())
    assert len(set(hashes)) == 3


def test_clips_of_another_build_are_done_again_and_say_so(fake, monkeypatch):
    fake.clip("a.mov")
    fake.clip("b.mov")
    report = fake.run()
    assert not any(OTHER in note for clip in report.clips for note in clip.notes)
    with monkeypatch.context() as patch:
        patch.setattr("blur._version.source_hash", lambda: "0123456789ab")
        report = fake.run()
        assert report.exit_code == Exit.OK
        assert fake.calls == dict.fromkeys(
            ["scan a.mov", "render a.mov", "scan b.mov", "render b.mov"], 1
        )
        assert f"2 clips were {OTHER}" in fake.said.getvalue()
        assert [any(OTHER in note for note in clip.notes) for clip in report.clips] == [True, True]
        assert fake.run().exit_code == Exit.OK and not fake.calls
    monkeypatch.setattr("blur._version.__version__", "9.9.9")
    fake.run()
    assert fake.calls["scan a.mov"] == 1, "the version alone is enough"


def test_without_a_scan_a_plan_of_another_build_is_refused(fake, monkeypatch):
    fake.clip("a.mov")
    fake.run(render=False)
    monkeypatch.setattr("blur._version.source_hash", lambda: "0123456789ab")
    [clip] = fake.run(scan=False).clips
    assert clip.state is State.FAILED and OTHER in clip.error.problem
    assert "blur scan" in clip.error.remedy
    assert not fake.outputs
    fake.run(render=False)
    assert fake.run(scan=False).exit_code == Exit.OK


def test_machines_compare_version_and_source():
    facts = installation()
    assert facts["version"] == blur.__version__ == _version.__version__
    assert facts["source"] == _version.source_hash()


def test_the_package_says_that_it_is_typed():
    assert (Path(blur.__file__).parent / "py.typed").exists()
