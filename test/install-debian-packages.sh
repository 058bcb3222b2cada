#!/bin/sh
# Installs the Debian packages that the tests compare with or drive. Without them those tests are skipped with a reason.
#   ansible-core  oracle for inventories, patterns and vault files
#   age           oracle for encrypted secrets
#   chromium      the dashboard as people see it
#   cron          the real crontab program
#   git           repositories
#   python3-dotenv
#                 oracle for environment files
#   strace        kill and error injection at every system call
#   zsh, fish     shell completion
#   openssh-server, openssh-client
#                 hosts on loopback, keys, and the oracle for known_hosts; the service is not started
#   xz-utils      archives of that form
#   mmdebstrap, apt-utils, iproute2, systemd-container
#                 booted hosts (test/hosts): a Debian image with its packages, their network, and systemd-nspawn
set -eu
packages="ansible-core age chromium cron git python3-dotenv strace zsh fish openssh-server openssh-client xz-utils mmdebstrap apt-utils iproute2 systemd-container"
missing=""
for package in $packages; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "not installed (needs root on Debian):$missing" >&2
  exit 0
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# Debian's policy layer is told to start no service.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
apt-get update -qq
# shellcheck disable=SC2086 -- a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null
