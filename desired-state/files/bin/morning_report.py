#!/usr/bin/env python3
"""Writes the morning report of this machine to $REPORT_FILE: the last 24 hours on one page of Markdown."""

import datetime
import json
import os
import sys

sys.dont_write_bytecode = True
from fleet_env import alert_dir, now, parse_time, read_json, setting, stamp, write_atomic  # noqa: E402


def pulses(time):
    since = time - datetime.timedelta(hours=24)
    found = []
    for day in (since.date(), time.date()):
        try:
            with open(os.path.join(setting("PULSE_DIR"), f"{day}.jsonl"), encoding="utf-8") as lines:
                for line in lines:
                    try:
                        pulse = json.loads(line)
                        if parse_time(pulse["time"]) >= since:
                            found.append(pulse)
                    except (ValueError, KeyError, TypeError):
                        continue
        except FileNotFoundError:
            continue
        if since.date() == time.date():
            break
    return found


def machine(time):
    found = pulses(time)
    if not found:
        return ["No pulse in 24 hours: cron or `pulse.py` does not run."]
    down = sum(pulse["gateway"] is False for pulse in found)
    rows = [
        f"- {len(found)} pulses, the last at {found[-1]['time']}",
        f"- load at most {max(pulse['load'] for pulse in found)}",
        f"- disk free at least {min(pulse['disk_free_percent'] for pulse in found)} %",
        f"- swap used at most {max(pulse['swap_used_percent'] for pulse in found)} %",
    ]
    if any(pulse["gateway"] is not None for pulse in found):
        rows.append(f"- gateway silent in {down} of {len(found)} pulses")
    return rows


def alerts():
    rows = []
    for name in sorted(os.listdir(alert_dir())) if os.path.isdir(alert_dir()) else []:
        if name.endswith(".alert"):
            with open(os.path.join(alert_dir(), name), encoding="utf-8") as text:
                rows.append(f"- **{name[: -len('.alert')]}**: {text.readline().strip()}")
    return rows or ["None."]


def inference():
    if not os.path.exists(setting("REQUEST_LOG_DB", "")):
        return ["No request log on this machine."]
    from request_log import summarise

    rows = summarise(24)
    if not rows:
        return ["No call in 24 hours."]
    table = ["| provider | calls | errors | fallbacks | tokens | mean latency |", "|---|--:|--:|--:|--:|--:|"]
    for row in rows:
        latency = "-" if row["mean_latency_ms"] is None else f"{row['mean_latency_ms']} ms"
        table.append(f"| {row['provider']} | {row['calls']} | {row['errors']} | {row['fallbacks']} | {row['tokens']} | {latency} |")
    return table


def budget():
    home = setting("HERMES_HOME", "")
    state = read_json(os.path.join(home, "token_budget_state.json")) if home else None
    if not state:
        return []
    rows = ["", "## Budget", "", f"- {state['spent_today_usd']} USD today, {state['spent_this_month_usd']} USD this month"]
    if state["paused_pipelines"]:
        rows.append(f"- paused: {', '.join(state['paused_pipelines'])}")
    return rows


def main():
    time = now()
    rows = [f"# {setting('FLEET_HOST')}, {time:%Y-%m-%d}", "", f"Written {stamp(time)}.", "", "## Machine", "", *machine(time)]
    rows += ["", "## Alerts", "", *alerts(), "", "## Inference", "", *inference(), *budget()]
    path = setting("REPORT_FILE")
    write_atomic(path, "\n".join(rows) + "\n", 0o644)
    print(f"{stamp(time)} wrote {path}")


if __name__ == "__main__":
    main()
