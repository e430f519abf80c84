"""What a report says is free of config vars' values and of secrets in code."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from localku.check.redact import Redactor

CONFIG = {
    "DATABASE_URL": "postgres://shop:p4ss/w0rd@db.acme.io:5432/shop",
    "STRIPE": "q9Zt4LmX2vRb8KwYc7Hn",
    "PIN": "p&ss'w\"rd\u00e9",
    "GREETING": 'say "hello" & bye',
    "DEBUG": "true",
    "STAGE": "production",
    "PORT_BASE": "15000",
    "CONFIG": "conf/site.ini",
    "SECRET_KEY": "correct-horse",
    "EMPTY": "",
}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("got q9Zt4LmX2vRb8KwYc7Hn there", "got [STRIPE] there"),
        (CONFIG["DATABASE_URL"], "[DATABASE_URL]"),
        (f"?to={quote(CONFIG['DATABASE_URL'], safe='')}", "?to=[DATABASE_URL]"),
        ("password p4ss/w0rd is wrong", "password [DATABASE_URL] is wrong"),
        ("?q=say+%22hello%22+%26+bye", "?q=[GREETING]"),
        ('{"x": "say \\"hello\\" & bye"}', '{"x": "[GREETING]"}'),
        ("p&amp;ss&#x27;w&quot;rd\u00e9", "[PIN]"),
        ("p&amp;ss&#39;w&quot;rd\u00e9", "[PIN]"),
        (json.dumps(CONFIG["PIN"]), '"[PIN]"'),
        (repr(CONFIG["PIN"]), "'[PIN]'"),
        ("key correct-horse", "key [SECRET_KEY]"),
        ("it is true that production uses 15000", "it is true that production uses 15000"),
        ("reads conf/site.ini", "reads conf/site.ini"),
        ("amqp://me:hunter22@mq.acme.io/x", "amqp://me:[password]@mq.acme.io/x"),
        ("redis://:$PASSWORD@cache", "redis://:$PASSWORD@cache"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_values_are_replaced_by_their_names(text: str, clean: str) -> None:
    assert Redactor(CONFIG).clean(text) == clean


def test_secrets_of_the_code_are_hidden_everywhere() -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    code = [
        f"T = '{token}'",
        "SECRET_KEY = 'my-dog-rex'",
        "[x]\nhmac_secret = 5f3c9a7be1d2048866fa",
    ]
    redactor = Redactor({}, code)
    text = f"{token} my-dog-rex 5f3c9a7be1d2048866fa"
    assert redactor.clean(text) == "[secret] [secret] [secret]"
    assert token not in Redactor({}).clean(f"Authorization: {token}")


def test_a_longer_value_goes_first() -> None:
    redactor = Redactor({"A": "abcdef123", "B": "abcdef123456"})
    assert redactor.clean("abcdef123456 abcdef123") == "[B] [A]"


def test_lines_of_a_value_are_hidden_alone() -> None:
    redactor = Redactor({"PEM": "-----BEGIN-----\nMIIEowIBAAKC\n-----END-----"})
    assert "MIIEowIBAAKC" not in redactor.clean("line MIIEowIBAAKC of it")
