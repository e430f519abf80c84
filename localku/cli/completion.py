"""`localku completion bash|zsh|fish`: a script that completes commands, and names of what runs.

The script has the commands in it; apps, dynos, process types, config vars, … it asks the platform
for, through `localku completion --words KIND`, which answers at once or with nothing.
"""

from __future__ import annotations

import os

from localku.cli import client as way
from localku.cli.client import USAGE, Client, Options, as_list, as_object, connect
from localku.cli.entry import COMMANDS
from localku.errors import UserError

PATIENCE = 1.0  # seconds
# what the words of a command name
KINDS = {
    "apps": ("apps:info", "apps:destroy"),
    "dynos": ("attach", "ps:stop", "run:inside"),
    "features": ("features:info", "features:enable", "features:disable"),
    "labs": ("labs:info", "labs:enable", "labs:disable"),
    "keys": ("config:get", "config:unset", "config:edit"),
    "releases": ("releases:info", "releases:output", "rollback"),
    "domains": ("domains:remove",),
    "drains": ("drains:remove",),
    "targets": ("ps:restart",),
    "types": ("ps", "ps:scale", "ps:type"),
    "commands": ("help",),
    "policies": ("routing",),
    "faults": ("chaos",),
    "ongoing": ("chaos:stop",),
}
FLAGS = {"apps": "-a|--app", "dynos": "-d|--dyno|--dyno-name", "types": "-p|--process-type"}

BASH = """\
# eval "$(localku completion bash)"
_localku() {{
    local line="${{COMP_LINE:0:COMP_POINT}}" cur kind='' choices='' words before i
    cur="${{line##*[[:space:]]}}"
    read -ra words <<< "${{line%"$cur"}}"
    if (( ${{#words[@]}} < 2 )); then
        choices='{commands}'
    else
        (( ${{#words[@]}} == 2 )) && case "${{words[1]}}" in
{topics}
        esac
        case "${{words[${{#words[@]}}-1]}}" in
{flags}
            *) case "${{words[1]}}" in
{kinds}
            esac ;;
        esac
        [ -n "$kind" ] && choices="$choices $(localku completion --words "$kind" 2>/dev/null)"
    fi
    COMPREPLY=($(compgen -W "$choices" -- "$cur"))
    # readline takes a colon for the end of a word
    if [[ "$cur" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
        before="${{cur%"${{cur##*:}}"}}"
        for i in "${{!COMPREPLY[@]}}"; do COMPREPLY[i]="${{COMPREPLY[i]#"$before"}}"; done
    fi
}}
complete -o default -F _localku localku
"""
ZSH = """\
# eval "$(localku completion zsh)"
_localku() {{
    local kind='' choices=''
    if (( CURRENT == 2 )); then
        choices='{commands}'
    else
        (( CURRENT == 3 )) && case "$words[2]" in
{topics}
        esac
        case "$words[CURRENT-1]" in
{flags}
            *) case "$words[2]" in
{kinds}
            esac ;;
        esac
        [[ -n "$kind" ]] && choices="$choices $(localku completion --words $kind 2>/dev/null)"
    fi
    compadd -- ${{=choices}}
}}
(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit }}
compdef _localku localku
"""


def main(name: str, argv: list[str]) -> int:
    """Print the script of one shell, or the words of one kind. Raises UserError."""
    parser = Options(name)
    parser.add_argument("shell", nargs="?", default="")
    parser.add_argument("--words", default="")
    options = parser.read(argv)
    if options.words:
        way.TIMEOUT = PATIENCE
        try:
            print("\n".join(names(options.words, connect(options, app=options.words != "apps"))))
        except UserError:
            pass  # there is nobody to ask: nothing is completed
        return 0
    shell = options.shell or os.path.basename(os.environ.get("SHELL", ""))
    scripts = {"bash": script(BASH), "zsh": script(ZSH), "fish": fish()}
    if shell not in scripts:
        hint = "localku completion bash, zsh or fish"
        raise UserError(f"no completion for {shell or 'this shell'}", hint=hint, status=USAGE)
    print(scripts[shell], end="")
    return 0


def names(kind: str, client: Client) -> list[str]:
    """What there is of one kind, on the platform or of the app. Raises UserError."""
    if kind == "apps":
        return [each["name"] for each in as_list(client.get("/apps"))]
    if kind == "keys":
        return list(as_object(client.get(client.at("config-vars"))))
    if kind == "policies":
        found = as_object(client.get("/localku" + client.at("routing")))
        return [str(each) for each in found["policies"]]
    if kind == "faults":
        from localku.chaos.faults import KINDS as FAULTS

        return list(FAULTS)
    if kind == "ongoing":
        on = as_list(client.get("/localku" + client.at("chaos")))
        return [each["id"] for each in on if each["state"] == "on"]
    if kind == "targets":
        return [*names("types", client), *names("dynos", client)]
    place, key = {
        "dynos": ("dynos", "name"),
        "types": ("formation", "type"),
        "features": ("features", "name"),
        "labs": ("features", "name"),
        "releases": ("releases", "version"),
        "domains": ("domains", "hostname"),
        "drains": ("log-drains", "url"),
    }.get(kind, ("", ""))
    if not place:
        return []
    found_all = as_list(client.get(client.at(place)))
    states = {"features": "general", "labs": "beta"}
    wanted = [each for each in found_all if each.get("state") == states.get(kind)]
    prefix = "v" if kind == "releases" else ""
    return [f"{prefix}{each[key]}" for each in (wanted if kind in states else found_all)]


def topics() -> dict[str, list[str]]:
    """Topic to what can stand behind its colon: `ps` to `scale`, `restart`, …"""
    found: dict[str, list[str]] = {}
    for command in COMMANDS:
        topic, colon, rest = command.partition(":")
        if colon:
            found.setdefault(topic, []).append(rest)
    return found


def script(text: str) -> str:
    """The script of bash or zsh."""
    commands = " ".join(COMMANDS)
    behind = [f"            {topic}) choices='{' '.join(x)}' ;;" for topic, x in topics().items()]
    flags = [f"            {flag}) kind={kind} ;;" for kind, flag in FLAGS.items()]
    kinds = [
        f"                {'|'.join(known)}) kind={kind} ;;"
        for kind, every in KINDS.items()
        if (known := [each for each in every if each in COMMANDS]) and kind != "commands"
    ]
    kinds.append(f"                help) choices='{commands}' ;;")
    return text.format(
        commands=commands, topics="\n".join(behind), flags="\n".join(flags), kinds="\n".join(kinds)
    )


def fish() -> str:
    """The script of fish."""
    from localku.cli.usage import GROUPS

    lines = ["# localku completion fish | source", "complete -c localku -f"]
    for commands in GROUPS.values():
        for command, what in commands.items():
            said = what.replace("\\", "\\\\").replace("'", "\\'")
            lines.append(f"complete -c localku -n __fish_use_subcommand -a '{command}' -d '{said}'")
    for kind, flag in FLAGS.items():
        short, *longs = flag.split("|")
        ask = f"(localku completion --words {kind} 2>/dev/null)"
        names = " ".join(f"-l {long[2:]}" for long in longs)
        lines.append(f"complete -c localku -s {short[1:]} {names} -x -a '{ask}'")
    for kind, every in KINDS.items():
        known = " ".join(each for each in every if each in COMMANDS)
        if known and kind != "commands":
            ask = f"(localku completion --words {kind} 2>/dev/null)"
            seen = f"__fish_seen_subcommand_from {known}"
            lines.append(f"complete -c localku -n '{seen}' -a '{ask}'")
    return "\n".join(lines) + "\n"
