#!/usr/bin/env bash
# Installs the programs that `npm run bench` compares with, from Debian's own repositories. Needs root.
# Nothing is started: Debian's policy layer is told to leave the daemons off.
set -euo pipefail
packages=(time strace git rsync cfengine3 puppet-agent ansible)
echo "installs: ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
apt-get update -qq
for package in "${packages[@]}"; do
  if apt-get install -y -qq --no-install-recommends "$package" >/dev/null; then
    echo "$package $(dpkg-query -W -f '${Version}' "$package")"
  else
    echo "$package cannot be installed here; its rows are left out" >&2
  fi
done
