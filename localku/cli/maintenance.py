"""`localku maintenance` with `:on` and `:off`, and `routing`: how requests are met."""

from __future__ import annotations

from localku.cli.client import Options, as_object, connect, done, say


def main(name: str, argv: list[str]) -> int:
    """Run one of the four; returns its exit status. Raises UserError."""
    if name == "routing":
        return routing(argv)
    options = Options(name).read(argv)
    client = connect(options)
    if name == "maintenance":
        print("on" if as_object(client.get(client.at())).get("maintenance") else "off")
        return 0
    on = name == "maintenance:on"
    say(f"{'Enabling' if on else 'Disabling'} maintenance mode for ⬢ {client.app}...", end="")
    done(client, "PATCH", client.at(), {"maintenance": on})
    return 0


def routing(argv: list[str]) -> int:
    """Show the routing policy, or change it from the next request on."""
    parser = Options("routing")
    parser.add_argument("policy", nargs="?", default="")
    options = parser.read(argv)
    client = connect(options)
    path = "/localku" + client.at("routing")
    if options.policy:
        say(f"Routing ⬢ {client.app} {options.policy}...", end="")
        done(client, "PATCH", path, {"policy": options.policy})
    else:
        print(as_object(client.get(path)).get("policy"))
    return 0
