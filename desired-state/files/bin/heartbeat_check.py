#!/usr/bin/env python3
"""Finds scheduled jobs that stopped running or stopped succeeding.

run-job writes <job>.last after each success. A job is stale when its last success is older than twice its interval, or
when it never had one and has been configured for that long. Each stale job is an alert; recovery clears it.
"""

import datetime
import os
import sys

sys.dont_write_bytecode = True
from fleet_env import alert_dir, now, parse_time, read_json, set_alert, setting, stamp, write_atomic  # noqa: E402


def configured_jobs():
    """FLEET_JOBS is `name:seconds name:seconds ...`."""
    for entry in setting("FLEET_JOBS").split():
        name, seconds = entry.rsplit(":", 1)
        yield name, int(seconds)


def configured_since(directory, name, time):
    """When this job was first seen here; remembered, so that a job that never ran becomes stale too."""
    path = os.path.join(directory, f".{name}.since")
    try:
        with open(path, encoding="ascii") as file:
            return parse_time(file.read().strip())
    except (FileNotFoundError, ValueError):  # a full disk or a power cut leaves an empty one
        write_atomic(path, stamp(time))
        return time


def main():
    time = now()
    directory = setting("HEARTBEAT_DIR")
    os.makedirs(directory, exist_ok=True)
    known = set()
    for name, interval in configured_jobs():
        known.add(f"job-{name}.alert")
        limit = datetime.timedelta(seconds=2 * interval)
        last = read_json(os.path.join(directory, f"{name}.last"))
        since = configured_since(directory, name, time)
        if last:
            finished = parse_time(last["finished"])
            text = f"{name}: last success {last['finished']}, expected every {interval} s" if time - finished > limit else ""
        else:
            text = f"{name}: no success since {stamp(since)}, expected every {interval} s" if time - since > limit else ""
        set_alert(f"job-{name}", text)
    for name in sorted(os.listdir(alert_dir())) if os.path.isdir(alert_dir()) else []:
        if name.startswith("job-") and name.endswith(".alert") and name not in known:
            set_alert(name[: -len(".alert")], "")


if __name__ == "__main__":
    main()
