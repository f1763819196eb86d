#!/bin/sh
# mp_repeat_test.sh TIMES PROGRAM...: each program with the seeds 1 to TIMES; every run must pass.
set -eu
times=$1
shift
seed=0
while [ "$((seed += 1))" -le "$times" ]; do
  for program in "$@"; do
    said=$(FLYNN_TEST_SEED=$seed timeout -s KILL 120 "$program" 2>&1) || {
      printf '%s\nseed %s of %s\n' "$said" "$seed" "$program"
      exit 1
    }
  done
done
echo "$times times"
