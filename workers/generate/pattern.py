"""Text that matches a regular expression, drawn at random. The expression is read once, into functions.

Python's own reader of expressions gives the tree, as it does for the libraries of this kind; those read the expression
again for each text, and draw from sets whose order changes from process to process, so that a seed would not repeat.
"""

from __future__ import annotations

import re
import re._constants as codes  # type: ignore[import-not-found]
import re._parser as reader  # type: ignore[import-not-found]
import string
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

MOST_REPEATS = 10
"""How often what may be repeated without end is repeated at most, beyond what it must."""
MAX_CHARACTERS = 10_000
_PRINTABLE = [character for character in string.printable if character not in "\t\n\r\v\f"]
_CATEGORIES = {
    codes.CATEGORY_DIGIT: string.digits,
    codes.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    codes.CATEGORY_SPACE: " ",
}
_OPPOSITES = {
    codes.CATEGORY_NOT_DIGIT: codes.CATEGORY_DIGIT,
    codes.CATEGORY_NOT_WORD: codes.CATEGORY_WORD,
    codes.CATEGORY_NOT_SPACE: codes.CATEGORY_SPACE,
}

Groups = dict[int, str]
Draw = Callable[[Random, Groups], str]


def check(text: str) -> None:
    """Refuse an expression from which no text can be made. Raises ValueError with the reason."""
    compiled(text)


def longest(text: str) -> int:
    """How many characters a text of a valid expression has at most."""
    return _longest(reader.parse(text), {})


def compiled(text: str) -> Callable[[Random], str]:
    """A function that draws a text which the expression matches as a whole.

    Raises:
        ValueError: It is no regular expression, looks ahead or behind, or could make more than `MAX_CHARACTERS`.
    """
    try:
        tree = reader.parse(text)
        if _longest(tree, {}) > MAX_CHARACTERS:
            raise ValueError(f"it could make more than {MAX_CHARACTERS:,} characters: repeat less")
        draw = _sequence(tree)
    except re.error as error:
        raise ValueError(f"this is no regular expression: {error}") from error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return lambda random: draw(random, {})


def _sequence(tree: Any) -> Draw:
    parts = [_part(code, argument) for code, argument in tree]
    if len(parts) == 1:
        return parts[0]
    return lambda random, groups: "".join([part(random, groups) for part in parts])


def _part(code: Any, argument: Any) -> Draw:
    maker = _MAKERS.get(code)
    if maker is None:
        raise ValueError(
            f"{str(code).lower().replace('_', ' ')} is not supported: say what the text shall be, not what it must not"
        )
    return maker(argument)


def _literal(argument: int) -> Draw:
    text = chr(argument)
    return lambda random, groups: text


def _drawn_from(characters: Sequence[str]) -> Draw:
    if not characters:
        raise ValueError("a set of characters is empty")
    return lambda random, groups: random.choice(characters)


def _not_literal(argument: int) -> Draw:
    return _drawn_from([character for character in _PRINTABLE if character != chr(argument)])


def _any(argument: object) -> Draw:
    return _drawn_from(_PRINTABLE)


def _in(argument: Any) -> Draw:
    if argument[0][0] is codes.NEGATE:
        refused = [_points(*item) for item in argument[1:]]
        return _drawn_from([each for each in _PRINTABLE if not any(ord(each) in points for points in refused)])
    return _drawn_from(_Characters([_points(*item) for item in argument]))


class _Characters(Sequence[str]):
    """The characters of several sets, one after the other. A range may hold a million: they are counted, not listed."""

    def __init__(self, sets: Sequence[Sequence[int]]) -> None:
        self._sets = sets

    def __len__(self) -> int:
        return sum(len(points) for points in self._sets)

    def __getitem__(self, place: Any) -> Any:
        for points in self._sets:
            if place < len(points):
                return chr(points[place])
            place -= len(points)
        raise IndexError


def _points(code: Any, argument: Any) -> Sequence[int]:
    """The code points that an item of a set stands for."""
    if code is codes.LITERAL:
        return range(argument, argument + 1)
    if code is codes.RANGE:
        return range(argument[0], argument[1] + 1)
    if argument in _CATEGORIES:
        return [ord(character) for character in _CATEGORIES[argument]]
    refused = set(_CATEGORIES[_OPPOSITES[argument]])
    return [ord(character) for character in _PRINTABLE if character not in refused]


def _category(argument: Any) -> Draw:
    return _drawn_from(_Characters([_points(codes.CATEGORY, argument)]))


def _branch(argument: Any) -> Draw:
    draws = [_sequence(tree) for tree in argument[1]]
    return lambda random, groups: random.choice(draws)(random, groups)


def _group(argument: Any) -> Draw:
    number, draw = argument[0], _sequence(argument[-1])
    if number is None:
        return draw

    def remembered(random: Random, groups: Groups) -> str:
        groups[number] = text = draw(random, groups)
        return text

    return remembered


def _group_again(argument: int) -> Draw:
    return lambda random, groups: groups.get(argument, "")


def _repeat(argument: Any) -> Draw:
    low, high, tree = argument
    high, draw = _most(low, high), _sequence(tree)
    return lambda random, groups: "".join([draw(random, groups) for _ in range(random.randint(low, high))])


def _nothing(argument: Any) -> Draw:
    if argument not in (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING, codes.AT_END, codes.AT_END_STRING):
        raise ValueError("of the anchors only ^ and $ can be kept")
    return lambda random, groups: ""


_MAKERS: dict[Any, Callable[[Any], Draw]] = {
    codes.LITERAL: _literal,
    codes.NOT_LITERAL: _not_literal,
    codes.ANY: _any,
    codes.IN: _in,
    codes.CATEGORY: _category,
    codes.BRANCH: _branch,
    codes.SUBPATTERN: _group,
    codes.GROUPREF: _group_again,
    codes.MAX_REPEAT: _repeat,
    codes.MIN_REPEAT: _repeat,
    codes.AT: _nothing,
}


def _most(low: int, high: int) -> int:
    return low + MOST_REPEATS if high == codes.MAXREPEAT else high


def _longest(tree: Any, groups: dict[int, int]) -> int:
    """How many characters it makes at most. ``groups``: those that each group makes, for where it is named again."""
    return sum(_length(code, argument, groups) for code, argument in tree)


def _length(code: Any, argument: Any, groups: dict[int, int]) -> int:
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
        low, high, inner = argument
        return int(_most(low, high)) * _longest(inner, groups)
    if code is codes.SUBPATTERN:
        groups[argument[0]] = longest = _longest(argument[-1], groups)
        return longest
    if code is codes.BRANCH:
        return max(_longest(inner, groups) for inner in argument[1])
    if code is codes.GROUPREF:
        return groups.get(argument, 0)
    return 1
