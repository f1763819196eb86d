#!/bin/bash
# opencl_driver_test.sh COMPUTE_BENCH FAKE: what a user reads where OpenCL drivers are sick, and that the good ones and all other
# backends go on. FAKE is the library of fakes/opencl_driver.cpp. Needs a good driver too: the first of this machine.
set -u
bench=$1 fake=$2
good=$(find /etc/OpenCL/vendors -name '*.icd' 2>/dev/null | sort | head -n 1)
[ -n "$good" ] || { echo "skipped: no OpenCL driver is installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work/tmp POCL_CACHE_DIR=${POCL_CACHE_DIR:-$work/pocl}
mkdir -p "$TMPDIR" "$POCL_CACHE_DIR"
unset OCL_ICD_FILENAMES OPENCL_VENDOR_PATH
failed=0 environment=()

# folder NAME [FILE=LIBRARY...]: makes a folder of .icd files.
folder() {
  local name=$1 file
  shift
  mkdir "$work/$name"
  for file; do echo "${file#*=}" >"$work/$name/${file%%=*}.icd"; done
}

wrong() {
  printf 'FAILED: %s\n' "$@"
  failed=1
}

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

# check CODE DRIVERS WORDS... -- ARGUMENTS...: compute_bench sees the drivers in that folder or file, ends with CODE and says all WORDS;
# with no process and no folder left behind, and within 8 s where it only probes: two children of 5 s one after the other take 10.
check() {
  local code=$1 drivers=$2 begin=$SECONDS words=() said got word
  shift 2
  while [ "$1" != -- ]; do words+=("$1"); shift; done
  shift
  said=$(env "${environment[@]}" OCL_ICD_VENDORS="$work/$drivers" FLYNN_TEST_MARK="$work" timeout 20 "$bench" "$@" 2>&1)
  got=$?
  [ $got = "$code" ] || wrong "exit code $got, expected $code" "$said"
  for word in "${words[@]}"; do
    if grep -qF -- "$word" <<<"$said"; then echo "ok: $drivers, ${environment[*]} $1: $word"; else wrong "does not say: $word" "$said"; fi
  done
  [[ "$*" != *--dry-run* ]] || [ $((SECONDS - begin)) -le 8 ] || wrong "it took $((SECONDS - begin)) s"
  nothing_left || wrong "a process was left behind"
  if [ -n "$(ls "$TMPDIR")" ]; then wrong "left among the temporary files: $(ls "$TMPDIR")"; fi
}

sum=(--backend opencl --workload sum --type f32 --size 1000 --quick --json -)

# sick WORDS [VARIABLE=VALUE...]: alone, the driver makes opencl unavailable; beside a good one it is left out, and opencl computes.
sick() {
  environment=("${@:2}")
  check 3 alone "$work/alone/bad.icd: $1" -- --backend opencl --dry-run
  check 0 beside "\"$work/beside/bad.icd: $1" '"pass": true' -- "${sum[@]}"
}

folder alone bad="$fake"
folder beside bad="$fake" good="$(head -n 1 "$good")"
folder both a="$fake" b="$fake"
folder good good="$(head -n 1 "$good")" also="$(head -n 1 "$good")"
folder nothing
# All are well: nothing is left out.
check 0 good '"left_out": []' '"pass": true' -- "${sum[@]}"
check 3 nothing "no OpenCL platform is installed" -- --backend opencl --dry-run
for when in constructor platforms; do
  sick "crashed when it was probed (signal 11, Segmentation fault)" FAKE_OPENCL_WHEN=$when FAKE_OPENCL_WHAT=crash
  sick "ended the process that probed it (exit code 7)" FAKE_OPENCL_WHEN=$when FAKE_OPENCL_WHAT=exit
  sick "did not answer within 5 s" FAKE_OPENCL_WHEN=$when FAKE_OPENCL_WHAT=hang
done
# Two that hang take no longer than one, and both are named.
check 3 both "$work/both/a.icd: did not answer within 5 s" "$work/both/b.icd: did not answer within 5 s" -- --backend opencl --dry-run

environment=(FAKE_OPENCL_WHEN=constructor FAKE_OPENCL_WHAT=crash)
check 3 alone/bad.icd "$work/alone/bad.icd: crashed" -- --backend opencl --dry-run
for command in list info; do check 0 beside "without $work/beside/bad.icd: crashed" "opencl --device 0" -- $command; done
check 0 beside "opencl: without $work/beside/bad.icd: crashed" "opencl: fine" -- doctor
check 0 both '"pass": true' -- --backend simd "${sum[@]:2}"

# One that is harmless alone and crashes beside the good one.
environment=(FAKE_OPENCL_WHEN=platforms FAKE_OPENCL_WHAT=clash FAKE_OPENCL_OTHER="$(head -n 1 "$good")")
check 0 beside "\"$work/beside/bad.icd: no OpenCL platform" '"pass": true' -- "${sum[@]}"

# What is no driver is harmless, and named all the same.
environment=()
sick "no OpenCL platform"
rm "$work"/*/bad.icd
for file in "$work"/{alone,beside}/bad.icd; do echo libnone.so.7 >"$file"; done
sick "libnone.so.7: cannot open shared object file"
for file in "$work"/{alone,beside}/bad.icd; do printf '\033[31mgarbage' >"$file"; done
sick "?[31mgarbage: cannot open shared object file"
for file in "$work"/{alone,beside}/bad.icd; do head -c 4000 "$fake" >"$file"; done
sick "?ELF"
for file in "$work"/{alone,beside}/bad.icd; do ln -sf "$work/gone.icd" "$file"; done
sick ""
exit $failed
