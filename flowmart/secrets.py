"""`${VAR}`, `${file:/path}` and `${keyring:service/name}` in the configuration, and masking what they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from connectors.secret_forms import forms

Place = tuple[str | int, ...]
"""Keys and list positions on the way to a value."""

MASK = "***"
_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}")
_LOGIN_OF_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://(?:\$\{[^}]*\}|[^/@])*@")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OF_LIBRARIES = ("PGPASSWORD",)
"""Variables with secrets that libraries read by themselves."""


@dataclass(slots=True)
class Resolved:
    """A tree without references. What could not be resolved is a problem, and keeps its text."""

    tree: object = None
    problems: dict[Place, str] = field(default_factory=dict)
    values: list[str] = field(default_factory=list)
    """Everything that was put in, so that messages about the tree can be masked."""


def from_keyring(service: str, name: str) -> str | None:
    """What the system's keyring keeps under a name; None when nothing. Raises `LookupError` with what to do."""
    try:
        import keyring  # here, since it is an optional extra
        from keyring.errors import KeyringError
    except ImportError:
        raise LookupError("the keyring needs a package: pip install 'flowmart[keyring]'") from None
    try:
        found: str | None = keyring.get_password(service, name)
    except (KeyringError, RuntimeError) as error:  # the latter by backends whose service does not run
        raise LookupError(
            f"the keyring cannot be read ({type(error).__name__}); unlock it, or use ${{NAME}} or ${{file:/path}}"
        ) from None
    return found


def resolve(
    tree: object,
    environment: Mapping[str, str],
    read: Callable[[str], str],
    ask: Callable[[str, str], str | None] = from_keyring,
) -> Resolved:
    """`tree` with each reference in each of its strings replaced; `$${` stands for a plain `${`.

    Within the login of an address (`…://user:${PASSWORD}@host`) values are percent-encoded, so that a password may
    hold any character. `read` gives the text of a file, or raises `OSError`; `ask` what a keyring has for a service and
    a name.
    """
    resolved = Resolved()
    resolved.tree = _walk(tree, (), _Sources(environment, read, ask), resolved)
    return resolved


def variables(text: str) -> set[str]:
    """The environment variables that a text refers to."""
    return {name for name in _REFERENCE.findall(text) if _VARIABLE.fullmatch(name)}


def file_reader(folder: Path) -> Callable[[str], str]:
    """Reads secret files; relative names count from `folder`, a line end at the end does not count."""
    return lambda name: (folder / name).read_text("utf-8").rstrip("\r\n")


def masked(text: str, secrets: Iterable[str]) -> str:
    """`text` without any of the secrets. Very short ones stay, since they occur in any text."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        for form in forms(secret):
            text = text.replace(form, MASK)
    return text


def of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    """Secrets that no configuration names: passwords of proxies, and those that libraries look for by themselves."""
    for name, value in environment.items():
        if name in _OF_LIBRARIES:
            yield value
        if name.lower().endswith("_proxy") and "@" in value:
            password = urlsplit(value if "//" in value else f"//{value}").password
            yield from {password, unquote(password)} if password else ()


_WAYS = "write ${NAME}, ${file:/path} or ${keyring:SERVICE/NAME}"


@dataclass(frozen=True, slots=True)
class _Sources:
    environment: Mapping[str, str]
    read: Callable[[str], str]
    ask: Callable[[str, str], str | None]

    def value(self, name: str) -> str:
        """What the reference stands for; `LookupError` with what to do."""
        if name.startswith("file:"):
            return self._of_file(name.removeprefix("file:").strip())
        if name.startswith("keyring:"):
            return self._of_keyring(name.removeprefix("keyring:").strip())
        if not _VARIABLE.fullmatch(name):
            raise LookupError(f"${{{name}}} names no environment variable; {_WAYS}")
        if name not in self.environment:
            raise LookupError(f"set the environment variable {name}")
        if not self.environment[name]:
            raise LookupError(f"the environment variable {name} is empty")
        return self.environment[name]

    def _of_keyring(self, text: str) -> str:
        service, _, name = text.rpartition("/")
        if not service or not name:
            raise LookupError("write ${keyring:SERVICE/NAME}")
        found = self.ask(service, name)
        if not found:
            raise LookupError(f"the keyring has nothing for {text}; put it there by `keyring set {service} {name}`")
        return found

    def _of_file(self, path: str) -> str:
        try:
            text = self.read(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise LookupError(f"cannot read the file {path}: {reason}") from None
        if not text:
            raise LookupError(f"the file {path} is empty")
        return text


def _walk(node: object, place: Place, sources: _Sources, resolved: Resolved) -> object:
    if isinstance(node, dict):
        return {key: _walk(value, (*place, key), sources, resolved) for key, value in node.items()}
    if isinstance(node, list):
        return [_walk(value, (*place, index), sources, resolved) for index, value in enumerate(node)]
    if isinstance(node, str) and "${" in node:
        return _expanded(node, place, sources, resolved)
    return node


def _expanded(text: str, place: Place, sources: _Sources, resolved: Resolved) -> str:
    login = _LOGIN_OF_ADDRESS.match(text)
    login_ends = login.end() if login else 0
    problems: list[str] = []

    def put(found: re.Match[str]) -> str:
        if found[1] is None:
            return "${"
        try:
            value = sources.value(found[1])
        except LookupError as error:
            problems.append(str(error.args[0]))
            return found[0]
        resolved.values.append(value)
        return quote(value, safe="") if found.end() < login_ends else value

    expanded = _REFERENCE.sub(put, text)
    if problems:
        resolved.problems[place] = _sentence(problems)
    return expanded


def _sentence(problems: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(problems))
