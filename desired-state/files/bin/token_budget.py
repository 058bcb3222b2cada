#!/usr/bin/env python3
"""Holds the token budget: adds up token_usage.jsonl and says what may still run.

Reads the caps in $HERMES_HOME/token_budget.json and writes $HERMES_HOME/token_budget_state.json, which pipelines read before
they start: those listed in `paused_pipelines` wait for tomorrow, backends in `exhausted_backends` are passed over.
A usage line is {"timestamp", "pipeline", "backend", "tokens_in", "tokens_out", "cost_usd"}. Warnings are never silent: they
raise the alert `token-budget`.
"""

import json
import math
import os
import sys
from collections import defaultdict

sys.dont_write_bytecode = True
from fleet_env import now, parse_time, read_json, set_alert, setting, write_atomic  # noqa: E402


def read_entry(line):
    """The time of a usage line and what it says; an error where it says nothing of the kind."""
    entry = json.loads(line)
    cost, tokens = float(entry.get("cost_usd", 0)), int(entry.get("tokens_in", 0)) + int(entry.get("tokens_out", 0))
    # What is not a number is below every cap, for ever.
    if not math.isfinite(cost) or cost < 0 or tokens < 0:
        raise ValueError("neither a cost nor tokens")
    names = {key: str(entry.get(key, "unknown")) for key in ("backend", "pipeline")}
    return parse_time(entry["timestamp"]), {**names, "cost": cost, "tokens": tokens}


def usage(path, time):
    """Spending of this month as (is today, entry). Lines that cannot be read are counted, not trusted."""
    entries, broken = [], 0
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    when, entry = read_entry(line)
                except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
                    broken += 1
                    continue
                if (when.year, when.month) == (time.year, time.month):
                    entries.append((when.date() == time.date(), entry))
    except FileNotFoundError:
        pass
    return entries, broken


def judge(caps, entries, broken):
    """Pure: caps and spending to the state that pipelines read."""
    today, month = 0.0, 0.0
    backends, pipelines = defaultdict(float), defaultdict(int)
    for is_today, entry in entries:
        month += entry["cost"]
        backends[entry["backend"]] += entry["cost"]
        if is_today:
            today += entry["cost"]
            pipelines[entry["pipeline"]] += entry["tokens"]
    share = caps["warn_at_percent"] / 100
    spent = [("today", today, caps["daily_usd"]), ("this month", month, caps["monthly_usd"])]
    spent += [(f"backend {name}", backends[name], cap) for name, cap in caps["backends_monthly_usd"].items()]
    warnings = [f"{what}: {value:.2f} of {cap:.2f} USD" for what, value, cap in spent if value >= share * cap]
    if broken:
        warnings.append(f"{broken} usage lines cannot be read")
    all_stopped = today >= caps["daily_usd"] or month >= caps["monthly_usd"]
    paused = [name for name, cap in caps["pipelines_daily_tokens"].items() if all_stopped or pipelines[name] >= cap]
    exhausted = [name for name, cap in caps["backends_monthly_usd"].items() if all_stopped or backends[name] >= cap]
    return {
        "spent_today_usd": round(today, 4),
        "spent_this_month_usd": round(month, 4),
        "paused_pipelines": sorted(paused),
        "exhausted_backends": sorted(exhausted),
        "local_only": all_stopped,
        "warnings": warnings,
    }


def main():
    time = now()
    home = setting("HERMES_HOME")
    caps = read_json(os.path.join(home, "token_budget.json"))
    if caps is None:
        raise SystemExit(f"{home}/token_budget.json is absent or not JSON")
    entries, broken = usage(os.path.join(home, "token_usage.jsonl"), time)
    state = {"day": f"{time:%Y-%m-%d}", **judge(caps, entries, broken)}
    write_atomic(os.path.join(home, "token_budget_state.json"), json.dumps(state, indent=2) + "\n")
    set_alert("token-budget", "; ".join(state["warnings"]))


if __name__ == "__main__":
    main()
