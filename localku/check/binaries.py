"""Probe II: does the app run programs that a dyno does not have? Pure.

Judged are programs that are known to be missing from the heroku-24 run image (base-images,
heroku-24/installed-packages): so a program that nobody has heard of raises no alarm, and neither
does curl, convert or psql, which the image has.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from localku.check import jsfacts
from localku.check.commands import steps
from localku.check.evidence import Probing, line_at, line_of, listed, seen
from localku.check.finding import Evidence, Finding
from localku.check.pyfacts import Call, facts_of
from localku.check.pymodules import app_python
from localku.check.slug import Slug

_AT = Probing(2, "programs")
# program -> the Ubuntu package that has it
_TABLE = """
ffmpeg ffmpeg
ffprobe ffmpeg
avconv libav-tools
wkhtmltopdf wkhtmltopdf
wkhtmltoimage wkhtmltopdf
tesseract tesseract-ocr
gs ghostscript
pandoc pandoc
libreoffice libreoffice
soffice libreoffice
unoconv unoconv
pdflatex texlive-latex-base
xelatex texlive-xetex
latexmk latexmk
dot graphviz
inkscape inkscape
rsvg-convert librsvg2-bin
chromium chromium
chromium-browser chromium
google-chrome google-chrome-stable
chromedriver chromium-driver
geckodriver geckodriver
xvfb-run xvfb
Xvfb xvfb
qpdf qpdf
pdftk pdftk-java
exiftool libimage-exiftool-perl
jpegoptim jpegoptim
optipng optipng
pngquant pngquant
gifsicle gifsicle
cwebp webp
sox sox
lame lame
mediainfo mediainfo
git git
gcc gcc
make make
cmake cmake
svn subversion
hg mercurial
mysql mysql-client
mysqldump mysql-client
sqlite3 sqlite3
redis-cli redis-tools
redis-server redis-server
mongodump mongodb-database-tools
jq jq
nmap nmap
whois whois
ping iputils-ping
docker docker.io
aws awscli
sendmail sendmail
7z p7zip-full
unrar unrar
aspell aspell
espeak espeak
gnuplot gnuplot
zbarimg zbar-tools
cron cron
crontab cron
systemctl systemd
nginx nginx
supervisord supervisor
"""
ABSENT = {words[0]: words[1] for words in map(str.split, _TABLE.split("\n")) if words}
# what else brings a program along: names in declarations or of buildpacks' files
_BROUGHT = {
    "ffmpeg": r"ffmpeg-static|imageio-ffmpeg|ffmpeg-installer|static-ffmpeg|buildpack-ffmpeg",
    "ffprobe": r"ffprobe-static|ffprobe-installer|static-ffmpeg|buildpack-ffmpeg",
    "wkhtmltopdf": r"wkhtmltopdf",
    "chromium": r"puppeteer|playwright|chromium|chrome",
    "google-chrome": r"chrome",
    "chromedriver": r"chromedriver|chrome-for-testing",
    "pandoc": r"pypandoc[-_]binary",
    "nginx": r"buildpack-nginx|bin/start-nginx",
    "supervisord": r"(?m)^supervisor\b",
    "aws": r"(?m)^awscli\b",
    "gs": r"ghostscript",
}
_SPAWNS = re.compile(
    r"(?:subprocess\.)?(?:run|call|check_call|check_output|Popen|getoutput|getstatusoutput)"
    r"|os\.(?:system|popen|execl[pe]*|execv[pe]*|spawn\w+)|(?:asyncio\.)?create_subprocess_\w+"
)
_JS_SPAWN = re.compile(
    r"\b(?:exec|execSync|execFile|execFileSync|spawn|spawnSync|execa)\s*\(\s*(['\"`])([^'\"`\n]+?)\1"
)
_WHY = "The heroku-24 image of a dyno does not have it: the call fails there."
_DECLARING: tuple[str, ...] = (
    "Aptfile",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "package.json",
)
_DECLARING += ("app.json", ".buildpacks", "project.toml", "Procfile", "environment.yml")


def probe(slug: Slug) -> list[Finding]:
    """Programs that the app or its Procfile starts and that a dyno lacks."""
    fetched = " ".join(slug.files.get("Aptfile", "").split())
    said = "\n".join(slug.files.get(name, "") for name in _DECLARING)
    found: dict[str, list[Evidence]] = {}
    maybe: dict[str, list[Evidence]] = {}
    for name, evidence, guarded in [*_commands(slug), *_calls(slug), *_js_calls(slug)]:
        package = ABSENT.get(name)
        if package is None or re.search(rf"\b{re.escape(package)}\b", fetched):
            continue
        brought = _BROUGHT.get(name)
        if brought and re.search(brought, said):
            continue
        (maybe if guarded else found).setdefault(name, []).append(evidence)
    return list(_judged(found, maybe))


def _judged(
    found: dict[str, list[Evidence]], maybe: dict[str, list[Evidence]]
) -> Iterator[Finding]:
    if found:
        packages = listed(list(dict.fromkeys(ABSENT[name] for name in found)))
        fix = f"Name {packages} in an Aptfile (apt buildpack), or do without the program."
        evidence = [each for rows in found.values() for each in rows]
        yield _AT.warn(f"runs {listed(list(found))}, which a dyno lacks", evidence, _WHY, fix)
    elif not maybe:
        yield _AT.passed("no program is run that is known to be missing in a dyno")
    else:
        said = f"tries {listed(list(maybe))}, and goes on without: a dyno lacks it"
        yield _AT.passed(said)


def _commands(slug: Slug) -> Iterator[tuple[str, Evidence, bool]]:
    for step in steps(slug):
        yield step.program, seen(step.where, step.text), step.join == "||"


def _calls(slug: Slug) -> Iterator[tuple[str, Evidence, bool]]:
    for path, text in app_python(slug).items():
        facts = facts_of(text)
        for call in facts.calls if facts else ():
            name = _spawned(call)
            if name:
                line = line_at(text, call.line)
                yield name, seen(f"{path}:{call.line}", line), call.guarded


def _spawned(call: Call) -> str:
    """The program that a call starts, where it is literal; else ""."""
    if not call.args or not _SPAWNS.fullmatch(call.name):
        return ""
    first = call.args[0]
    if isinstance(first, tuple):
        first = first[0] if first else ""
    words = first.split() if isinstance(first, str) else []
    return posixpath.basename(words[0]) if words else ""


def _js_calls(slug: Slug) -> Iterator[tuple[str, Evidence, bool]]:
    for path, text in jsfacts.app_javascript(slug).items():
        if "child_process" not in text and "execa" not in text:
            continue
        plain = jsfacts.without_comments(text)
        for match in _JS_SPAWN.finditer(plain):
            line = line_of(plain, match.start())
            before = plain[max(0, match.start() - 400) : match.start()]
            name = posixpath.basename(match[2].split()[0]) if match[2].split() else ""
            guarded = bool(re.search(r"\btry\s*\{[^{}]*$", before))
            yield name, seen(f"{path}:{line}", line_at(text, line)), guarded
