"""Puts a tree of small files into a folder, and never over what somebody changed there.

Beside the tree stands a note of what was written. So files of an earlier export that this one does not have are taken
away again, and files that were edited since are recognised.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from exports.base import ExportError
from exports.folders import explained

_Hashes = Mapping[str, str]


def write_tree(files: Mapping[str, bytes], to: Path, note: str) -> None:
    """Write each file (path with `/` below `to` → content), the note of them last, as the file `note`.

    Each file appears whole or not at all, in the order given, after all are on the disk. Raises `ExportError`, and
    changes nothing, when a file of the last export was edited since, or when one is in the way that no export wrote.
    """
    with explained(to):
        before = _noted(to / note)
        present = {path: _hash((to / path).read_bytes()) for path in {*before, *files} if (to / path).is_file()}
    wanted = {path: _hash(content) for path, content in files.items()}
    for path, found in sorted(present.items()):
        if found not in {before.get(path), wanted.get(path)}:
            raise ExportError(
                "it was changed since it was exported, and an export would undo that",
                to / path,
                "copy the project elsewhere and delete it here, or name another folder",
            )
    changed = {path: content for path, content in files.items() if present.get(path) != wanted[path]}
    _put({**changed, note: _note(wanted)}, to)
    _take_away(sorted(set(before) - set(files)), to)


def _put(files: Mapping[str, bytes], to: Path) -> None:
    """All are on the disk before the first gets its name."""
    parts: list[tuple[Path, Path]] = []
    try:
        for path, content in files.items():
            target = to / path
            part = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
            parts.append((part, target))
            with explained(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                _write(part, content)
        for part, target in parts:
            with explained(target):
                os.replace(part, target)  # noqa: PTH105 - the call whose atomicity is documented
    finally:
        for part, _ in parts:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _write(part: Path, content: bytes) -> None:
    with part.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _take_away(paths: list[str], to: Path) -> None:
    with explained(to):
        for path in paths:
            (to / path).unlink(missing_ok=True)
            folder = (to / path).parent
            while folder != to and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent


def _noted(note: Path) -> _Hashes:
    """What the last export wrote; nothing where there is no note or none that can be read."""
    if not note.is_file():
        return {}
    try:
        found = json.loads(note.read_text("utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _note(hashes: _Hashes) -> bytes:
    return (json.dumps(hashes, indent=2, sort_keys=True) + "\n").encode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
