#!/usr/bin/env python3
"""Looks once a night for what nobody notices by day: secrets that others can read, scripts that others can write, failed units.

Findings raise the alert `night-watch`; nothing is changed, because repairing is the reconciler's work.
"""

import os
import stat
import subprocess
import sys

sys.dont_write_bytecode = True
from fleet_env import set_alert, setting  # noqa: E402


def secret_files():
    home = setting("HERMES_HOME")
    for name in (".env", "auth.json", "gitea_token", "gitea_token_vps"):
        yield os.path.join(home, name)
    yield os.path.join(setting("USER_HOME"), ".config", "gitea", "token")


def findings():
    for path in secret_files():
        try:
            mode = stat.S_IMODE(os.stat(path).st_mode)
        except FileNotFoundError:
            continue
        if mode & 0o077:
            yield f"{path} has mode {mode:04o}, expected 0600"
    for directory, _, names in os.walk(os.path.join(setting("FLEET_DIR"), "bin")):
        for path in [directory, *(os.path.join(directory, name) for name in names)]:
            if stat.S_IMODE(os.lstat(path).st_mode) & 0o022 and not os.path.islink(path):
                yield f"{path} can be written by others"
    if os.path.isdir("/run/systemd/system"):
        command = ["systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager"]
        units = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
        for line in units.splitlines():
            yield f"unit {line.split()[0]} has failed"


def main():
    set_alert("night-watch", "\n".join(findings()))


if __name__ == "__main__":
    main()
