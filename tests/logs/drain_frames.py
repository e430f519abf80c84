"""A parser of drain frames, written from RFC 6587 3.4.1 and RFC 5424 6 and from nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """One message. structured: the field that Logplex leaves out of its HTTP frames."""

    pri: int
    time: str
    host: str
    app: str
    proc: str
    msgid: str
    structured: str
    text: bytes


def split(data: bytes) -> list[bytes]:
    """Octet counting: MSG-LEN SP SYSLOG-MSG, and nothing between two of them."""
    messages = []
    while data:
        length, space, data = data.partition(b" ")
        assert space, length
        assert length.isdigit() and not length.startswith(b"0"), length
        size = int(length)
        assert len(data) >= size, "the frame is cut off"
        messages.append(data[:size])
        data = data[size:]
    return messages


def parse(message: bytes, *, structured: bool) -> Frame:
    """HEADER SP (STRUCTURED-DATA SP) MSG."""
    fields = 7 if structured else 6
    *head, text = message.split(b" ", fields)
    pri_version, *names = (word.decode("ascii") for word in head)
    assert pri_version.startswith("<") and pri_version.endswith(">1"), pri_version
    limits = (255, 48, 128, 32)  # HOSTNAME, APP-NAME, PROCID, MSGID
    for name, limit in zip(names[1:5], limits, strict=False):
        assert 0 < len(name) <= limit and all(33 <= ord(x) <= 126 for x in name), name
    shown = names[5] if structured else ""
    return Frame(int(pri_version[1:-2]), *names[:5], shown, text)  # type: ignore[call-arg]


def read(data: bytes, *, structured: bool = False) -> list[Frame]:
    """All messages of a body, or of a connection."""
    return [parse(message, structured=structured) for message in split(data)]


def texts(data: bytes, *, structured: bool = False) -> list[bytes]:
    """Only what was said, without line ends."""
    return [frame.text.removesuffix(b"\n") for frame in read(data, structured=structured)]
