#!/bin/sh
# mp_flaky_test.sh PROGRAM LIBRARY WHERE SEEDS: row B7, a program while calls of the C library fail, with seeds 1 to SEEDS.
set -eu
seed=0
while [ "$((seed += 1))" -le "$4" ]; do
  said=$(LD_PRELOAD=$2 timeout -s KILL 60 "$1" "$seed" "$3" 2>&1) || {
    code=$?
    printf 'seed %s ended with %s: %s\n' "$seed" "$code" "$said"
    exit "$code"
  }
done
printf '%s seeds; the last one: %s\n' "$4" "$said"
