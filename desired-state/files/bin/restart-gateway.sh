#!/bin/sh
# Asks a running Hermes gateway to restart. Hermes finishes the turn that it is in first; this script does not wait for it.
# Where Hermes is not installed or no gateway runs there is nothing to do: the next start reads the new configuration.
set -eu

PATH=${PATH:-/usr/bin:/bin}:/usr/local/bin:${HOME:-/root}/.local/bin:/opt/homebrew/bin
export PATH
if ! command -v hermes >/dev/null 2>&1; then
  echo 'hermes is not installed here'
  exit 0
fi
if ! hermes gateway status >/dev/null 2>&1; then
  echo 'no gateway is running'
  exit 0
fi
hermes gateway restart
