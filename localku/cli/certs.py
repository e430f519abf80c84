"""`localku certs`, `certs:trust`, `certs:untrust`: this machine's CA, and who believes in it."""

from __future__ import annotations

import os
import shlex
import time

from localku.certs import stores, trust
from localku.certs.store import Store, home_folder
from localku.cli.usage import USAGE
from localku.errors import UserError

INSTALL = "--install"
_KINDS = (trust.SYSTEM, trust.BROWSERS)


def main(name: str, argv: list[str]) -> int:
    """Run one of the three; returns 0, or 1 when a store did not take what it should."""
    store = Store(home_folder(os.environ))
    if name == "certs":
        _refuse_rest(name, argv, ())
        return show(store)
    options = (INSTALL,) if name == "certs:trust" else ()
    _refuse_rest(name, argv, (*options, *_KINDS))
    kinds = [kind for kind in _KINDS if kind in argv] or list(_KINDS)
    facts = stores.look(os.path.expanduser("~"))
    if name == "certs:untrust":
        return untrust(store, facts, kinds)
    return trust_it(store, facts, kinds, install=INSTALL in argv)


def show(store: Store) -> int:
    """What there is: the CA, and the certificates under it."""
    authority = store.known()
    if authority is None:
        print(f"No CA yet: `localku start --tls` makes one in {store.folder}")
        return 0
    fingerprint = store.fingerprint()
    print(f"CA           {store.cert}")
    print(f"SHA-256      {_spaced(fingerprint)}")
    print(f"valid until  {_day(authority.expires)}")
    print("speaks for   localhost, *.localhost, *.test, 127.0.0.0/8, ::1; for nothing else")
    for leaf in store.leaves():
        stale = "" if leaf.ca == fingerprint else "  (of an older CA)"
        print(f"  {leaf.host:<32} until {_day(leaf.expires)}{stale}")
    return 0


def trust_it(store: Store, facts: trust.Facts, kinds: list[str], *, install: bool) -> int:
    """Say how programs come to trust the CA; do it if `install`. The CA is made if need be."""
    store.authority(time.time())
    ca = trust.Authority(store.cert, store.fingerprint())
    steps = [step for step in trust.steps(facts, ca) if step.kind in kinds]
    if install:
        return _carry_out(steps, facts, "trusts it now")
    for step in steps:
        print(f"{step.what}:")
        if step.blocked:
            print(f"  # {step.blocked}")
        _print_commands(step, facts)
    print("One program alone:")
    for who, what in trust.by_hand(ca, "https://localhost:5443"):
        print(f"  {who:<7} {what}")
    print(
        "`localku certs:trust --install` does what it can of this, `certs:untrust` takes it back."
    )
    return 0


def untrust(store: Store, facts: trust.Facts, kinds: list[str]) -> int:
    """Take the CA out of all stores. Its files stay."""
    fingerprint = store.fingerprint()
    if not fingerprint:
        raise UserError("there is no CA", where=store.folder)
    ca = trust.Authority(store.cert, fingerprint)
    steps = [step for step in trust.steps(facts, ca, remove=True) if step.kind in kinds]
    steps = [step for step in steps if not stores.needless(step, ca)]
    if not steps:
        print("Nothing trusts it.")
    return _carry_out(steps, facts, "does not trust it any more")


def _carry_out(steps: list[trust.Step], facts: trust.Facts, done: str) -> int:
    status = 0
    for step in steps:
        said = step.blocked or stores.carry_out(step)
        print(f"{step.what}: {f'not done: {said}' if said else done}")
        status = 1 if said else status
        if said:
            _print_commands(step, facts)
    return status


def _print_commands(step: trust.Step, facts: trust.Facts) -> None:
    sudo = "sudo " if step.kind == trust.SYSTEM and not (facts.root or facts.mac) else ""
    for command in step.commands:
        print(f"  {sudo}{shlex.join(command)}")


def _refuse_rest(name: str, argv: list[str], known: tuple[str, ...]) -> None:
    for word in argv:
        if word not in known:
            hint = f"see `localku help {name}`"
            raise UserError(f"{name} does not take {word}", hint=hint, status=USAGE)


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))


def _spaced(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)).upper()
