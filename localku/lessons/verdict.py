"""A check at work: what it saw, and whether the lesson is done."""

from __future__ import annotations

import asyncio
import importlib
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from localku.cli import client as way
from localku.cli.client import Client
from localku.errors import UserError
from localku.lessons import last_words
from localku.lessons.lesson import Lesson
from localku.lessons.live import Live
from localku.lessons.place import Place
from localku.lessons.watched import StillWrong
from localku.platform import home

PATIENCE = 60.0  # seconds for a whole check: a bound, which none should come near


@dataclass(slots=True)
class Verdict:
    """saw: what was right, in order. wrong: what is not, "" when the lesson is done. look: where to
    look next, or ""."""

    saw: list[str] = field(default_factory=list)
    wrong: str = ""
    look: str = ""

    @property
    def passed(self) -> bool:
        """Whether the lesson is done."""
        return not self.wrong


def app_in(folder: str) -> Client | None:
    """The app that `localku start` runs in that very folder, if it does."""
    client = way.answering(os.path.join(folder, home.FOLDER))
    if client is not None:
        client.close()
    return client


def other_running(place: Place, lesson: Lesson) -> Lesson | None:
    """Another lesson, whose app runs."""
    others = (each for each in place.lessons if each != lesson)
    return next((each for each in others if app_in(place.folder(each)) is not None), None)


async def judge(lesson: Lesson, client: Client, folder: str, say: Callable[[str], None]) -> Verdict:
    """Run the lesson's check against the app that runs. say: takes what it saw, as it sees it.
    Raises UserError when the app went away."""
    verdict = Verdict()

    def saw(text: str) -> None:
        verdict.saw.append(text)
        say(text)

    module = importlib.import_module(lesson.check)
    app = Live(client, folder, saw)
    try:
        async with app:
            await asyncio.wait_for(module.check(app), PATIENCE)
    except StillWrong as wrong:
        verdict.wrong, verdict.look = str(wrong) or "not yet", wrong.look
    except (asyncio.TimeoutError, TimeoutError) as error:
        verdict.wrong = str(error) or f"the app did not get through the check in {PATIENCE:g} s"
    except UserError:
        raise
    except Exception as error:  # the answer of a learner's app may be anything
        where = traceback.extract_tb(error.__traceback__)[-1]
        verdict.wrong = (
            f"the check could not make sense of the app: {error or type(error).__name__}"
        )
        verdict.look = f"{lesson.check.rpartition('.')[2]}.py:{where.lineno} of the checks"
    if not verdict.passed:
        _tell_why_not(verdict, app)
    return verdict


def _tell_why_not(verdict: Verdict, app: Live) -> None:
    """An app that does not boot says why; whatever the check saw comes from that."""
    who, words = last_words.why_not(app.lines(), app.folder)
    told = f"{verdict.wrong} {verdict.look}"
    if who and words.partition(" (")[0][:40] not in told:
        verdict.look = f"{who}, its last words: “{words}”"
