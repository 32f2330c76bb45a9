"""Text from files, headers and servers that can do no harm where it is shown: on a terminal, in a panel, in a report.

A control character could move the cursor, color, clear or retitle a terminal; a bidirectional override turns a sentence
around; a line break makes one message look like two. All of them are written out instead.
"""

from __future__ import annotations

import unicodedata

# Control, format, half a surrogate pair, separators of lines and paragraphs.
_HARMFUL = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # belong to words of Persian and of Indian languages
_BYTES = range(0xDC80, 0xDD00)  # as which Python keeps bytes of a file name that are no UTF-8


def one_line(text: str) -> str:
    """The text on one line, with each harmful character written out: ``\\x1b``, ``\\u202e``, a newline as ``\\n``.

    Example
    -------
    >>> one_line("a\\x1b[2J\\nb")
    'a\\\\x1b[2J\\\\nb'
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def plain(text: str) -> str:
    """`one_line` for each line of the text; tabs and line ends stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if letter in "\n\t" else _shown(letter) for letter in text)


def is_unicode(text: str) -> bool:
    """Whether UTF-8 can write the text; a name of a file that is no UTF-8 holds halves of surrogate pairs."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _shown(letter: str) -> str:
    if letter in _JOINERS or unicodedata.category(letter) not in _HARMFUL:
        return letter
    if ord(letter) in _BYTES:
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")
