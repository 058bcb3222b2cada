#!/bin/sh
# Makes small packages for what tests need and Debian has not: build-samples.sh <directory>.
#   sample 1.0, 1.1, 2.0   versions to hold, upgrade and downgrade; /etc/sample.conf differs in each, so dpkg would ask
#   sample-service 1.0     a unit, enabled and started by its maintainer script
#   sample-broken 1.0      its configuration fails while /etc/sample-broken exists, and leaves it half-configured
set -eu
target=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# control <name> <version> [depends]
control() {
  mkdir -p "$work/$1-$2/DEBIAN"
  {
    printf 'Package: %s\nVersion: %s\nArchitecture: all\n' "$1" "$2"
    printf 'Maintainer: Nobody <nobody@host.example>\nDescription: sample for tests\n'
  } >"$work/$1-$2/DEBIAN/control"
}
# script <name> <version>: the postinst, from stdin
script() {
  cat >"$work/$1-$2/DEBIAN/postinst"
  chmod 755 "$work/$1-$2/DEBIAN/postinst"
}
build() {
  dpkg-deb --root-owner-group --build "$work/$1-$2" "$target/$1_$2_all.deb" >/dev/null
}

for version in 1.0 1.1 2.0; do
  control sample $version
  mkdir -p "$work/sample-$version/etc" "$work/sample-$version/usr/bin"
  echo "version=$version" >"$work/sample-$version/etc/sample.conf"
  echo /etc/sample.conf >"$work/sample-$version/DEBIAN/conffiles"
  printf '#!/bin/sh\necho %s\n' $version >"$work/sample-$version/usr/bin/sample"
  chmod 755 "$work/sample-$version/usr/bin/sample"
  build sample $version
done

control sample-service 1.0
mkdir -p "$work/sample-service-1.0/lib/systemd/system"
cat >"$work/sample-service-1.0/lib/systemd/system/sample.service" <<'UNIT'
[Unit]
Description=Sample for tests

[Service]
ExecStart=/bin/sleep infinity

[Install]
WantedBy=multi-user.target
UNIT
script sample-service 1.0 <<'SCRIPT'
#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable --now --quiet sample.service
fi
SCRIPT
build sample-service 1.0

control sample-broken 1.0
script sample-broken 1.0 <<'SCRIPT'
#!/bin/sh
if [ "$1" = configure ] && [ -e /etc/sample-broken ]; then
  echo "sample-broken: /etc/sample-broken exists" >&2
  exit 1
fi
SCRIPT
build sample-broken 1.0
