#!/bin/bash
# AVX-512 where no CPU has it: boots a machine that Bochs emulates, whose only task is to run the conformance test and
# that of gemm on that instruction set. qemu knows no AVX-512. Not factorize: it does not come to an end there.
#
# bochs_test.sh BUILD corei7_skylake_x ARCH
set -euo pipefail
build=$1 cpu=$2 arch=$3

# Bochs brings a desktop's libraries along, so `run deps test` does not install it.
packages='bochs bochs-term bochsbios vgabios isolinux syslinux-common xorriso cpio linux-image-cloud-amd64'
skip() { echo "skipped: $1 is not here; Debian has all it needs in $packages"; exit 77; }

for tool in bochs xorriso cpio script; do
  command -v "$tool" >/dev/null || skip "$tool"
done
loader=/usr/lib/ISOLINUX/isolinux.bin library=/usr/lib/syslinux/modules/bios/ldlinux.c32
bios=/usr/share/bochs/BIOS-bochs-latest vga_bios=/usr/share/bochs/VGABIOS-lgpl-latest
for file in "$loader" "$library" "$bios" "$vga_bios"; do
  [ -r "$file" ] || skip "$file"
done
kernel=$(find /boot -name 'vmlinuz-*cloud-amd64' 2>/dev/null | sort -V | tail -n 1)
[ -r "${kernel:-/nonexistent}" ] || skip '/boot/vmlinuz-*cloud-amd64'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p root/proc root/sys root/dev root/tmp root/bin disc/isolinux

# The programs with their program interpreter and what they load, each at the place where it is here.
programs=(/bin/sh /bin/mount)
for test in arch conformance gemm; do
  strip -o "root/bin/${test}_test" "$build/bin/${test}_test"
  programs+=("$build/bin/${test}_test")
done
cp /bin/sh /bin/mount root/bin/
ldd "${programs[@]}" | grep -o '/[^ ]*' | grep -v ':$' | sort -u | while read -r file; do
  install -D "$file" "root$file"
done
cat >root/init <<INIT
#!/bin/sh
export PATH=/bin HOME=/tmp GTEST_COLOR=no FLYNN_TEST_SEED=${FLYNN_TEST_SEED:-1}
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t tmpfs tmp /tmp
# The bounds of gemm are judged with twice the digits of double, which takes minutes for one product of order 257 here.
[ "\$(arch_test)" = $arch ] && echo "chosen: $arch" &&
  FLYNN_TEST_LARGEST=20000 conformance_test --gtest_filter='simd_$arch.*:simd_${arch}_streaming_many.*-*.gemm*:*.factorize*' &&
  FLYNN_TEST_LARGEST=70 conformance_test --gtest_filter='simd_$arch.gemm*' &&
  gemm_test --gtest_filter='*/simd_$arch-*Bound*:*PacksAtMost*:*TheShape*' &&
  echo PASS
echo o >/proc/sysrq-trigger
while :; do :; done
INIT
chmod +x root/init
(cd root && find . | cpio --quiet -o -H newc | gzip -1) >disc/initrd
cp "$kernel" disc/vmlinuz
cp "$loader" "$library" disc/isolinux/
# Bochs gives a size of compacted register state that Linux does not believe.
echo 'DEFAULT /vmlinuz initrd=/initrd console=ttyS0 quiet panic=-1 mitigations=off clearcpuid=xsaves,xsavec' >disc/isolinux/isolinux.cfg
xorriso -as mkisofs -quiet -o disc.iso -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 \
  -boot-info-table disc

cat >machine <<MACHINE
config_interface: textconfig
display_library: term
cpu: model=$cpu
memory: guest=512, host=512
romimage: file=$bios
vgaromimage: file=$vga_bios
ata0-master: type=cdrom, path=disc.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=console
log: bochs.log
MACHINE
echo c >commands  # what its debugger is told: go on
: >console
script -qfec 'TERM=xterm timeout --foreground --signal=KILL 1700 bochs -q -f machine -rc commands' screen >/dev/null </dev/null || true
tr -d '\r' <console
tr -d '\r' <console | grep -qx PASS
