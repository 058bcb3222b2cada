#!/usr/bin/env python3
"""Records how this machine is: one JSON line per run in $PULSE_DIR/<day>.jsonl, kept for 30 days.

A machine that runs out of disk or swap, or whose gateway does not answer, raises the alert `machine`.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
from fleet_env import now, set_alert, setting, stamp  # noqa: E402

KEEP_DAYS = 30


def disk_free_percent():
    usage = shutil.disk_usage("/")
    return round(100 * usage.free / usage.total, 1)


def swap_used_percent():
    """0 without swap."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            text = lines.read()
        total, free = (int(re.search(rf"^{key}:\s+(\d+)", text, re.M).group(1)) for key in ("SwapTotal", "SwapFree"))
    except FileNotFoundError:
        text = subprocess.run(["sysctl", "-n", "vm.swapusage"], capture_output=True, text=True, check=True).stdout
        total, free = (float(re.search(rf"{key} = ([\d.]+)M", text).group(1)) for key in ("total", "free"))
    return round(100 * (total - free) / total, 1) if total else 0.0


def gateway_answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


def reasons(pulse):
    """Why this machine counts as blocked; empty when it does not."""
    if pulse["disk_free_percent"] < float(setting("MIN_DISK_FREE_PERCENT", "10")):
        yield f"only {pulse['disk_free_percent']} % of the disk is free"
    if pulse["swap_used_percent"] > float(setting("MAX_SWAP_USED_PERCENT", "80")):
        yield f"{pulse['swap_used_percent']} % of the swap is used"
    if pulse["gateway"] is False:
        yield "the gateway does not answer"


def forget_old(directory, today):
    for name in os.listdir(directory):
        if re.fullmatch(r"\d{4}-\d\d-\d\d\.jsonl", name):
            year, month, day = (int(part) for part in name[:10].split("-"))
            if (today - today.replace(year=year, month=month, day=day)).days > KEEP_DAYS:
                os.unlink(os.path.join(directory, name))


def main():
    time = now()
    port = setting("GATEWAY_PORT", "")
    pulse = {
        "time": stamp(time),
        "host": setting("FLEET_HOST"),
        "load": round(os.getloadavg()[0], 2),
        "disk_free_percent": disk_free_percent(),
        "swap_used_percent": swap_used_percent(),
        "gateway": gateway_answers(int(port)) if port else None,
    }
    pulse["blocked"] = list(reasons(pulse))
    directory = setting("PULSE_DIR")
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, f"{time:%Y-%m-%d}.jsonl"), "a", encoding="utf-8") as lines:
        lines.write(json.dumps(pulse) + "\n")
    forget_old(directory, time)
    set_alert("machine", "; ".join(pulse["blocked"]))


if __name__ == "__main__":
    main()
