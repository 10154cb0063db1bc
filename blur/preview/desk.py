"""What lies on the table in a review: the clips of an output folder, and those that are open.

A person's edits are saved with every act, whole or not at all. Undo is kept while a clip is open.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from blur.batch.ledger import Entry, from_text, read
from blur.batch.report import REPORT_NAME, BatchReport, State
from blur.batch.resume import file_sha256
from blur.batch.workdir import WorkFolder
from blur.cover.fills import make_fill
from blur.cover.region import Covers
from blur.edits import Lane, Resolved, resolve
from blur.errors import BlurError, DecodeError, PlanMismatch, UsageError
from blur.fingerprint import fingerprint
from blur.media.probe import probe
from blur.plan import Box, Edits, Mark, Plan, load_edits, load_plan, save_edits
from blur.preview import frames
from blur.preview.acts import Act, perform
from blur.preview.decisions import checked_by
from blur.settings import Settings

_OPEN_CLIPS = 2
_DECODED = 192 * 2**20
_COMPRESSED = 64 * 2**20
_BLOCK = 240
"""Frames whose covers are prepared together."""
_SEEN_GAP = 6
_UNDO = 200
