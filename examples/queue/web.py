"""The web process: takes orders, puts a job for each into the queue, and never waits for it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import parse_qs

import config
import orders
import procrastinate
import psycopg
import psycopg_pool
import schema
from log import event

PAGE = Path(__file__).with_name("page.html").read_bytes()
LOOK = """
SELECT orders.id, item, tries, worker, made_by,
       CASE WHEN made_at IS NOT NULL THEN 'done' ELSE coalesce(
           CASE jobs.status WHEN 'todo' THEN 'waiting' WHEN 'doing' THEN 'in work' END, 'failed')
       END AS state
FROM orders LEFT JOIN invoices ON order_id = orders.id
LEFT JOIN procrastinate_jobs AS jobs ON jobs.id = job_id
"""
DEPTH = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"

TROUBLE = (procrastinate.exceptions.ProcrastinateException, psycopg.Error)
Answer = tuple[str, object, list[tuple[str, str]]]


def place_and_wait(item: str) -> int:
    """How not to do it: the visitor waits for the invoice, and so does everybody behind them."""
    with pool.connection() as db:
        row = db.execute("INSERT INTO orders (item) VALUES (%s) RETURNING id", [item]).fetchone()
    time.sleep(config.WORK)
    with pool.connection() as db:
        db.execute("INSERT INTO invoices VALUES (%s, %s)", [row[0], config.DYNO])
    return int(row[0])


def post(query: dict[str, list[str]], body: str) -> Answer:
    """POST /orders, `item=` in a form: 202 and where to look. ?inline=1: the work is done here."""
    item = parse_qs(body).get("item", ["tea"])[0][:100]
    inline = query.get("inline") == ["1"]
    if inline:
        number = place_and_wait(item)
    else:
        with pool.connection() as db:
            number = orders.place(db, item)
    where = f"/orders/{number}"
    found = {"order": number, "status": where}
    return ("201 Created" if inline else "202 Accepted"), found, [("Location", where)]


def newest() -> Answer:
    """GET /orders: what the page shows."""
    with pool.connection() as db:
        rows = _dicts(db.execute(f"{LOOK} ORDER BY orders.id DESC LIMIT 60"))
        depth = db.execute(DEPTH).fetchone()[0]
    return "200 OK", {"dyno": config.DYNO, "depth": depth, "orders": rows}, []


def one(number: int) -> Answer:
    """GET /orders/7: how far it is. The status URL of the 202."""
    with pool.connection() as db:
        rows = _dicts(db.execute(f"{LOOK} WHERE orders.id = %s", [number]))
    return ("200 OK", rows[0], []) if rows else ("404 Not Found", {"error": "no such order"}, [])


def _dicts(cursor: psycopg.Cursor) -> list[dict[str, object]]:
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def answer(environ: dict[str, object]) -> Answer:
    """One request. Raises one of TROUBLE when the database does not answer."""
    way = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    if way == "GET /":
        return "200 OK", PAGE, []
    if way == "GET /orders":
        return newest()
    if way == "POST /orders":
        size = min(int(environ.get("CONTENT_LENGTH") or 0), 10_000)
        body = environ["wsgi.input"].read(size).decode("utf-8", "replace")
        return post(parse_qs(environ["QUERY_STRING"]), body)
    if found := re.fullmatch(r"GET /orders/(\d{1,18})", way):
        return one(int(found[1]))
    return "404 Not Found", {"error": "GET /, GET or POST /orders, GET /orders/NUMBER"}, []


def app(environ: dict[str, object], start: Callable[..., object]) -> Iterable[bytes]:
    """What gunicorn calls (WSGI, PEP 3333)."""
    try:
        status, found, headers = answer(environ)
    except TROUBLE as error:
        event("database_trouble", why=repr(error))
        status, headers = "503 Service Unavailable", [("Retry-After", "2")]
        found = {"error": "the database does not answer"}
    is_page = isinstance(found, bytes)
    body = found if is_page else json.dumps(found).encode() + b"\n"
    kind = "text/html; charset=utf-8" if is_page else "application/json"
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *headers])
    return [body]


def prepare() -> bool:
    """Whether the schema is there. Without a database web starts all the same, and answers 503."""
    try:
        schema.prepare()
    except psycopg.Error as error:
        event("database_trouble", why=str(error).partition("\n")[0])
        return False
    return True


def say_depth(prepared: bool) -> None:
    """Once a second: jobs that wait or are in work. By web, which is there when no worker is."""
    last = -1
    while True:
        time.sleep(1)
        prepared = prepared or prepare()
        try:
            with pool.connection() as db:
                depth = db.execute(DEPTH).fetchone()[0]
        except psycopg.Error:
            continue
        if depth or depth != last:
            event("queue", **{"sample#queue.depth": depth})
        last = depth


pool = psycopg_pool.ConnectionPool(
    config.DATABASE_URL,
    min_size=1,
    max_size=4,
    timeout=2,  # a visitor is told, and does not wait for a database that is not there
    # tries to connect come further and further apart, for so long; then a visitor begins anew
    reconnect_timeout=2,
    check=psycopg_pool.ConnectionPool.check_connection,
    open=True,
)
threading.Thread(target=say_depth, args=[prepare()], daemon=True).start()
event("web_started")
