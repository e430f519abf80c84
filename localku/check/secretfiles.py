"""Probe III: are there secrets in the code? Pure. What it says never holds a value.

Left out: tests, documents, examples, lock files, programs that a machine wrote, and `.env`, which
is where secrets belong (whether git tracks it is judged apart).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from localku.check import jsfacts, places
from localku.check.evidence import Probing, counted, line_of, listed
from localku.check.finding import Evidence, Finding
from localku.check.pyfacts import facts_of
from localku.check.pymodules import app_python
from localku.check.secretshapes import Secret, is_blank, secrets_in
from localku.check.slug import Slug
from localku.logs.secrets import is_secret

_AT = Probing(3, "secrets")
_ENV = re.compile(r"\.env(?:\..*)?|\.flaskenv|.*\.env")
_NOT_CODE = (
    ".ipynb",
    ".json5",
    ".lock",
    ".sum",
    ".pem.pub",
    ".crt",
    ".cer",
    ".sql",
    ".log",
    ".xml",
)
_SESSION_KEYS = frozenset(("SECRET_KEY", "secret_key", "SESSION_SECRET", "JWT_SECRET_KEY"))
_JS_KEY = re.compile(r"""\b(?:secret|keys)\s*:\s*\[?\s*["']([^"'\n]+)["']""")
_SETTINGS = (".ini", ".cfg", ".conf", ".properties", ".toml", ".yml", ".yaml")
# services for a laptop or for CI: their passwords open nothing, unless they have a known shape
_LAPTOP = re.compile(
    r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$|(?:^|/)\.[\w.-]+(?:/|\.ya?ml$)|\.dev\."
)
_PAIR = re.compile(r"""^(?:export )?([A-Za-z_]\w*)=["']?([^"'\n]+)""", re.M)
_WHY = "Everyone who can read the repository has it, and a new one needs a new release."
_FIX = "Read it from a config var (heroku config:set), and replace the value: git remembers it."


def probe(slug: Slug) -> list[Finding]:
    """Secrets in files that may run, and a `.env` that git tracks."""
    sure: list[Evidence] = []
    named: list[Evidence] = []
    for path, secret in found_secrets(slug):
        text = slug.files[path]
        where = f"{path}:{line_of(text, secret.start)}"
        said = f"{secret.name} = " if secret.name else f"{secret.kind} "
        evidence = Evidence("file", where, f"{said}({secret.end - secret.start} characters)")
        (sure if secret.sure else named).append(evidence)
    findings = []
    if sure:
        findings.append(_AT.fail(f"{counted(len(sure), 'secret')} in the code", sure, _WHY, _FIX))
    if named:
        number = counted(
            len(named), "literal that looks like a secret", "literals that look like secrets"
        )
        findings.append(_AT.fail(f"{number} in the code", named, _WHY, _FIX))
    findings += _session_keys(slug, {each.where for each in (*sure, *named)})
    findings += _tracked_env(slug)
    return findings or [_AT.passed("no secret was found in the code")]


def _session_keys(slug: Slug, said: set[str]) -> list[Finding]:
    """Literals that sign sessions, however simple they are: whoever reads them can sign, too."""
    found = []
    for path, text in app_python(slug).items():
        facts = facts_of(text)
        for each in facts.assigns if facts else ():
            is_key = each.name in _SESSION_KEYS and isinstance(each.value, str) and each.value
            asks = (
                re.search(rf"environ[^\n]*{each.name}|from_prefixed_env", text) if is_key else True
            )
            if is_key and not asks and f"{path}:{each.line}" not in said:
                text_ = f"{each.name} = ({len(each.value)} characters)"
                found.append(Evidence("file", f"{path}:{each.line}", text_))
    for path, text in jsfacts.app_javascript(slug).items():
        names = {each.name for each in jsfacts.imports_of(text)}
        if names & {"express-session", "cookie-session", "cookie-parser", "client-sessions"}:
            plain = jsfacts.without_comments(text)
            for match in _JS_KEY.finditer(plain):
                where = f"{path}:{line_of(plain, match.start())}"
                if where not in said:
                    found.append(Evidence("file", where, f"secret: ({len(match[1])} characters)"))
    if not found:
        return []
    why = "Whoever has the source can sign sessions of any user."
    return [_AT.warn("the key that signs sessions is a literal", found, why, _FIX)]


def found_secrets(slug: Slug) -> Iterator[tuple[str, Secret]]:
    """(path, secret) of each secret in a file that is judged."""
    for path in sorted(slug.files):
        if is_judged(path, slug.files[path]):
            unquoted = path.endswith(
                (".ini", ".cfg", ".conf", ".properties", ".toml", ".yml", ".yaml")
            )
            for secret in secrets_in(slug.files[path], unquoted=unquoted):
                if secret.known or not _LAPTOP.search(path):
                    yield path, secret


def is_judged(path: str, text: str) -> bool:
    """Whether a secret in a file is one of the app's."""
    name = posixpath.basename(path)
    if places.is_aside(path) or places.is_prose(path) or places.is_template(path):
        return False
    return not (_ENV.fullmatch(name) or name.endswith(_NOT_CODE) or places.is_minified(text))


def _tracked_env(slug: Slug) -> list[Finding]:
    """`.env` files with values that git tracks. Nothing without git."""
    if slug.git is None:
        return []
    found = []
    for path in sorted(slug.git.tracked):
        name = posixpath.basename(path)
        if not _ENV.fullmatch(name) or places.is_template(path) or places.is_aside(path):
            continue
        pairs = re.findall(_PAIR, slug.files.get(path, ""))
        secret = [name for name, value in pairs if is_secret(name, value) and not is_blank(value)]
        told = f"among them {listed(secret, 3)}" if secret else "none that was known as a secret"
        if pairs:
            text = f"tracked; sets {counted(len(pairs), 'config var')}, {told}"
            found.append(Evidence("git", path, text))
    if not found:
        return []
    fix = "git rm --cached it, name it in .gitignore, and commit a .env.example without values."
    return [_AT.warn(".env is in the repository", found, _WHY, fix)]
