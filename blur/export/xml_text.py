"""XML documents as text."""

from __future__ import annotations

from xml.etree.ElementTree import Element, indent, tostring


def document(root: Element, doctype: str = "") -> str:
    """The indented document below `root`; `doctype` is the name that it is declared by."""
    indent(root)
    declared = f"<!DOCTYPE {doctype}>\n" if doctype else ""
    text = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{declared}{text}\n'
