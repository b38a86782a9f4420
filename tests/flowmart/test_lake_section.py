"""What `[lake]` may say, and what is told where its library is missing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowmart.config import Config, ConfigError, load_config
from flowmart.lake import lake_problems

if TYPE_CHECKING:
    from conftest import Call

JIRA = '[sources.acme]\ntype = "jira"\nurl = "https://acme.example"\ntoken = "t"\n'


def load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "flowmart.toml"
    path.write_text(JIRA + text, encoding="utf-8")
    return load_config(path, {"LAKE_SECRET": "s3cret-of-the-lake"})


def test_folders_count_from_the_configuration_s_and_urls_stay(tmp_path: Path) -> None:
    lake = load(tmp_path, '[lake]\nurl = "there"').lake
    assert lake is not None
    assert (lake.address, lake.working_file("acme")) == (str(tmp_path / "there"), tmp_path / "lake-work" / "acme.db")
    lake = load(tmp_path, '[lake]\nurl = "s3://bucket/lake"\nwork = "w"').lake
    assert lake is not None
    assert (lake.address, lake.work) == ("s3://bucket/lake", tmp_path / "w")


def test_options_are_texts_for_the_store_and_only_their_secrets_are_hidden(tmp_path: Path) -> None:
    text = '[lake]\nurl = "s3://b/l"\noptions = { AWS_SECRET_ACCESS_KEY = "${LAKE_SECRET}", AWS_ALLOW_HTTP = true }'
    config = load(tmp_path, f"{text}\n")
    assert config.lake is not None
    assert config.lake.store_options() == {"AWS_SECRET_ACCESS_KEY": "s3cret-of-the-lake", "AWS_ALLOW_HTTP": "true"}
    assert "s3cret-of-the-lake" in set(config.secrets())
    assert "s3cret-of-the-lake" not in repr(config)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('url = "s4://bucket/lake"', "lake.url: no lake is at s4://; did you mean s3?"),
        ('url = "memory://lake"', "lake.url: no lake is at memory://; known here: s3, s3a, abfss, abfs, az, gs"),
        ('url = "s3://"', "lake.url: name the bucket or container: s3://NAME/FOLDER"),
        ('url = "l"\nwrok = "w"', "lake.wrok: unknown key; did you mean work?"),
        ("", "lake.url: is missing"),
    ],
)
def test_what_cannot_be_a_lake_is_refused(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, f"[lake]\n{text}\n")
    assert [one.removeprefix(f"{tmp_path}/flowmart.toml: ") for one in refused.value.problems] == [line]


@pytest.mark.parametrize("words", [("sync",), ("status",), ("lake", "compact")])
def test_without_the_library_one_line_says_what_to_install(
    call: Call, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    for name in [name for name in sys.modules if name.startswith("lake.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "deltalake", None)
    done = call(*words, more='[lake]\nurl = "lake"\n')
    assert done.code == 1
    assert done.err == "flowmart: lake: deltalake is not installed; run pip install 'flowmart[lake]'\n"


def test_without_a_lake_there_is_nothing_to_compact(call: Call) -> None:
    done = call("lake", "compact")
    assert (done.code, done.err) == (2, "flowmart: lake.url: no lake is configured; add [lake] with its url\n")


def test_a_lake_that_cannot_be_read_is_a_problem_that_check_names(tmp_path: Path) -> None:
    config = load(tmp_path, '[lake]\nurl = "lake"\n')
    assert lake_problems(config) == ()  # there is none yet, and looking makes none
    assert not (tmp_path / "lake").exists()
    (tmp_path / "lake" / "pages").mkdir(parents=True)
    (tmp_path / "lake" / "pages" / "_delta_log").mkdir()
    (tmp_path / "lake" / "pages" / "_delta_log" / f"{0:020}.json").write_text("no log", encoding="utf-8")
    (problem,) = lake_problems(config)
    assert problem.startswith(f"{tmp_path}/lake/pages: ")
    assert "check lake.url" in problem
