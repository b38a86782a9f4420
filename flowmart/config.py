"""Loads `flowmart.toml`: finds it, resolves its secrets, validates it, and names every problem at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from flowmart import problems, secrets
from flowmart.errors import ConfigError
from flowmart.secrets import Place
from flowmart.settings import Config

__all__ = ["Config", "ConfigError", "config_path", "load_config", "read_config"]

VARIABLE = "FLOWMART_CONFIG"
DEFAULT = "flowmart.toml"


def config_path(option: Path | None, environment: Mapping[str, str]) -> Path:
    """The file meant: the option's, else `$FLOWMART_CONFIG`, else `flowmart.toml` in the working directory."""
    return option or Path(environment.get(VARIABLE) or DEFAULT)


def load_config(path: Path, environment: Mapping[str, str]) -> Config:
    """The validated configuration. Relative paths in it count from its folder.

    Raises `ConfigError` with a line for each problem; no line holds anything that a reference stands for.
    """
    return read_config(_text(path), path, environment)


def read_config(text: str, path: Path, environment: Mapping[str, str]) -> Config:
    """The same for a text that stands at `path`, or will."""
    folder = path.absolute().parent
    resolved = secrets.resolve(_parse(text, path), environment, secrets.file_reader(folder))
    found: dict[Place, list[str]] = {place: [text] for place, text in resolved.problems.items()}
    try:
        config = Config.model_validate(resolved.tree, context={"folder": folder})
    except ValidationError as error:
        for place, words in problems.lines(error, Config, list(resolved.problems)):
            found.setdefault(place, []).append(secrets.masked(words, resolved.values))
    if found:
        raise ConfigError([_line(path, place, text) for place, texts in found.items() for text in texts])
    return config


def _line(path: Path, place: Place, text: str) -> str:
    where = f"{path}: {problems.dotted(place)}: " if place else f"{path}: "
    return " ".join(f"{where}{text}".split())


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # a byte order mark is what some editors leave
    except FileNotFoundError:
        raise ConfigError(
            [f"{path}: there is no such file; `flowmart init` writes one, -c FILE names another"]
        ) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is no UTF-8 text (byte {error.start})"]) from None


def _parse(text: str, path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: is no valid TOML: {' '.join(str(error).split())}"]) from None
    except RecursionError:
        raise ConfigError([f"{path}: is no valid TOML: nested too deeply"]) from None
