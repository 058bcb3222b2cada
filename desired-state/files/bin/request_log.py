#!/usr/bin/env python3
"""The request log: one row per inference call, fallback and rollback, in one SQLite file per machine.

  request_log.py record --agent A --provider P --model M --endpoint E --status S [--tokens-in N] [--tokens-out N]
                        [--latency-ms N] [--error TEXT]
  request_log.py seen --agent A --provider P [--within MINUTES]     exit 0 when there was such a call, 1 when not
  request_log.py summary [--hours N]                                calls, errors and tokens per provider, as JSON
  request_log.py export                                             yesterday's rows as JSON lines below the state directory
  request_log.py prune --keep-days N                                archives rows older than N days, then deletes them
"""

import argparse
import contextlib
import datetime
import json
import os
import sqlite3
import sys

sys.dont_write_bytecode = True
from fleet_env import now, setting, stamp, write_atomic  # noqa: E402

COLUMNS = ("id", "timestamp", "agent_name", "provider", "model", "endpoint", "tokens_in", "tokens_out", "latency_ms", "status",
           "error_message")


@contextlib.contextmanager
def database():
    """The existing database; this script never makes one, the reconciler does."""
    path = setting("REQUEST_LOG_DB")
    if not os.path.exists(path):
        raise SystemExit(f"{path} does not exist; the role request_log makes it")
    connection = sqlite3.connect(path, timeout=30)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def lines(rows):
    return "".join(json.dumps(dict(zip(COLUMNS, row))) + "\n" for row in rows)


def select(connection, where, *values):
    return connection.execute(f"SELECT {', '.join(COLUMNS)} FROM request_log WHERE {where} ORDER BY id", values).fetchall()


def record(options):
    values = (stamp(now()), options.agent, options.provider, options.model, options.endpoint, options.tokens_in,
              options.tokens_out, options.latency_ms, options.status, options.error)
    with database() as connection:
        marks = ", ".join("?" * len(values))
        connection.execute(f"INSERT INTO request_log ({', '.join(COLUMNS[1:])}) VALUES ({marks})", values)


def seen(options):
    since = stamp(now() - datetime.timedelta(minutes=options.within))
    with database() as connection:
        query = "SELECT count(*), max(timestamp) FROM request_log WHERE agent_name = ? AND provider = ? AND timestamp >= ?"
        count, last = connection.execute(query, (options.agent, options.provider, since)).fetchone()
    print(f"{count} calls in {options.within} min" + (f", the last at {last}" if count else ""))
    return 0 if count else 1


def summarise(hours):
    since = stamp(now() - datetime.timedelta(hours=hours))
    with database() as connection:
        rows = connection.execute(
            "SELECT provider, count(*), sum(status IN ('error', 'timeout')), sum(status = 'fallback'),"
            " coalesce(sum(tokens_in), 0) + coalesce(sum(tokens_out), 0), cast(avg(latency_ms) AS INTEGER)"
            " FROM request_log WHERE timestamp >= ? GROUP BY provider ORDER BY provider", (since,)).fetchall()
    names = ("provider", "calls", "errors", "fallbacks", "tokens", "mean_latency_ms")
    return [dict(zip(names, row)) for row in rows]


def export(_options):
    day = (now() - datetime.timedelta(days=1)).date()
    with database() as connection:
        text = lines(select(connection, "timestamp >= ? AND timestamp < ?", f"{day}T00:00:00Z", f"{now().date()}T00:00:00Z"))
    path = os.path.join(setting("TIMMY_STATE_DIR"), "exports", "request-log", f"{setting('FLEET_HOST')}-{day}.jsonl")
    if write_atomic(path, text):
        print(f"{path}: {text.count(chr(10))} rows")


def prune(options):
    """The archive is durable before anything is deleted; a second attempt writes the same file again."""
    before = stamp(now() - datetime.timedelta(days=options.keep_days))
    with database() as connection:
        rows = select(connection, "timestamp < ?", before)
        if not rows:
            return
        name = f"request_log-{rows[0][0]}-{rows[-1][0]}.jsonl"
        write_atomic(os.path.join(setting("TIMMY_STATE_DIR"), "archive", name), lines(rows))
        connection.executemany("DELETE FROM request_log WHERE id = ?", [(row[0],) for row in rows])
    print(f"archived and deleted {len(rows)} rows older than {before}: {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("record")
    for name in ("agent", "provider", "model", "endpoint"):
        command.add_argument(f"--{name}", required=True)
    command.add_argument("--status", required=True, choices=("pending", "success", "error", "timeout", "fallback"))
    for name in ("tokens-in", "tokens-out", "latency-ms"):
        command.add_argument(f"--{name}", type=int)
    command.add_argument("--error")
    command = commands.add_parser("seen")
    command.add_argument("--agent", required=True)
    command.add_argument("--provider", required=True)
    command.add_argument("--within", type=int, default=60)
    commands.add_parser("summary").add_argument("--hours", type=int, default=24)
    commands.add_parser("export")
    commands.add_parser("prune").add_argument("--keep-days", type=int, required=True)
    options = parser.parse_args()
    if options.command == "summary":
        print(json.dumps(summarise(options.hours), indent=2))
        return 0
    return {"record": record, "seen": seen, "export": export, "prune": prune}[options.command](options)


if __name__ == "__main__":
    sys.exit(main())
