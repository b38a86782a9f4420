"""Names and sentences that the company uses, some of them hostile to spreadsheets, browsers and parsers."""

from __future__ import annotations

from random import Random

FIRST_NAMES = (
    "Mia", "Jonas", "Aylin", "Pawel", "Zoë", "Tomáš", "Ines", "Oleh", "Priya", "Luca", "Hannah", "Kwame", "Sora",
    "Björn", "Marta", "Femi", "Elif", "Noah", "Chiara", "Duc", "Leila", "Anton", "Ruth", "Ivo",
)  # fmt: skip
LAST_NAMES = (
    "Schmidt", "Kaya", "Nowak", "O'Brien", "Müller", "Okafor", "Rossi", "Nguyen", "Dvořák", "Haddad", "Weber", "Silva",
)  # fmt: skip
VERBS = (
    "Add", "Fix", "Refactor", "Speed up", "Document", "Secure", "Validate", "Migrate", "Retry", "Log", "Cache",
    "Translate", "Redesign", "Remove", "Monitor",
)  # fmt: skip
THINGS = (
    "checkout form", "refund flow", "invoice export", "card vault", "SEPA mandate", "basket service", "price rules",
    "search index", "voucher codes", "login page", "payment webhook", "stock sync", "order mails", "tax table",
    "fraud check", "ledger import", "address book", "delivery slots",
)  # fmt: skip
CONDITIONS = (
    "for guests", "on mobile", "with two currencies", "after a timeout", "in the admin area", "for large baskets",
    "under load", "for the French site", "when offline", "behind a flag",
)  # fmt: skip
HOSTILE = (
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script> in the order note",
    "Quote \"double\", 'single' and `tick`",
    "Emoji 🚀 in the subject, and a comma",
    "+49 30 1234 is read as a number",
    "@SUM(A1:A9) typed by a customer",
    "-- DROP TABLE orders; --",
    "Tab\there and a trailing space ",
    "Zeilenumbruch im Titel: größer als 10 %, äöüß",
    "日本語の住所 is cut at 10 characters",
)
GOALS = (
    "Ship refunds, keep the lights on",
    "1. Ship\n2. Learn",
    "",
    "Fewer incidents than last time",
    "name=alpha,id=7]",
)
LABELS = ("backend", "frontend", "tech-debt", "ux", "security", "performance")
COMMENTS = ("Looks good to me.", "Can you reproduce it?", "Waiting for the vendor.", "Deployed to staging.")


def title(rng: Random, number: int) -> str:
    """A summary; every 61st one is hostile."""
    if number % 61 == 7:
        return HOSTILE[(number // 61) % len(HOSTILE)]
    return f"{rng.choice(VERBS)} {rng.choice(THINGS)} {rng.choice(CONDITIONS)}"


def person_name(number: int) -> str:
    """The name of the n-th person; unique for the first 288."""
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    return f"{first} {LAST_NAMES[(number * 5 + number // len(FIRST_NAMES)) % len(LAST_NAMES)]}"
