"""How a secret may stand in a text that a tracker or a library makes."""

from __future__ import annotations

import base64
import html
import json
import re
from functools import lru_cache
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Shorter ones occur in any text, and are not looked for."""
_ESCAPE = re.compile("%..")


@lru_cache(maxsize=256)
def forms(secret: str) -> tuple[str, ...]:
    """As it is, in an address, in quotes of Python, JSON and HTML, as the header of a login; the longest first."""
    as_json = json.dumps(secret), json.dumps(secret, ensure_ascii=False)
    quoted = (repr(secret)[1:-1], *(text[1:-1] for text in as_json), html.escape(secret))
    in_address = [quote(secret, safe=""), quote(secret), quote_plus(secret)]
    lower = [_ESCAPE.sub(lambda found: found[0].lower(), one) for one in in_address]
    packed = (basic_login("", secret), base64.b64encode(secret.encode()).decode())
    found = {secret, *quoted, *in_address, *lower, *packed}
    return tuple(sorted((form for form in found if len(form) >= SHORTEST), key=len, reverse=True))


def basic_login(user: str, secret: str) -> str:
    """What stands in the header of a basic login."""
    return base64.b64encode(f"{user}:{secret}".encode()).decode()
