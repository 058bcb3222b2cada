#!/bin/sh
# Makes the Debian that every test host starts from: build-base.sh <target directory>. Needs root and a Debian mirror.
# The directory takes its name only when it is complete.
set -eu
target=$1
packages=systemd,systemd-sysv,libpam-systemd,dbus,dbus-user-session,cron,openssh-server,ca-certificates,sudo,iproute2,procps
# The mirror that this machine uses for this release; else the one that mmdebstrap knows.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' | awk '$2 == "bookworm" { print $1; exit }')
rm -rf "$target.new"
mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" \
  --aptopt='Acquire::Retries "3"' --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  bookworm "$target.new" ${mirror:+"$mirror"}
rm -f "$target.new/etc/hostname" "$target.new/etc/resolv.conf"
# A directory can hold the program, and a host has no use for a console.
mkdir -p "$target.new/opt/timmy/bin"
rm -f "$target.new/etc/systemd/system/getty.target.wants/"*
# Each `systemctl daemon-reload` runs all of them; these have nothing to make on a machine without disks and consoles.
mkdir -p "$target.new/etc/systemd/system-generators"
for name in cryptsetup debug getty gpt-auto hibernate-resume integritysetup rc-local run system-update veritysetup; do
  ln -s /dev/null "$target.new/etc/systemd/system-generators/systemd-$name-generator"
done
mv "$target.new" "$target"
