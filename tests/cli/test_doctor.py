import json
import subprocess
import sys

import pytest

from blur.cli import doctor
from blur.detect import weights
from blur.errors import SetupError
from blur.settings import Codec, Hardware, Settings


def test_it_tells_versions_weights_encoders_and_network():
    command = [sys.executable, "-m", "blur", "doctor", "--quick"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for word in ["blur: 0.", "mediapipe 0.10.33", "libavcodec", "weights of centerface: whole"]:
        assert word in text
    assert "cores to use" in text and "prores" in text and "free space" in text
    assert "speed" not in text
    if sys.platform == "linux":
        assert "cannot open internet sockets" in text


def test_as_json_it_tells_the_same():
    command = [sys.executable, "-m", "blur", "doctor", "--quick"]
    as_json = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    as_text = subprocess.run(command, capture_output=True, text=True, check=True)
    topics = [line.partition(": ")[0] for line in as_text.stdout.splitlines()]
    found = json.loads(as_json.stdout)
    assert list(found) == topics
    assert found["weights of centerface"] == "whole"
    assert f"libraries: {found['libraries']}" in as_text.stdout.splitlines()


def test_damaged_weights_are_named(monkeypatch):
    def read(name):
        raise SetupError("is damaged", subject=name)

    monkeypatch.setattr(weights, "read", read)
    monkeypatch.setattr("blur.process.sandbox.keep_off_network", lambda: True)
    findings = dict(doctor.examine(Settings(), estimate=False))
    for weight in weights.catalogue():
        assert findings[f"weights of {weight.name}"].startswith("NOT USABLE")


def test_an_encoder_that_is_not_there_is_not_listed():
    assert not doctor.encodes(Codec.PRORES, Hardware.NVENC)


@pytest.fixture
def advice(monkeypatch):
    monkeypatch.setattr(doctor, "bf16_pays", lambda: True)
    return lambda hardware, devices: "; ".join(doctor.advice(Settings(), hardware, devices))


def test_an_nvidia_chip_is_advised_on_until_detectors_can_run_there(advice, monkeypatch):
    absent = SetupError("no library", remedy='pip install "blur-faces[nvidia]"')
    monkeypatch.setattr("blur.detect.network_cuda.obstacle", lambda: absent)
    assert 'pip install "blur-faces[nvidia]"' in advice(["h264_nvenc"], ["CPU"])
    assert "nvidia" not in advice(["h264_vaapi"], ["CPU"])
    there = advice(["h264_nvenc"], ["CPU", "CUDA"])
    assert "--device cuda" in there and "blur-faces[nvidia]" not in there


def test_a_chip_that_encodes_is_advised_where_there_is_one(advice):
    assert "--hardware" not in advice([], ["CPU"])
    assert "--hardware qsv" in advice(["h264_qsv"], ["CPU"])


@pytest.mark.slow
def test_the_estimate_is_in_hours_for_an_hour():
    pytest.importorskip("skimage")
    command = [sys.executable, "-m", "blur", "doctor", "--level", "fast", "--audit", "off"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    hours = float(text.split("speed: about ")[1].split()[0])
    assert 0.05 < hours < 500
