#!/bin/bash
# One Ceph S3 gateway for tests, on loopback: a monitor, one object store daemon that keeps everything in memory,
# and radosgw, with nothing shared with the host's systemd or /etc/ceph.
#
#   rgw.sh DIRECTORY GATEWAY_PORT MONITOR_PORT
#
# ACCESS_KEY_ID and SECRET_ACCESS_KEY name the user to make. Prints "ready" when that user can sign requests, then
# stays until its standard input ends, so it ends with whoever started it, whatever happens to that process.
# It must lead its own process group: at exit the whole group is killed and the directory removed.
set -euo pipefail

directory=$1
gateway_port=$2
monitor_port=$3
conf=$directory/ceph.conf
keyring=$directory/keyring

finish() {
  status=$?
  set +e
  trap '' EXIT INT TERM HUP PIPE
  if [ "$status" -ne 0 ]; then
    echo "rgw.sh: failed with status $status" >&2
    tail -n 5 "$directory"/*.out "$directory"/log/*.log >&2 2>/dev/null
  fi
  jobs -p | xargs -r kill -KILL 2>/dev/null
  wait
  rm -rf "$directory"
  kill -KILL -- -$$
}
trap finish EXIT
trap 'exit 1' INT TERM PIPE
trap 'exit 0' HUP

# Whoever started this holds the other end of standard input, and lets go of it even when killed.
exec 3<&0
(cat <&3 >/dev/null; kill -HUP $$) &
exec 3<&-

# Runs a command until it succeeds, at most 150 times in half a minute; fails when the daemon it asks for has died.
await() {
  local daemon=$1
  shift
  for _ in $(seq 150); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    kill -0 "$daemon" 2>/dev/null || return 1
    sleep 0.2
  done
  return 1
}

mkdir -p "$directory"/{mon,osd,log,run}
fsid=$(cat /proc/sys/kernel/random/uuid)
cat >"$conf" <<CONF
[global]
fsid = $fsid
mon host = v2:127.0.0.1:$monitor_port
mon initial members = a
mon data = $directory/mon
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail warn = 2
mon data avail crit = 1
public network = 127.0.0.0/8
ms bind ipv6 = false
ms bind msgr1 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = $keyring
run dir = $directory/run
admin socket = $directory/run/\$name.asok
pid file = $directory/run/\$name.pid
log file = $directory/log/\$name.log
osd data = $directory/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 2
osd pool default pgp num = 2
osd crush chooseleaf type = 0

[client.rgw]
rgw data = $directory
rgw frontends = beast endpoint=127.0.0.1:$gateway_port tcp_nodelay=1
rgw dns name = localhost
rgw thread pool size = 32
rgw enable usage log = false
rgw enable ops log = false
CONF
export CEPH_CONF=$conf

ceph-authtool --create-keyring "$keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
for name in client.admin client.rgw osd.0; do
  ceph-authtool "$keyring" --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' >/dev/null
done
monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$monitor_port]" "$directory/monmap" >/dev/null
ceph-mon --mkfs -i a --monmap "$directory/monmap" --keyring "$keyring"
ceph-mon -i a -f >"$directory/mon.out" 2>&1 &
monitor=$!
await $monitor timeout 10 ceph status

uuid=$(cat /proc/sys/kernel/random/uuid)
ceph osd new "$uuid" >/dev/null
ceph-osd -i 0 --mkfs --osd-uuid "$uuid" >"$directory/osd-mkfs.out" 2>&1
ceph-osd -i 0 -f >"$directory/osd.out" 2>&1 &
store=$!
await $store sh -c "ceph osd stat | grep -q '1 up'"

radosgw -n client.rgw -f >"$directory/rgw.out" 2>&1 &
gateway=$!
await $gateway bash -c "exec 3<>/dev/tcp/127.0.0.1/$gateway_port"
radosgw-admin -n client.rgw user create --uid=test --display-name=test \
  --access-key="$ACCESS_KEY_ID" --secret="$SECRET_ACCESS_KEY" >/dev/null

echo ready
wait
