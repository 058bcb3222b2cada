#!/bin/sh
# The first process of a test host's namespaces: start-host.sh <layers> <mount point> <id> <name> <address> [<program> <node>].
# Without a program the host is bare.
# Runs under `unshare --mount --net --pid`: every mount, process and interface made here ends with this process.
# It waits for a line on stdin, which says that the interface host0 is there.
set -eu
layers=$1 mount=$2 id=$3 name=$4 address=$5 program=${6-} node=${7-}
mount -t tmpfs -o size=4g,mode=755 tmpfs "$mount"
root=$mount/root
mkdir "$mount/upper" "$mount/work" "$root"
mount -t overlay -o "lowerdir=$layers,upperdir=$mount/upper,workdir=$mount/work" overlay "$root"
if [ "$program" ]; then
  cp -r "$program" "$root/opt/timmy/dist"
  printf '#!/bin/sh\nexec /opt/timmy/bin/node /opt/timmy/dist/reconcile.mjs "$@"\n' >"$root/usr/local/bin/reconcile"
  chmod 755 "$root/usr/local/bin/reconcile"
  ln -s /opt/timmy/bin/node "$root/usr/local/bin/node"
fi
echo "$name" >"$root/etc/hostname"
printf '127.0.0.1 localhost\n%s %s\n%s tests.example\n' "${address%/*}" "$name" "${address%.*}.1" >"$root/etc/hosts"
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
# As on a machine that has just one hierarchy, whatever this one has; and nspawn's own files away from this machine's.
umount --lazy --recursive /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$id" /run/systemd
echo $$ >"/sys/fs/cgroup/$id/cgroup.procs"
mount -t tmpfs tmpfs /run/systemd
read -r _
ip link set lo up
ip address add "$address" dev host0
ip link set host0 up
# Sysctls of the network belong to the host; all others to this machine, and stay read-only. The same holds for
# capabilities: firewall and docker need the network, and docker keyrings and bpf.
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
while :; do
  code=0
  systemd-nspawn --quiet --register=no --keep-unit --boot --directory="$root" --machine="$id" \
    --network-namespace-path=/proc/self/ns/net --resolv-conf=off --timezone=off --console=pipe \
    --capability=CAP_NET_ADMIN --system-call-filter='@keyring bpf' --rlimit=RLIMIT_NOFILE=1024:524288 \
    ${node:+"--bind-ro=$node:/opt/timmy/bin/node"} </dev/null || code=$?
  # A reboot, and a power cut: both come back with the same files.
  [ $code = 133 ] || [ $code = 137 ] || exit $code
done
