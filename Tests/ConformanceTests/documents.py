"""The documents as a reader sees them: their sections, and the code that they show."""

import pathlib
import re

from markdown_it import MarkdownIt

ROOT = pathlib.Path(__file__).parents[2]


def blocks(text):
    """The indented blocks of a text; fenced ones are not for the shell. Each is whole, with its line breaks."""
    return [token.content for token in MarkdownIt().parse(text) if token.type == "code_block"]


def sections(text):
    """The text below each heading of the second level, by heading."""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))
