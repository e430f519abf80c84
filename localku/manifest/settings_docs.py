"""The table of settings in words: for the README (markdown) and for --help (columns). Pure."""

from __future__ import annotations

from localku.manifest.setting import Setting
from localku.manifest.settings_table import GROUPS, TABLE

START, END = "<!-- settings -->", "<!-- /settings -->"


def markdown_block() -> str:
    """The markers of the README with the table between them, ended by a newline."""
    return f"{START}\n{markdown_table()}{END}\n"


def markdown_table() -> str:
    """All settings as one markdown table, a row for each."""
    rows = [
        "| flag | variable | localku.yml | default | what it is |",
        "|---|---|---|---|---|",
    ]
    for group in GROUPS:
        rows.append(f"| **{group}** | | | | |")
        rows += [_row(setting) for setting in TABLE if setting.group == group]
    return "\n".join(rows) + "\n"


def _row(setting: Setting) -> str:
    value = f" {_metavar(setting)}" if setting.kind != "bool" else ""
    flags = ", ".join(f"`{flag}`" for flag in (*setting.flags[:-1], setting.flag + value))
    if setting.kind == "bool":
        flags += f", `--no-{setting.flag[2:]}`"
    if setting.aliases:
        flags += " (also " + ", ".join(f"`{flag}`" for flag in setting.aliases) + ")"
    key = f"`{setting.yaml_key}`" if setting.yaml_key else ""
    if setting.name == "watch_pattern":
        key = "`watch`"
    if setting.per_type:
        key += f", `types.TYPE.{'watch' if setting.name == 'watch_pattern' else setting.name}`"
    cells = [flags, f"`{setting.variable}`", key, default_text(setting), setting.help]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def default_text(setting: Setting) -> str:
    """The default as a person writes it: `30s`, `no`, `.env`; Heroku's own behind it."""
    shown = setting.shown_default or _plain(setting, setting.default)
    if setting.heroku is not None:
        shown += f", Heroku {_plain(setting, setting.heroku)}"
    return shown


def _plain(setting: Setting, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if setting.kind == "duration" and isinstance(value, float):
        return _duration(value)
    if isinstance(value, list):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _duration(seconds: float) -> str:
    for unit, length in (("h", 3600), ("m", 60)):
        if seconds >= 2 * length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"


def _metavar(setting: Setting) -> str:
    return "|".join(setting.choices) if setting.choices else setting.metavar


def help_lines(column: int = 30, width: int = 80) -> list[str]:
    """All settings as lines of --help, by group. column: where the words begin."""
    lines: list[str] = []
    for group in GROUPS:
        lines += ["", f"{group}:"]
        for setting in TABLE:
            if setting.group == group:
                lines += _help_lines(setting, column, width)
    return lines


def _help_lines(setting: Setting, column: int, width: int) -> list[str]:
    short = f"{setting.flags[0]}, " if len(setting.flags) > 1 else "    "
    value = f" {_metavar(setting)}" if setting.kind != "bool" else ""
    lines = [f"  {short}{setting.flag}{value}"]
    if len(lines[0]) > column - 2:
        lines.append("")
    lines[-1] = lines[-1].ljust(column)
    default = default_text(setting)
    shown = f" [{default}]" if default and default != "no" else ""
    for word in f"{setting.help}{shown}".split():
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append(" " * column)
        lines[-1] += word if len(lines[-1]) == column else f" {word}"
    return lines
