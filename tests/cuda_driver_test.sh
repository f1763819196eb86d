#!/bin/bash
# cuda_driver_test.sh COMPUTE_BENCH FAKES: what a user reads where the CUDA module is and its driver is absent or sick, and
# that everything else goes on. FAKES holds the fake libcuda.so.1 of fakes/libcuda.cpp.
set -u
bench=$1 fakes=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CUDA_VISIBLE_DEVICES
failed=0

# nothing_left: no process of this test, known by its environment so that tests beside this one do not count. One that was
# killed gets a second to be gone. (What grep returns does not tell: it fails on processes that end meanwhile.)
nothing_left() {
  local try
  for try in {1..10}; do
    [ -n "$(grep -lsz "FLYNN_TEST_MARK=$work" /proc/[0-9]*/environ)" ] || return 0
    sleep 0.1
  done
  return 1
}

# expect WORDS LIBRARY_PATH [VARIABLE=VALUE...]: compute_bench --backend cuda ends with 3 and says WORDS in one line.
expect() {
  local words=$1 libraries=$2 said code
  shift 2
  said=$(env "$@" FLYNN_TEST_MARK="$work" LD_LIBRARY_PATH="$libraries" timeout 20 "$bench" --backend cuda --dry-run 2>&1)
  code=$?
  if [ $code = 3 ] && [ "$(wc -l <<<"$said")" = 1 ] && grep -qF "$words" <<<"$said"; then
    echo "ok: $said"
  else
    printf 'FAILED: exit code %s, expected 3 and: %s\n%s\n' "$code" "$words" "$said"
    failed=1
  fi
}

expect "the toolkit's stub" "$fakes" FAKE_CUDA_INIT=34
expect "(35)" "$fakes" FAKE_CUDA_INIT=35
expect "sees no GPU" "$fakes" FAKE_CUDA_INIT=100
expect "different versions" "$fakes" FAKE_CUDA_INIT=803
expect "the driver has no device" "$fakes"
expect "device 1: cuDeviceGet: FAKE_ERROR (999)" "$fakes" FAKE_CUDA_DEVICES=2
for hidden in "" -1 2 GPU-none MIG-none; do
  expect "CUDA_VISIBLE_DEVICES=\"$hidden\" names no GPU that is here; unset" "$fakes" FAKE_CUDA_DEVICES=2 CUDA_VISIBLE_DEVICES=$hidden
done
expect "device 1: cuDeviceGet: FAKE_ERROR (999)" "$fakes" FAKE_CUDA_DEVICES=2 CUDA_VISIBLE_DEVICES=1
expect "crashed when it was probed (signal 11, Segmentation fault)" "$fakes" FAKE_CUDA_CONSTRUCTOR=crash
expect "ended the process that probed it (exit code 7)" "$fakes" FAKE_CUDA_CONSTRUCTOR=exit
begin=$SECONDS
expect "did not answer within 5 s" "$fakes" FAKE_CUDA_CONSTRUCTOR=hang
[ $((SECONDS - begin)) -le 7 ] || { echo "FAILED: it took $((SECONDS - begin)) s"; failed=1; }
nothing_left || { echo "FAILED: a probe was left behind"; failed=1; }

mkdir "$work"/{empty,garbage,truncated,foreign,symbol}
: >"$work/empty/libcuda.so.1"
echo "no library" >"$work/garbage/libcuda.so.1"
head -c 4000 "$fakes/libcuda.so.1" >"$work/truncated/libcuda.so.1"
cp "$fakes/libcuda.so.1" "$work/foreign/libcuda.so.1"
printf '\x28' | dd of="$work/foreign/libcuda.so.1" bs=1 seek=18 conv=notrunc status=none  # e_machine: ARM
for broken in empty garbage foreign; do expect "libcuda.so.1" "$work/$broken"; done
expect "driver behind flynn_cuda.so crashed" "$work/truncated"  # the loader maps what is not there: a bus error
echo 'extern "C" int cuInit(unsigned) { return 0; }' | c++ -shared -fPIC -Wl,-soname,libcuda.so.1 -x c++ - -o "$work/symbol/libcuda.so.1"
expect "undefined symbol: cu" "$work/symbol"

# E6: what lies in the current folder is no driver; an empty entry is no harm where no libraries lie.
cd "$fakes" || exit 1
for relative in . "$work::" "../$(basename "$fakes")"; do expect 'LD_LIBRARY_PATH has "' "$relative" FAKE_CUDA_INIT=100; done
cd "$work/garbage/.." || exit 1
expect "sees no GPU" "$fakes:" FAKE_CUDA_INIT=100

# The others are not harmed.
env FAKE_CUDA_INIT=100 LD_LIBRARY_PATH="$fakes" "$bench" --backend simd --workload sum --type f32 --size 1000 --quick --quiet || failed=1
exit $failed
