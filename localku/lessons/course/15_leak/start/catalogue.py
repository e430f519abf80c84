"""The catalogue: a stand-in for a big search in a database. Leave this file as it is."""

import hashlib
import time

SECONDS = 0.08


def search(word):
    """All that is found: a megabyte of text, the best in the first line."""
    time.sleep(SECONDS)
    lines = []
    for number in range(64):
        mark = hashlib.sha256(f"{word}{number}".encode()).hexdigest()
        lines.append(f"{word}-{mark} " + mark * 255)
    return "\n".join(lines)
