#!/usr/bin/env python3
"""Compares the jobs that Hermes has with those that it should have, and changes nothing.

Hermes owns cron/jobs.json and writes it on every tick, so the fleet only says in cron/definitions.json what belongs there.
Differences raise the alert `hermes-cron`; `hermes cron add|edit|remove` is how they are settled. A job that names no model or
provider is a difference too: it would inherit whatever the default happens to be.
"""

import os
import sys

sys.dont_write_bytecode = True
from fleet_env import read_json, set_alert, setting  # noqa: E402


def expression(job):
    schedule = job.get("schedule")
    return schedule.get("expr", schedule.get("display")) if isinstance(schedule, dict) else schedule


def differences(wanted, actual):
    """Pure: what a person should settle, in the order of the definitions."""
    by_name = {job.get("name"): job for job in actual}
    for job in wanted:
        live = by_name.get(job["name"])
        if live is None:
            yield f"{job['name']}: missing"
            continue
        if expression(live) != job["schedule"]:
            yield f"{job['name']}: runs at {expression(live)}, not {job['schedule']}"
        if bool(live.get("enabled", True)) != job["enabled"]:
            yield f"{job['name']}: is {'on' if live.get('enabled', True) else 'off'}"
    for job in actual:
        if not job.get("model") or not job.get("provider"):
            yield f"{job.get('name')}: names no model or provider"


def main():
    home = os.path.join(setting("HERMES_HOME"), "cron")
    wanted = read_json(os.path.join(home, "definitions.json"))
    if wanted is None:
        raise SystemExit(f"{home}/definitions.json is absent or not JSON")
    live = read_json(os.path.join(home, "jobs.json"), {"jobs": []})
    actual = live if isinstance(live, list) else live.get("jobs", [])
    actual = list(actual.values()) if isinstance(actual, dict) else actual
    set_alert("hermes-cron", "; ".join(differences(wanted["jobs"], actual)))


if __name__ == "__main__":
    main()
