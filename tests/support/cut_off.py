"""Answers whose bodies are cut off, as a server that is killed in one leaves them."""

from __future__ import annotations

CUT_OFF = """() => {
  const whole = window.fetch;
  window.fetch = async (...request) => {
    const answer = await whole(...request);
    const body = new ReadableStream({ pull: (cut) => cut.error(new TypeError("Failed to fetch")) });
    return new Response(body, answer);
  };
}"""
"""Makes a page's next answers break after their headers, with the browser's own error."""
