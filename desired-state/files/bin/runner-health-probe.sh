#!/bin/sh
# runner-health-probe.sh [UNIT]
#
# Sees to it that the CI runner is active. Restarts it at most once per cooldown, and fails when that did not help: the
# failed job then shows up as stale in heartbeat_check.py.
set -eu

unit=${1:-act_runner.service}
cooldown_minutes=10
: "${HEARTBEAT_DIR:?is not set; run this through run-job}"
stamp=$HEARTBEAT_DIR/.$unit.restarted

if systemctl is-active --quiet "$unit"; then exit 0; fi

if [ -e "$stamp" ] && [ -z "$(find "$stamp" -mmin +$cooldown_minutes)" ]; then
  echo "$unit is not active; restarted less than $cooldown_minutes minutes ago, waiting"
  exit 1
fi
echo "$unit is not active; restarting it"
: >"$stamp"
systemctl restart "$unit"
systemctl is-active --quiet "$unit"
