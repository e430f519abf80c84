from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localku.logs.logfmt import emit, parse

ROUTER = (
    'sock=backend at=error code=H18 desc="Server Request Interrupted" method=POST '
    'path="/api/v1/a?b=c&d=%20" host=a.localhost request_id=32703692-2362 fwd="100.27.26.255,::1" '
    "dyno=web.1 connect=0ms service=710ms status=200 bytes= protocol=http1.1 tls=true"
)


@pytest.mark.parametrize(
    ("line", "pairs"),
    [
        ("", []),
        ("a=1 b=2", [("a", "1"), ("b", "2")]),
        ("a= b=", [("a", ""), ("b", "")]),
        ("just some text", [("just", ""), ("some", ""), ("text", "")]),
        ('a="b c" d=e', [("a", "b c"), ("d", "e")]),
        (r'a="say \"hi\" \\ \n"', [("a", 'say "hi" \\ \n')]),
        ('a=""', [("a", "")]),
        ('a="open b=1', [("a", '"open'), ("b", "1")]),
        ("path=/a?b=c", [("path", "/a?b=c")]),
        ("sample#memory_total=21.00MB", [("sample#memory_total", "21.00MB")]),
        ("  a=1   b=2 ", [("a", "1"), ("b", "2")]),
    ],
)
def test_parse(line: str, pairs: list[tuple[str, str]]) -> None:
    assert parse(line) == pairs


def test_a_router_line_survives_the_round_trip() -> None:
    assert emit(parse(ROUTER), quoted={"desc", "path", "fwd"}) == ROUTER


KEYS = st.text(
    st.characters(codec="utf-8", exclude_characters='="', categories=["L", "N"]), min_size=1
)


@given(st.lists(st.tuples(KEYS, st.text())))
def test_what_is_emitted_is_parsed_again(pairs: list[tuple[str, str]]) -> None:
    line = emit(pairs)
    assert "\n" not in line
    assert parse(line) == pairs
