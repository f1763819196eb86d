#!/bin/bash
# Runs the README's two commands where nothing of flynn or of a developer is: in a bare Debian 12, made with debootstrap,
# on a fresh clone of this checkout's last commit. Needs root, debootstrap and git.
#
# fresh_machine.sh [bench|test]...     (both without an argument); KEEP=1 keeps the machine and says where it is
set -euo pipefail

top=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
[ $# -gt 0 ] || set -- bench test
for verb in "$@"; do
  case $verb in bench | test) ;; *) echo "$0: there are bench and test, not $verb" >&2; exit 2 ;; esac
done
[ "$(id -u)" = 0 ] || { echo "$0: chroot and mount need root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "$0: debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }

# Debian comes from where this machine gets its own: the first URIs: of its package sources.
mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs: *\([^ ]*\).*/\1/p' | head -n 1)
[ -n "$mirror" ] || { echo "$0: no URIs: line in /etc/apt/sources.list.d/*.sources" >&2; exit 1; }

machine=$(mktemp -d "${TMPDIR:-/tmp}/flynn-machine-XXXXXX")
chmod 755 "$machine"  # it becomes the root directory of other users too
leave() {
  for place in dev/pts dev sys proc; do
    if mountpoint -q "$machine/$place"; then umount --lazy "$machine/$place"; fi
  done
  if [ -n "${KEEP-}" ]; then
    echo "kept: $machine"
  elif ! mountpoint -q "$machine/dev" && ! mountpoint -q "$machine/sys" && ! mountpoint -q "$machine/proc"; then
    rm -rf --one-file-system "$machine"
  fi
}
trap leave EXIT
trap 'exit 130' INT TERM

timed() {  # timed WORDS COMMAND...: says how it went and how long it took
  local words=$1 begin=$SECONDS
  shift
  if "$@"; then
    summary+="$(printf 'passed  %4d s  %s' $((SECONDS - begin)) "$words")"$'\n'
  else
    summary+="$(printf 'FAILED  %4d s  %s' $((SECONDS - begin)) "$words")"$'\n'
    failed=1
  fi
}
summary='' failed=0

make_machine() {
  local log=$machine.log
  debootstrap --variant=minbase bookworm "$machine" "$mirror" >"$log" 2>&1 || { tail -n 20 "$log" && return 1; }
  # Proxies and pins of this machine, if any, are in files called 99*.
  rm -f "$log" "$machine/etc/apt/sources.list" &&
    cp /etc/apt/sources.list.d/*.sources "$machine/etc/apt/sources.list.d/" &&
    find /etc/apt/apt.conf.d -name '99*' -exec cp {} "$machine/etc/apt/apt.conf.d/" \; &&
    mount --bind /proc "$machine/proc" &&
    mount --bind /sys "$machine/sys" && mount -o remount,ro,bind "$machine/sys" &&
    mount --bind /dev "$machine/dev" &&
    mount --bind /dev/pts "$machine/dev/pts" &&
    git clone --quiet --no-hardlinks "$top" "$machine/srv/clone"
}

# An environment without anything of ours.
inside() { chroot "$machine" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@" </dev/null; }

timed "a bare Debian 12 with a clone of $(git -C "$top" log -1 --format='%h %s')" make_machine
if [ $failed = 0 ]; then
  for verb in "$@"; do
    timed "./run $verb" inside sh -c "cd /srv/clone && ./run $verb"
  done
fi
printf '\n%s' "$summary"
exit $failed
