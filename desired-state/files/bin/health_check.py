#!/usr/bin/env python3
"""Asks every machine of the fleet whether it answers, and keeps the record.

Targets stand in $FLEET_DIR/fleet-health.json, rendered from the inventory. The record is
$TIMMY_STATE_DIR/fleet-health/uptime.json. Three failures in a row raise the alert `fleet-<name>`; an answer clears it.
"""

import concurrent.futures
import json
import os
import socket
import sys

sys.dont_write_bytecode = True
from fleet_env import now, read_json, set_alert, setting, stamp, write_atomic  # noqa: E402

FAILURES_BEFORE_ALERT = 3
TIMEOUT = 5


def answers(target):
    try:
        socket.create_connection((target["host"], target["port"]), timeout=TIMEOUT).close()
        return True
    except OSError:
        return False


def update(record, up, time):
    """Pure: the record of one target after one more check."""
    record = record or {"up": up, "since": time, "checks": 0, "up_checks": 0, "failures_in_a_row": 0}
    return {
        "up": up,
        "since": record["since"] if record["up"] == up else time,
        "checked": time,
        "checks": record["checks"] + 1,
        "up_checks": record["up_checks"] + up,
        "uptime_percent": round(100 * (record["up_checks"] + up) / (record["checks"] + 1), 2),
        "failures_in_a_row": 0 if up else record["failures_in_a_row"] + 1,
    }


def main():
    source = os.path.join(setting("FLEET_DIR"), "fleet-health.json")
    targets = read_json(source)
    if targets is None:
        raise SystemExit(f"{source} is absent or not JSON")
    path = os.path.join(setting("TIMMY_STATE_DIR"), "fleet-health", "uptime.json")
    before = read_json(path, {})
    time = stamp(now())
    with concurrent.futures.ThreadPoolExecutor(max_workers=16) as pool:
        results = list(pool.map(answers, targets))
    after = {target["name"]: update(before.get(target["name"]), up, time) for target, up in zip(targets, results)}
    for name, record in after.items():
        is_down = record["failures_in_a_row"] >= FAILURES_BEFORE_ALERT
        set_alert(f"fleet-{name}", f"{name} does not answer since {record['since']}" if is_down else "")
    for name in before.keys() - after.keys():
        set_alert(f"fleet-{name}", "")
    # Last, so that a run that is cut short still knows whose alerts are to be cleared.
    write_atomic(path, json.dumps(after, indent=2) + "\n")


if __name__ == "__main__":
    main()
