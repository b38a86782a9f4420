"""[engine]: where a lake is computed; its token is never shown, and what is missing is named in one line."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowmart.config import Config, ConfigError, load_config

if TYPE_CHECKING:
    from conftest import Call

SOURCE = '[sources.acme]\ntype = "jira"\nurl = "https://acme.example"\ntoken = "t"\n'
HAS_ALL = find_spec("pyspark") is not None and find_spec("deltalake") is not None
LAKE = '[lake]\nurl = "lake"\n'


def load(folder: Path, text: str) -> Config:
    (folder / "flowmart.toml").write_text(SOURCE + text, encoding="utf-8")
    return load_config(folder / "flowmart.toml", {"TOKEN": "s3cr3t"})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("local", "local"),
        ("spark://master:7077", "spark://master:7077"),
        ("sc://spark.example:15002/;use_ssl=true;token=${TOKEN}", "sc://spark.example:15002"),
    ],
)
def test_an_engine_is_shown_without_its_token(tmp_path: Path, url: str, shown: str) -> None:
    config = load(tmp_path, f'[engine]\nurl = "{url}"\n')
    assert config.engine is not None
    assert config.engine.shown == shown
    assert ("s3cr3t" in config.secrets()) == ("token" in url)
    assert "s3cr3t" not in repr(config)


@pytest.mark.parametrize("url", ["yarn", "http://spark.example", "sc://", "spark://a b:7077"])
def test_another_engine_is_refused_with_those_that_there_are(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r'engine\.url: use "sc://HOST:15002" \(Spark Connect\)'):
        load(tmp_path, f'[engine]\nurl = "{url}"\n')


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("", "--engine spark", "add [lake] with its url"),
        ('[engine]\nurl = "local"\n', "", "add [lake] with its url"),
        ("", "--into-warehouse", "--into-warehouse belongs to --engine spark"),
        (LAKE, "", "or --engine warehouse for what was loaded into the warehouse"),
        (LAKE, "--engine spark throughput", "leave metrics and --as-of out"),
        (LAKE, "--engine spark --as-of 2026-06-30", "leave metrics and --as-of out"),
    ],
)
def test_what_does_not_go_together_is_told_in_one_line(call: Call, text: str, words: str, line: str) -> None:
    ended = call("compute", *words.split(), more=text)
    assert ended.code == 2
    assert ended.err.splitlines()[-1].endswith(line)


@pytest.mark.skipif(HAS_ALL, reason="pyspark and deltalake are installed")
def test_without_the_libraries_it_is_said_what_to_install(call: Call) -> None:
    ended = call("compute", "--engine", "spark", more=LAKE)
    assert ended.code == 1
    assert ended.err.splitlines()[-1].endswith("run pip install 'flowmart[spark]'")


@pytest.mark.skipif(not HAS_ALL, reason="pyspark or deltalake is not installed")
def test_a_lake_without_any_source_is_nothing_to_compute(call: Call) -> None:
    ended = call("compute", "--engine", "spark", more=LAKE)
    assert ended.code == 1
    assert ended.err.splitlines()[-1].endswith("there is nothing to compute yet; run `flowmart sync`")
