"""Who has a mail, who does not get it, and whom the server puts off: over all attempts at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jobs.errors import PermanentError, TransientError
from sinks.base import JSON, TakenInPart

Answer = tuple[int, bytes | str]
"""Status and words."""


class Answers(NamedTuple):
    """What a server said to one mail.

    Args:
        asked: The recipients that it was asked to take.
        refusals: Its answer to each that it did not take; where it hangs up, to those before.
        sent: Whether the others have the mail.
    """

    asked: Sequence[str]
    refusals: Mapping[str, Answer]
    sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it stands with a mail.

    Args:
        taken: Who has it.
        refused: Who does not get it (5yz).
        put_off: Who may get it later (4yz).
        answers: What the server said in this attempt.
    """

    taken: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    put_off: tuple[str, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def left(self, recipients: Sequence[str]) -> list[str]:
        """Those who are still to be asked for, each once."""
        done = {*self.taken, *self.refused}
        return [each for each in dict.fromkeys(recipients) if each not in done]

    def after(self, answers: Answers) -> Standing:
        """How it stands after another attempt."""
        refused = [each for each, (status, _) in answers.refusals.items() if is_final(status)]
        taken = [each for each in answers.asked if answers.sent and each not in answers.refusals]
        return Standing(
            taken=(*self.taken, *taken),
            refused=(*self.refused, *refused),
            put_off=tuple(each for each in answers.asked if each not in taken and each not in refused),
            answers=answers.refusals,
        )

    def receipt(self) -> dict[str, JSON]:
        """What is kept of it. While somebody is put off, it tells the next attempt who has the mail."""
        told: dict[str, JSON] = {"recipients": len(self.taken), "refused": sorted(self.refused)}
        return told | ({"taken": list(self.taken), "put_off": list(self.put_off)} if self.put_off else {})

    def raise_unless_done(self, *, receipt: Mapping[str, JSON]) -> None:
        """Return when all have the mail but those who do not get it, and these are not all.

        Raises:
            TakenInPart: Some have it, and others may get it later. The error names those, and who does not get it.
            TransientError: Nobody has it, and some may get it later.
            PermanentError: Nobody gets it.
        """
        if self.taken and not self.put_off:
            return
        details: dict[str, Any] = {"status": self._status(), "put_off": [*self.put_off], "refused": [*self.refused]}
        message = "; ".join(
            f"{word}: {', '.join(self._named(each) for each in whom)}"
            for word, whom in (("put off by the server", self.put_off), ("refused by the server", self.refused))
            if whom
        )
        if self.taken:
            raise TakenInPart(message, receipt=receipt, code="recipients", details=details)
        raise (TransientError if self.put_off else PermanentError)(message, code="recipients", details=details)

    def _named(self, address: str) -> str:
        if address not in self.answers:
            return address
        status, text = self.answers[address]
        return f"{address} ({status} {said(text)})"

    def _status(self) -> int | None:
        """Of the first that was put off; otherwise of the first that was refused."""
        return next((self.answers[each][0] for each in (*self.put_off, *self.refused) if each in self.answers), None)


def standing_of(receipt: Mapping[str, JSON] | None) -> Standing:
    """What the last attempt left; nothing where the mail went to everybody, and is sent again."""
    kept: Mapping[str, Any] = receipt or {}
    if not kept.get("put_off"):
        return Standing()
    return Standing(taken=tuple(kept["taken"]), refused=tuple(kept["refused"]))


def is_final(status: int) -> bool:
    """Whether another attempt would not change it. Source: RFC 5321, section 4.2.1."""
    return 500 <= status < 600


def said(text: bytes | str) -> str:
    """A server's words on one line."""
    return " ".join((text.decode(errors="replace") if isinstance(text, bytes) else text).split())
