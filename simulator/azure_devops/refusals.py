"""The organisation's error answers."""

from __future__ import annotations

from simulator.wire import Refusal, answer


def refuse(status: int, type_key: str, message: str, *, headers: dict[str, str] | None = None) -> Refusal:
    """An error answer in the shape that all services share."""
    body = {
        "$id": "1",
        "innerException": None,
        "message": message,
        "typeName": f"Microsoft.TeamFoundation.{type_key}, Microsoft.TeamFoundation",
        "typeKey": type_key,
        "errorCode": 0,
        "eventId": 3000,
    }
    return Refusal(answer(body, status, headers))
