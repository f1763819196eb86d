#!/bin/sh
# oclgrind_test.sh PROGRAM: no kernel of the OpenCL module races, leaves its buffers or misuses the API, says oclgrind;
# and oclgrind does say so of kernels that do. Its exit code is 0 whatever it finds.
set -u
program=$1
command -v oclgrind >/dev/null 2>&1 || { echo "skipped: no oclgrind (apt-get install oclgrind)"; exit 77; }

check() { oclgrind --data-races --check-api "$program" "$@" 2>&1; }
planted=$(check planted)
for fault in 'data race at global' 'data race at local' 'Invalid write' 'clSetKernelArg'; do
  printf '%s\n' "$planted" | grep -q "$fault" || { printf '%s\n' "$planted"; echo "not reported: $fault"; exit 1; }
done

output=$(check)
code=$?
printf '%s\n' "$output"
if printf '%s\n' "$output" | grep -Eq 'data race|Invalid (read|write)|divergence|OpenCL runtime error'; then
  echo "oclgrind found faults"
  exit 1
fi
[ $code -eq 0 ] && printf '%s\n' "$output" | grep -q '^combine right'
