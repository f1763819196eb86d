#!/bin/bash
# Boots a virtual machine of two NUMA nodes with four CPUs each, whose only program is numa_guest_program, and reads what
# it says. An emulated machine: no KVM, no AVX, no disk, no network.
#
# numa_guest_test.sh PROGRAM
set -euo pipefail
program=$1
machine=(-cpu Nehalem -smp 8,sockets=2,cores=2,threads=2 -m 1024
  -object memory-backend-ram,id=m0,size=512M -object memory-backend-ram,id=m1,size=512M
  -numa node,nodeid=0,cpus=0-3,memdev=m0 -numa node,nodeid=1,cpus=4-7,memdev=m1 -numa dist,src=0,dst=1,val=21)

for tool in qemu-system-x86_64 cpio; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not here"; exit 77; }
done
kernel=$(find /boot -name 'vmlinuz-*cloud-amd64' 2>/dev/null | sort -V | tail -n 1)
[ -r "${kernel:-/nonexistent}" ] || { echo "skipped: there is no kernel /boot/vmlinuz-*cloud-amd64 (Debian: linux-image-cloud-amd64)"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/proc" "$work/root/sys" "$work/root/dev"
cp "$program" "$work/root/init"
strip "$work/root/init"
# The program interpreter and what it loads, each at the place where it is here.
ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
  install -D "$library" "$work/root$library"
done
(cd "$work/root" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initramfs.gz"

# In so small a machine the kernel would rather take a huge page from the other node than small ones from the right one.
timeout 240 qemu-system-x86_64 -accel tcg,thread=multi "${machine[@]}" -kernel "$kernel" -initrd "$work/initramfs.gz" \
  -append "console=ttyS0 quiet panic=-1 transparent_hugepage=never numa_balancing=disable" -nographic -no-reboot -nodefaults -serial stdio </dev/null | tee "$work/log"
tr -d '\r' <"$work/log" | grep -qx PASS
