#!/bin/bash
# device_bench_test.sh COMPUTE_BENCH FAULTY_OPENCL: what compute_bench says of a device that computes wrongly or dies.
# FAULTY_OPENCL is the library of fakes/faulty_opencl.cpp.
set -u
bench=$1 faulty=$2 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export FAKE_OPENCL_PLAN=$work/plan XDG_CACHE_HOME=$work/none
rows=(--backend opencl --workload axpy,sum --type f32 --size 10000 --quick --json -)
"$bench" --backend opencl --dry-run >/dev/null || { echo "skipped: opencl is not here"; exit 77; }

# expect CODE WORDS PLAN [FLAG...]: with that plan it ends with CODE and its JSON has WORDS twice, once for each row.
expect() {
  local code=$1 words=$2 said got count
  printf '%s' "$3" >"$FAKE_OPENCL_PLAN"
  said=$(LD_PRELOAD=$faulty timeout 60 "$bench" "${rows[@]}" "${@:4}" 2>"$work/errors")
  got=$?
  count=$(grep -cF -- "$words" <<<"$said")
  if [ "$got" = "$code" ] && [ "$count" = 2 ]; then
    echo "ok: $3 ${*:4}: exit code $code, $words"
  else
    printf 'FAILED: %s: exit code %s instead of %s, %s times: %s\n%s\n' "$3" "$got" "$code" "$count" "$words" "$said" | tail -n 200
    cat "$work/errors"
    failed=1
  fi
}

expect 0 '"pass": true' ''
expect 0 '"pass": true' '' --isolate
expect 4 '"pass": false' flip
expect 4 '"pass": false' flip --isolate
expect 1 '"code": "device failed"' 'clEnqueueNDRangeKernel 1 0 -36'
expect 1 '"code": "worker died"' 'clEnqueueNDRangeKernel 1 1 2' --isolate
exit $failed
