"""`localku ps:type`: the size of each process type, its price on Heroku, and its cap here."""

from __future__ import annotations

import json
from typing import Any

from localku.cli import tables
from localku.cli.client import Options, as_list, as_object, connect, done, say
from localku.errors import UserError

HOURS = 720  # of a month, as Heroku's CLI counts it
FREE = "Nothing is capped: name a size for a type, or start with --cap-dynos"
FLAT = " (flat monthly fee, shared across all Eco dynos)"


def main(name: str, argv: list[str]) -> int:
    """Change sizes, if some are named, and show all of them. Raises UserError."""
    parser = Options(name)
    parser.add_argument("changes", nargs="*")
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    client = connect(options)
    formation = as_list(client.get(client.at("formation")))
    if options.changes:
        updates = wanted(options.changes, [str(each["type"]) for each in formation])
        say(f"Scaling dynos on ⬢ {client.app}...", end="")
        done(client, "PATCH", client.at("formation"), {"updates": updates})
        formation = as_list(client.get(client.at("formation")))
    if options.json:
        print(json.dumps(formation, indent=2))
        return 0
    if not formation:
        raise UserError(f"No process types on ⬢ {client.app}", hint="its Procfile has them")
    cents = {each["name"]: each["cost"]["cents"] for each in as_list(client.get("/dyno-sizes"))}
    print("\n".join(render(formation, cents)))
    told = as_object(client.get(client.at("caps").replace("/apps/", "/localku/apps/", 1)))["lines"]
    print("\n".join(["", "", tables.header("On This Machine"), *(told or [FREE])]))
    return 0


def wanted(words: list[str], types: list[str]) -> list[dict[str, str]]:
    """`web=basic` for one process type, `basic` alone for all. Raises UserError."""
    if len(words) == 1 and "=" not in words[0]:
        return [{"type": kind, "size": words[0]} for kind in types]
    updates = []
    for word in words:
        kind, sign, size = word.partition("=")
        if not sign or not size:
            hint = "write web=standard-2x, or a size alone for all of them"
            raise UserError(f"{word!r} is not a change of a size", hint=hint, status=2)
        updates.append({"type": kind, "size": size})
    return updates


def render(formation: list[dict[str, Any]], cents: dict[str, int]) -> list[str]:
    """The two tables of Heroku's CLI. cents: US cents a month of one dyno, by size."""
    rows: list[tuple[object, ...]] = []
    totals: dict[str, int] = {}
    for each in sorted(formation, key=lambda each: str(each["type"])):
        size, count = str(each["size"]), int(each["quantity"])
        month = cents.get(size, 0) / 100
        hour = f"~${month * (count or 1) / HOURS:.3f}"
        most = f"${month:.0f}{FLAT}" if size == "Eco" else f"${month * count:.0f}"
        rows.append((each["type"], size, count, hour, most))
        if count:
            totals[size] = totals.get(size, 0) + count
    columns = ("type", "size", "qty", "cost/hour", "max cost/month")
    lines = [tables.header("Process Types"), *tables.table(columns, rows)]
    dynos = tables.table(("type", "total"), list(totals.items()))
    return [*lines, "", "", tables.header("Dyno Totals"), *dynos]
