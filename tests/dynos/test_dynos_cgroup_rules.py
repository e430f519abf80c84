"""Which control groups there are, what is written into them, and what a size may use. Pure."""

from __future__ import annotations

import pytest

from localku.dynos.cgroup_rules import Hierarchy, hierarchies, limits
from localku.manifest.settings import TypeSettings
from localku.platform.caps import MB, Cap, cap_of, described

V2 = "31 24 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "35 24 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
MEMORY = "36 24 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
UNIFIED = "37 24 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
DOCKER = "35 24 0:30 /docker/ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
SCOPE = "/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope"

FOUND = {
    "systemd": (f"0::{SCOPE}\n", V2, [(2, "/sys/fs/cgroup", f"/sys/fs/cgroup{SCOPE}")]),
    "a container": ("0::/\n", V2, [(2, "/sys/fs/cgroup", "/sys/fs/cgroup")]),
    "hybrid": (
        "4:memory:/m\n1:cpu,cpuacct:/\n0::/a\n",
        MEMORY + V1 + UNIFIED,
        [
            (2, "/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/a"),
            (1, "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct"),
        ],
    ),
    "version 1 in a container": (
        "1:cpu:/docker/ab/x\n",
        DOCKER,
        [(1, "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu/x")],
    ),
    "somebody else's namespace": ("0::/../other\n", V2, []),
    "not under the mount": ("1:cpu:/docker/abc\n", DOCKER, []),
    "no CPU": ("4:memory:/\n", MEMORY, []),
    "a cpuset is no CPU": ("3:cpuset:/\n", V1, []),
    "a blank in a path": (
        "0::/\n",
        V2.replace("/sys/fs/cgroup", r"/mnt/my\040groups"),
        [(2, "/mnt/my groups", "/mnt/my groups")],
    ),
    "nothing": ("", "", []),
    "noise": ("hello\n::\n", "a - b\n\n - cgroup2\n", []),
}


@pytest.mark.parametrize(("own", "mounts", "found"), FOUND.values(), ids=FOUND)
def test_hierarchies(own: str, mounts: str, found: list[tuple[int, str, str]]) -> None:
    assert hierarchies(own, mounts) == [Hierarchy(*each) for each in found]


def test_places_are_tried_from_the_own_group_upward() -> None:
    assert list(Hierarchy(2, "/c", "/c/a/b").upward()) == ["/c/a/b", "/c/a", "/c"]
    assert list(Hierarchy(1, "/c", "/c").upward()) == ["/c"]


LIMITS = {
    "v2": (
        2,
        ["cpu", "memory"],
        0.5,
        512 * MB,
        {"cpu.max": "10000 20000", "memory.oom.group": "1"},
    ),
    "v2 without memory": (2, ["cpu"], 2, 512 * MB, {"cpu.max": "40000 20000"}),
    "v2 without a quota": (2, ["cpu", "memory"], 1 / 6, 0, {"cpu.max": "3333 20000"}),
    "v1": (
        *(1, ["cpu"], 0.25, 512 * MB),
        {"cpu.cfs_period_us": "20000", "cpu.cfs_quota_us": "5000"},
    ),
    "less than the kernel takes": (2, ["cpu"], 0.001, 0, {"cpu.max": "1000 20000"}),
}


@pytest.mark.parametrize(
    ("version", "controllers", "cpu", "memory", "wanted"), LIMITS.values(), ids=LIMITS
)
def test_limits(
    version: int, controllers: list[str], cpu: float, memory: int, wanted: dict[str, str]
) -> None:
    found = dict(limits(version, controllers, cpu, memory))
    net = found.pop("memory.max", "")
    assert found == wanted
    # R15 kills above twice the quota: the kernel must not come first
    assert not net or int(net) > 2 * memory


def own(cpu: float | None = None, memory: int | None = None) -> TypeSettings:
    rest = ("watch_pattern", "grace", "boot_timeout", "health", "health_timeout")
    return TypeSettings({**dict.fromkeys(rest), "dyno_cpu": cpu, "memory": memory})


CAPS = {
    "nobody asked": (own(), None, "", None),
    "a memory quota alone caps no CPU": (own(memory=64 * MB), None, "", None),
    "a size was chosen": (own(), None, "Standard-2X", Cap(2 / 6, 1024 * MB)),
    "all, unless told otherwise": (own(), True, "", Cap(1 / 6, 512 * MB)),
    "all, this one chosen": (own(), True, "Performance-M", Cap(2.0, 2560 * MB)),
    "cores of its own": (own(cpu=0.25), None, "", Cap(0.25, 0)),
    "both of its own": (own(0.25, 64 * MB), None, "Basic", Cap(0.25, 64 * MB)),
    "none at all": (own(cpu=0.25), False, "Standard-2X", None),
}


@pytest.mark.parametrize(("own", "every", "chosen", "cap"), CAPS.values(), ids=CAPS)
def test_who_is_capped(own: TypeSettings, every: bool | None, chosen: str, cap: Cap | None) -> None:
    assert cap_of(own, every, chosen) == cap


def test_what_is_said() -> None:
    caps = {"web": Cap(1 / 6, 512 * MB), "worker": Cap(2.0, 0)}
    assert described(caps, "cgroup v2", "") == [
        "Capped by cgroup v2: web at 0.167 core, 512MB; worker at 2 cores"
    ]
    only = described(caps, "", "this system has no cgroups")
    assert only[0].startswith("Not capped, only observed: web at 0.167 core, 512MB")
    assert only[1] == "No control group for dynos: this system has no cgroups"
    assert described({}, "cgroup v2", "") == []
