"""The sentences that the file watch says to a person. Pure."""

from __future__ import annotations

INSTANCES = "fs.inotify.max_user_instances"
WATCHES = "fs.inotify.max_user_watches"


def out_of_watches(reason: str, folders: int, files: int) -> str:
    """Polling has begun: why, what it costs, and what to raise."""
    instances = "os error 24" in reason
    what = "inotify instances" if instances else f"inotify watches for {folders:,} folders"
    cure = f"{INSTANCES}=1024" if instances else f"{WATCHES}={max(524_288, folders * 4)}"
    return (
        f"file watch: the system has no more {what}, so the times of {files:,} files are read"
        f" every second instead (slower to notice, and it costs CPU)."
        f" To mend it: sudo sysctl {cure}, or ignore folders in .gitignore"
    )


def gone(root: str) -> str:
    """The root does not exist any more."""
    return f"file watch: {root} is gone or cannot be read; watching goes on when it is back"


def broken(reason: str) -> str:
    """watchfiles gave up, and is started again."""
    return f"file watch: started again after: {reason}"


def ended(error: BaseException) -> str:
    """The watch is over, by a mistake of ours."""
    return f"file watch: ended by an error, no change is noticed any more: {error!r}"
