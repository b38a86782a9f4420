"""Puts a tree of small files into a folder, and never over what somebody changed there.

Beside the tree stands a note of what was written. So files of an earlier export that this one does not have are taken
away again, and files that were edited since are recognised.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from exports.base import ExportError
from exports.folders import LocalFolder, explained
from exports.staging import Staging, Target

_Hashes = Mapping[str, str]


def write_tree(files: Mapping[str, bytes], to: Path, note: str) -> None:
    """Write each file (path with `/` below `to` → content), the note of them last, as the file `note`.

    Each file appears whole or not at all, in the order given, after all are on the disk. Raises `ExportError`, and
    changes nothing, when a file of the last export was edited since, or when one is in the way that no export wrote.
    """
    before, present, wanted = require_unedited(files, to, note)
    changed = {path: content for path, content in files.items() if present.get(path) != wanted[path]}
    _put({**changed, note: _note(wanted)}, LocalFolder(to), gone=sorted(set(before) - set(files)))


def require_unedited(files: Mapping[str, bytes], to: Path, note: str) -> tuple[_Hashes, _Hashes, _Hashes]:
    """Hashes of the last export, of what is there, and of the files. Raises `ExportError` where `write_tree` does."""
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
    return before, present, wanted


def _put(files: Mapping[str, bytes], target: Target, *, gone: Sequence[str]) -> None:
    """All are on the disk before the first gets its name."""
    staging = Staging(target)
    try:
        target.prepare()
        for path, content in files.items():
            with staging.new(path) as file:
                file.write(content)
        target.publish(staging.paths.items())
        target.remove(gone)
    finally:
        staging.forget()


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
