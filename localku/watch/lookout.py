"""The watch thread's work: look, decide what a batch of paths means, tell when it is time.

One pass is: sleep until an event, a ring or the debounce; look; take in the paths; and when the
debounce says so, survey the tree again if folders came or went, read the manifest files, and
tell. It calls nothing of the app: `tell` and `warn` hand over to the event loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from localku.watch.advice import broken
from localku.watch.alarm import Alarm
from localku.watch.debounce import Debounce
from localku.watch.ground import Ground
from localku.watch.rules import Change, RuleSet

# Seconds after an event for further looks: watchfiles' own thread may be slower than the signal.
LATE_LOOKS = (0.02, 0.2, 1.0)
SHORTEST_NAP = 0.005
LONGEST_NAP = 0.05  # seconds before a look, while nothing but ignored things happens
BUSY = 0.1  # seconds: wake-ups this close together are one busy time
PAUSE = 1.0  # seconds between two starts of a watch that breaks down


@dataclass(frozen=True)
class Voice:
    """How the watch thread speaks: both functions may be called from any thread."""

    tell: Callable[[Change], None]
    warn: Callable[[str], None]


class Lookout:
    """One app's watch. `stand` and `run` belong to one thread, `follow` and `end` to any."""

    def __init__(self, ground: Ground, debounce: Debounce, alarm: Alarm, voice: Voice) -> None:
        self._ground = ground
        self._debounce = debounce
        self._alarm = alarm
        self._voice = voice
        self._next_rules: RuleSet | None = None
        self._closing = False
        self._event_at = 0.0
        self._nap = 0.0

    def follow(self, rules: RuleSet) -> None:
        """Go on with these rules."""
        self._next_rules = rules
        self._alarm.ring()

    def end(self) -> None:
        """Let `run` return."""
        self._closing = True
        self._alarm.ring()

    def stand(self, since: float | None) -> None:
        """Begin to watch; what changed at `since` (seconds since the epoch) or later is told.

        Raises OSError when the root cannot be read.
        """
        if self._ground.stand(since):
            self._debounce.touch(time.monotonic())

    def run(self) -> None:
        """Watch until `end`."""
        self._event_at = time.monotonic()
        while not self._closing:
            self._sleep()
            if self._closing:
                return
            self._look()
            rules, self._next_rules = self._next_rules, None
            if rules is not None:
                if self._ground.follow(rules):
                    self._debounce.touch(time.monotonic())
                self._event_at = time.monotonic()
            if self._debounce.wait(time.monotonic()) == 0:
                self._fire(time.monotonic())
                self._event_at = time.monotonic()  # what came while it surveyed needs a look

    def _sleep(self) -> None:
        """Until there may be something to do. Ignored events in a row are taken together."""
        now = time.monotonic()
        waits = []
        if self._alarm.has_signal:
            waits = [at for late in LATE_LOOKS if (at := self._event_at + late - now) > 0]
        due = self._debounce.wait(now)
        if due is not None:
            waits.append(due)
        if not self._alarm.sleep(min(waits, default=None)):
            return
        woken = time.monotonic()
        if woken - self._event_at > BUSY:
            self._nap = 0.0
        self._event_at = woken
        if self._nap and self._alarm.has_signal:
            self._alarm.pause(self._nap)

    def _look(self) -> None:
        try:
            seen = self._ground.look()
        except RuntimeError as error:  # what watchfiles raises, as for a name that is not UTF-8
            self._voice.warn(broken(str(error)))
            self._alarm.pause(PAUSE)
            self._ground.stand_again()
            self._debounce.touch(time.monotonic())
            return
        count = self._ground.take(seen)
        if count:
            self._nap = 0.0
            self._debounce.touch(time.monotonic(), count)
        else:
            self._nap = min(max(self._nap * 2, SHORTEST_NAP), LONGEST_NAP)

    def _fire(self, now: float) -> None:
        git = self._ground.git_at_work()
        if git is not None and self._debounce.hold(now, git):
            return
        change = self._ground.settle()
        if change:
            self._debounce.fire(now)
            self._voice.tell(change)
        else:
            self._debounce.drop()
        if self._ground.is_due:  # it was disturbed: go on with it
            self._debounce.touch(now)
