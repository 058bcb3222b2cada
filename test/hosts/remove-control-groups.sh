#!/bin/sh
# Removes empty control groups: remove-control-groups.sh <glob of names> <seconds>. Runs under `unshare --mount`.
# A group is busy for a moment after its last process ended; it is an error when it stays so.
set -eu
mount -t cgroup2 cgroup2 /sys/fs/cgroup
tries=0
# shellcheck disable=SC2086 -- a glob
while find /sys/fs/cgroup/$1 -depth -type d -exec rmdir {} + 2>/dev/null; groups=$(find /sys/fs/cgroup/$1 -type d 2>/dev/null); [ -n "$groups" ]; do
  tries=$((tries + 1))
  [ $tries -lt $(($2 * 20)) ] || { echo "control groups are still busy: $groups" >&2; exit 1; }
  sleep 0.05
done
