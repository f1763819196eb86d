#!/bin/sh
# mp_controls_test.sh FOLDER LIBRARY: negative controls. Each protection of host/pools/protection.hpp is switched off in
# programs that were compiled with such switches, and the test of the fault that it is for must fail, or hang until it is
# killed; with all of them on it must pass. The library has no switch.
set -u
folder=$1 library=$2
trouble=0

# Into a file: what a control leaves behind would keep a pipe open.
said=$(mktemp)
trap 'rm -f "$said"' EXIT

passes() { # PROGRAM FILTER
  timeout -s KILL 5 "$folder/$1" --gtest_filter="$2" >"$said" 2>&1
}

# What the programs of a control leave behind goes on for ever: that is what it shows.
end_leftovers() {
  for process in /proc/[0-9]*; do
    case $(readlink "$process/exe") in "$folder"/faults_switched_* | "$folder"/switched_*) kill -KILL "${process#/proc/}" ;; esac
  done 2>/dev/null
}

control() { # PROTECTION PROGRAM FILTER
  passes "$2" "$3" || { echo "$3 fails with all protections on"; trouble=1; }
  if grep -q "Running 0 tests" "$said"; then
    echo "there is no $3"
    trouble=1
  elif grep -qF "[  SKIPPED ]" "$said"; then
    echo "$3 cannot run here"
    return
  fi
  if FLYNN_WITHOUT=$1 passes "$2" "$3"; then
    echo "$3 passes without $1"
    trouble=1
  else
    echo "without $1: $3 fails, as it must"
  fi
  end_leftovers
}

control losses switched_mp_workers 'FaultTest.A1_AKilledBusy*'
control replacement switched_mp_workers 'FaultTest.A2_*'
control stack switched_mp_workers 'FaultTest.A3_*'
control stopped switched_mp_workers 'FaultTest.A5_*'
control deadline switched_mp_workers 'FaultTest.A6_ATaskThatNeverEnds*'
control oom switched_mp_limits 'MemoryLimit.A11_AnOomKill*'
control quarantine switched_mp_workers 'FaultTest.A18_ATaskThatKills*'
control deathsignal,watchdog switched_mp_programs '*A21_LeavesNothing/spin'
control group switched_mp_workers 'FaultTest.A24_*'
control interrupted switched_mp_chaos 'FaultTest.A26_*'
control fork switched_mp_programs 'FaultTest.A27_WhatWasMade*'
control robust switched_mp_locks_faults '*A13_ADeadOwnerOfALock*'
control robust switched_mp_locks_faults '*A13_AThreadThatReturns*'
control permits switched_mp_locks_faults '*A13_PermitsOfTheDead*'
control notification switched_mp_locks_faults '*A13_ADeadWaiter*'
control barrier switched_mp_locks_faults '*A13_ABarrierBreaksWithAPartyThatWaits'
control barrier switched_mp_locks_faults '*A13_ABarrierBreaksWithAPartyThatHasNotCome'
control robust switched_mp_channels '*A14_APutCounts*/first_in'
control commit switched_mp_channels '*A14_APutCounts*/first_in'
control plan switched_mp_channels '*A14_APutCounts*/least'
control plan switched_mp_channels '*A14_AGetCounts*/least'
control ends switched_mp_channels '*A14_APipeSays*'
control manager switched_mp_channels '*A15_*'
control available switched_mp_limits '*B1_*'
control mapped switched_mp_limits '*B5_*'
control losses switched_mp_chaos 'FaultTest.A30_EachTask*'

grep -q FLYNN_WITHOUT "$folder/switched_mp_workers" || { echo "the programs have no switches"; trouble=1; }
if grep -q FLYNN_WITHOUT "$library"; then
  echo "the library has switches"
  trouble=1
fi
exit "$trouble"
