"""The price service of a partner: a stand-in for its client library. Leave this file as it is.

Most prices come at once. The service that knows the price of gold has a bad day.
"""

import time

PRICES = {"tea": 3, "coffee": 5, "gold": 2400}
SECONDS = {"gold": 4.0}


def price(item, timeout=None):
    """The price of an item. timeout: how many seconds to wait for it, None for as long as it takes.

    Raises KeyError for an unknown item, TimeoutError when the answer is not there in time.
    """
    found = PRICES[item]
    needed = SECONDS.get(item, 0.02)
    if timeout is not None and timeout < needed:
        time.sleep(timeout)
        raise TimeoutError(f"no price of {item} within {timeout:g} s")
    time.sleep(needed)
    return found
