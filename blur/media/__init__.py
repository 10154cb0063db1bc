"""Clips as files: opened, written, searched for traces. Knows nothing of faces or covers."""
