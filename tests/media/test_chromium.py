"""The default output opens in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from footage import RECIPES, make
from passing import passed_through

from blur.settings import OutputSettings

_PAGE = """<script>
function add(name) {
  const video = document.createElement("video"), line = document.createElement("p");
  video.preload = "auto"; video.src = name; line.textContent = name + " waits";
  video.onloadeddata = () => line.textContent =
    [name, "opens", video.duration, video.videoWidth, video.videoHeight].join(" ");
  video.onerror = () => line.textContent = name + " fails " + video.error.message;
  document.body.append(video, line);
}
</script><body><script>NAMES.forEach(add)</script>"""


@pytest.mark.slow
def test_outputs_open_in_chromium(tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs Chromium")
    names, sizes = [], []
    for name, recipe in RECIPES.items():
        source = make(tmp_path / f"{name}{recipe.suffix}", recipe)
        folder = tmp_path / name
        done = passed_through(source, folder, OutputSettings(preset="ultrafast"))
        names.append(str(done.written.path.relative_to(tmp_path)))
        sizes.append(f"{round(done.info.width * recipe.sar)} {done.info.height}")
    page = tmp_path / "page.html"
    page.write_text(_PAGE.replace("NAMES", str(names)))
    shown = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    found = re.findall(r"<p>(\S+) (\w+) ?([^<]*)</p>", shown)
    assert [name for name, _, _ in found] == names
    assert [(name, said) for name, what, said in found if what != "opens"] == []
    assert [said.split(" ", 1)[1] for _, _, said in found] == sizes
