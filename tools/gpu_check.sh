#!/bin/sh
# gpu_check.sh [RESULTS]: what to run on a machine with a GPU, from an unpacked bundle of `./run dist`: the tests of the device
# backends, the same under compute-sanitizer where there is one, and the device rows of compute_bench. Reports go to the folder
# RESULTS (gpu_check). Ends with 0 only if tests ran on cuda and none failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
results=${1-gpu_check}
mkdir -p "$results"
failed=0
say() { printf '\n== %s\n' "$*"; }
bad() {
  printf 'FAILED: %s\n' "$*"
  failed=1
}

say "the machine"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>&1
"$here/bin/compute_bench" list | tee "$results/list.txt" | head -n 12
"$here/bin/compute_bench" doctor

ran=0
for program in "$here"/bin/*_test; do
  name=$(basename "$program")
  say "$name on cuda and opencl"
  "$program" --gtest_brief=1 --gtest_filter='*cuda*:*opencl*' >"$results/$name.txt" 2>&1 || bad "$name"
  grep -E 'FAILED|PASSED|SKIPPED|[0-9]+ tests? from' "$results/$name.txt" | head -n 20
  passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$results/$name.txt")
  ran=$((ran + ${passed:-0}))
done
"$here/bin/compute_bench" --backend cuda --dry-run >/dev/null || bad "cuda is not available, so nothing above ran on it"

if command -v compute-sanitizer >/dev/null 2>&1; then
  for tool in memcheck racecheck; do
    for name in vector_test reduce_test scan_test array_test; do
      say "compute-sanitizer --tool $tool $name"
      compute-sanitizer --tool $tool --error-exitcode 9 "$here/bin/$name" --gtest_brief=1 --gtest_filter='*cuda*-*ScansWhatNoCacheHolds*' \
        >"$results/$tool-$name.txt" 2>&1 || bad "$tool $name"
      tail -n 3 "$results/$tool-$name.txt"
    done
  done
else
  say "no compute-sanitizer here: not run"
fi

say "compute_bench"
"$here/bin/compute_bench" --backend cuda,opencl,threads --size 1Mi,64Mi --quick \
  --workload copy,mul,add,axpy,triad,sum,dot,norm2,min,max,argmin,argmax,scan --json "$results/vectors.json" || bad "compute_bench, vectors"
"$here/bin/compute_bench" --backend cuda,opencl,threads --workload gemm --size 1024,4096 --quick --json "$results/gemm.json" || bad "compute_bench, gemm"
"$here/bin/compute_bench" --backend cuda,opencl,threads --workload factorize --size 10000,1000000 --quick --json "$results/factorize.json" ||
  bad "compute_bench, factorize"

say "$ran tests passed; reports are in $results"
exit $failed
