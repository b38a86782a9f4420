"""`[privacy]` of the configuration: what is refused, and that the key is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowmart.config import Config, read_config
from flowmart.errors import ConfigError

TRACKER = '[sources.acme]\ntype = "jira"\nurl = "https://acme.example"\ntoken = "made-up"\n'
KEY = "0123456789abcdef0123456789abcdef"


def configured(privacy: str, **environment: str) -> Config:
    return read_config(f"{TRACKER}[privacy]\n{privacy}\n", Path("flowmart.toml"), environment)


def test_by_default_people_are_stored_under_their_names_and_texts_are_not() -> None:
    privacy = configured("").privacy
    assert (privacy.users, privacy.key_bytes, privacy.store_text) == ("names", b"", False)


@pytest.mark.parametrize(
    ("privacy", "line"),
    [
        ('users = "pseudonym"', "flowmart.toml: privacy.users: 'pseudonym' is unknown; did you mean pseudonyms?"),
        ('users = "pseudonyms"', 'needs key, a secret such as key = "${FLOWMART_PRIVACY_KEY}"'),
        ('users = "pseudonyms"\nkey = "short"', "key: must have at least 32 bytes"),
        ("store_txt = true", "flowmart.toml: privacy.store_txt: unknown key; did you mean store_text?"),
        (
            'users = "none"\n[[defects.rules]]\nescaped = true\nreporter_groups = ["customers"]',
            'privacy.users = "none" keeps nobody whom reporter_groups of [[defects.rules]] could ask about',
        ),
    ],
)
def test_what_cannot_be_is_told(privacy: str, line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        configured(privacy)
    (told,) = refused.value.problems
    assert line in told


def test_the_key_comes_from_the_environment_and_is_a_secret() -> None:
    config = configured('users = "pseudonyms"\nkey = "${FLOWMART_PRIVACY_KEY}"', FLOWMART_PRIVACY_KEY=KEY)
    assert config.privacy.key_bytes == KEY.encode()
    assert KEY in set(config.secrets())
    assert KEY not in repr(config)
