"""The environment in which Heroku's own clients speak to the platform that runs here. Pure.

What each variable does, and what a client does without it, was found by trying heroku 11.10.0: the
host has to be 127.0.0.1 or localhost, or the CLI goes to Heroku's production; without the variables
of the second group a command sends the key to other hosts, or waits for them for seconds.
"""

from __future__ import annotations

import shlex

NO_KEY = ("HEROKU_API_KEY",)
FISH = "fish"


def variables(port: int, key: str, app: str = "", ca: str = "") -> dict[str, str]:
    """What has to be set. port: of the API. app: meant where none is named, or "". ca: the file
    of the CA that signs for the API, or ""."""
    url = f"http://127.0.0.1:{port}"
    found = {
        "HEROKU_HOST": url,
        "HEROKU_API_KEY": key,
        "HEROKU_LOGIN_HOST": url,
        "HEROKU_PARTICLEBOARD_URL": url,
        "HEROKU_BUILDPACK_REGISTRY_URL": url,
        "HEROKU_DATA_HOST": "127.0.0.1",
        "DISABLE_TELEMETRY": "true",
        "HEROKU_SKIP_ANALYTICS": "1",
        "HEROKU_SKIP_NEW_VERSION_CHECK": "true",
    }
    if app:
        found["HEROKU_APP"] = app
    if ca:
        found["NODE_EXTRA_CA_CERTS"] = ca
        found["GIT_CONFIG_COUNT"] = "1"
        found["GIT_CONFIG_KEY_0"] = f"http.https://127.0.0.1:{port}/.sslCAInfo"
        found["GIT_CONFIG_VALUE_0"] = ca
    return found


def script(variables: dict[str, str], shell: str) -> list[str]:
    """Lines for `eval "$(localku env)"`, or for `localku env | source` in fish."""
    if shell == FISH:
        return [f"set -gx {name} {_fish(value)};" for name, value in variables.items()]
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def _fish(value: str) -> str:
    """Quoted for fish: in single quotes only \\ and ' are special (fish manual, Quotes)."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def shell_of(path: str) -> str:
    """fish, or sh for all that understand `export`. path: $SHELL."""
    return FISH if path.rpartition("/")[2] == FISH else "sh"
