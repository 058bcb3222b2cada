#!/bin/sh
# Makes the layer with the only package source of every test host: build-packages.sh <base image> <target directory> <list>.
# All packages of the list and their dependencies are in /srv/apt, so a host installs without a network.
# Runs in a mount namespace of its own (`unshare --mount`), so nothing stays mounted.
set -eu
base=$1 target=$2 list=$3
here=$(dirname "$0")
rm -rf "$target.new" "$target.work"
mkdir -p "$target.work"
# The upper layer is in memory: the cache may itself be on an overlay, which cannot carry one.
mount -t tmpfs tmpfs "$target.work"
upper=$target.work/upper root=$target.work/root
mkdir "$upper" "$target.work/work" "$root"
mount -t overlay -o "lowerdir=$base,upperdir=$upper,workdir=$target.work/work" overlay "$root"
mount -t proc proc "$root/proc"
cp /etc/resolv.conf "$root/etc/resolv.conf"
export DEBIAN_FRONTEND=noninteractive
chroot "$root" apt-get update -qq -o Acquire::Retries=3
# shellcheck disable=SC2046 -- a list of words
chroot "$root" apt-get install -qq --download-only --no-install-recommends -o Acquire::Retries=3 $(grep -v '^#' "$list") >/dev/null
mkdir -p "$root/srv/apt"
mv "$root/var/cache/apt/archives/"*.deb "$root/srv/apt"
sh "$here/build-samples.sh" "$root/srv/apt"
(cd "$root/srv/apt" && apt-ftparchive packages . >Packages && apt-ftparchive release . >Release)
rm -rf "$root/etc/resolv.conf" "$root/var/lib/apt/lists/"*
echo 'deb [trusted=yes] file:/srv/apt ./' >"$root/etc/apt/sources.list"
chroot "$root" apt-get update -qq
umount "$root/proc" "$root"
cp --archive "$upper" "$target.new"
umount "$target.work"
rmdir "$target.work"
mv "$target.new" "$target"
