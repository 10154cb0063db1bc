from __future__ import annotations

import importlib.resources

import pytest

from blur.export.templates import Html, Templates, joined


def test_values_are_escaped_and_html_is_not() -> None:
    html = Templates("report.html")
    fact = html.fill("fact", name="<b>", value='"x" & y')
    assert fact == "<dt>&lt;b&gt;</dt><dd>&quot;x&quot; &amp; y</dd>\n"
    assert fact in html.fill("facts", facts=joined([fact, fact]))
    assert "$" not in html.fill("problem", problem="a", remedy=Html("<i>b</i>"))


@pytest.mark.parametrize(("part", "values"), [("none", {}), ("fact", {"name": "x"})])
def test_an_unknown_part_and_a_missing_value_are_errors(part: str, values: dict) -> None:
    with pytest.raises(KeyError):
        Templates("report.html").fill(part, **values)


def test_the_templates_come_with_the_package() -> None:
    folder = importlib.resources.files("blur.export") / "templates"
    assert {file.name for file in folder.iterdir()} == {"offers.html", "report.html", "sheets.html"}
