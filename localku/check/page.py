"""The report as one HTML file: no script, nothing from elsewhere, light and dark."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

STYLE = Path(__file__).with_name("static").joinpath("doctor.css").read_text(encoding="utf-8")
CLASSES = {"pass": "pass", "warn": "warn", "fail": "fail", "not observed": "unseen"}


def page(report: Mapping[str, Any]) -> str:
    """The page of a report (see localku.check.document)."""
    style = hashlib.sha256(STYLE.encode()).digest()
    policy = f"default-src 'none'; style-src 'sha256-{base64.b64encode(style).decode()}'"
    app = escape(str(report["app"]))
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{app}: the twelve factors</title>",
            f"<style>{STYLE}</style></head><body>",
            f"<header><h1>{app}: the twelve factors</h1>",
            f"<p>{escape(report['summary'])}</p></header>",
            "<nav>",
            *[_tile(factor) for factor in report["factors"]],
            "</nav><main>",
            *[_section(factor) for factor in report["factors"]],
            "</main></body></html>",
            "",
        ]
    )


def _tile(factor: Mapping[str, Any]) -> str:
    verdict = factor["verdict"]
    return (
        f'<a class="{CLASSES[verdict]}" href="#factor-{factor["number"]}">{factor["roman"]}.'
        f" {escape(factor['name'])}<small>{verdict}</small></a>"
    )


def _section(factor: Mapping[str, Any]) -> str:
    findings = factor["findings"]
    bad = [each for each in findings if each["verdict"] in ("warn", "fail")]
    rest = [each for each in findings if each not in bad]
    out = [
        f'<section id="factor-{factor["number"]}" class="{CLASSES[factor["verdict"]]}">',
        f"<h2><i>{factor['roman']}</i>{escape(factor['name'])}"
        f'<span class="tag">{factor["verdict"]}</span></h2>',
        *[_finding(each) for each in bad],
    ]
    if rest and bad:
        out.append(f"<details><summary>{len(rest)} more</summary>")
        out += [*[_finding(each) for each in rest], "</details>"]
    else:
        out += [_finding(each) for each in rest]
    return "\n".join([*out, "</section>"])


def _finding(finding: Mapping[str, Any]) -> str:
    verdict = finding["verdict"]
    out = [
        f'<article class="{CLASSES[verdict]}"><p><span class="tag">{verdict}</span>'
        f' {escape(finding["said"])} <span class="name">{escape(finding["probe"])}</span></p>'
    ]
    if finding["evidence"]:
        out += ["<ul>", *[_evidence(each) for each in finding["evidence"]], "</ul>"]
    if finding["why"] or finding["fix"]:
        out.append("<dl>")
        for name, said in (("Why", finding["why"]), ("Do", finding["fix"])):
            if said:
                out.append(f"<dt>{name}</dt><dd>{escape(said)}</dd>")
        out.append("</dl>")
    return "\n".join([*out, "</article>"])


def _evidence(each: Mapping[str, str]) -> str:
    where = f"<b>{escape(each['where'])}</b> " if each["where"] else ""
    return f"<li>{where}{escape(each['text'])}</li>"
