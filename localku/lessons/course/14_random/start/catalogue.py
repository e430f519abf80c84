"""The catalogue: a stand-in for queries to a database. Leave this file as it is.

Most words are found through an index, in no time. For a rare one the database reads everything,
while the dyno waits.
"""

import time

QUICK, SLOW = 0.01, 0.4  # seconds


def search(words):
    """What the catalogue has, as text."""
    time.sleep(SLOW if words.startswith("rare") else QUICK)
    return f"{len(words)} books about {words}"
