#!/usr/bin/env python3
"""What compute_bench does with one CPU: by the affinity mask, or by a control group's quota. Usage: budget_cli_test.py
COMPUTE_BENCH mask|quota. Empty files and garbage, which no kernel writes there, are in detect_test."""

import contextlib
import json
import os
import subprocess
import sys
import unittest

PROGRAM, LIMIT = sys.argv[1:3]
CPUS = sorted(os.sched_getaffinity(0))
RUN = ["--workload", "sum,gemm", "--type", "f32", "--size", "300", "--backend", "threads,processes,auto", "--quick", "--min-time",
       "10ms", "--json", "-"]


def one_cpu():
    os.sched_setaffinity(0, [CPUS[-1]])


def put(path, text):
    with open(path, "r+") as file:  # never creates what the kernel does not offer
        file.write(text)


@contextlib.contextmanager
def groups(*quotas):
    """Control groups below each other with so many CPUs' worth of time, None for no limit; gives the innermost one's folder,
    or None where none can be made."""
    made = []
    try:
        try:
            for quota in quotas:
                root = next(f for f in ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup") if os.path.isdir(f))
                folder = os.path.join(made[-1] if made else root, f"flynn-test-{os.getpid()}")
                os.mkdir(folder)
                made.append(folder)
                if quota is not None and os.path.exists(folder + "/cpu.max"):
                    put(folder + "/cpu.max", f"{int(quota * 100000)} 100000")
                elif quota is not None:
                    put(folder + "/cpu.cfs_quota_us", str(int(quota * 100000)))
            yield made[-1]
        except OSError as error:
            if not made:
                print("no control group with a CPU limit can be made here:", error)
            yield None
    finally:
        for folder in reversed(made):
            os.rmdir(folder)


def bench(*arguments, before=lambda: None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FLYNN_") or k == "FLYNN_MODULE_PATH"}
    return subprocess.run([PROGRAM, *arguments], env=environment, preexec_fn=before, capture_output=True, text=True, timeout=60)


class OneCpu(unittest.TestCase):
    def expect(self, before, affinity, warning):
        """One worker, within the time limit, and it is recorded."""
        done = bench("info", "--json", before=before)
        self.assertEqual(done.returncode, 0, done.stderr)
        info = json.loads(done.stdout)
        self.assertEqual((info["host"]["budget"], info["host"]["affinity"]), (1, affinity))
        if warning:
            self.assertIn(warning, [w["code"] for w in info["warnings"]])
        self.assertIn("1 threads: ", bench("info", before=before).stdout)
        done = bench(*RUN, before=before)
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        self.assertTrue(document["complete"])
        self.assertEqual(document["host"]["budget"], 1)
        self.assertEqual([row["threads"] for row in document["results"]], [1] * 6)
        self.assertTrue(all(row["validation"]["pass"] for row in document["results"]))


class Mask(OneCpu):
    def test_one_cpu(self):
        self.expect(one_cpu, 1, "affinity" if os.cpu_count() > 1 else None)


class Quota(OneCpu):
    def enter(self, folder):
        return lambda: put(folder + "/cgroup.procs", str(os.getpid()))

    def limited(self, *quotas):
        with groups(*quotas) as folder:
            self.assertIsNotNone(folder)
            self.expect(self.enter(folder), len(CPUS), "quota" if len(CPUS) > 1 else None)

    def test_one(self):
        self.limited(1)

    def test_a_half_and_one_and_a_half(self):
        self.limited(0.5)
        self.limited(1.5)

    def test_the_least_of_nested_groups(self):
        self.limited(1, None)
        self.limited(None, 1)
        self.limited(2, 1, None)

    def test_with_a_mask(self):
        with groups(1) as folder:
            def both():
                self.enter(folder)()
                one_cpu()
            self.expect(both, 1, None)


if LIMIT == "quota":
    with groups(1) as folder:
        if folder is None:
            sys.exit(77)
tests = unittest.defaultTestLoader.loadTestsFromTestCase({"mask": Mask, "quota": Quota}[LIMIT])
sys.exit(not unittest.TextTestRunner().run(tests).wasSuccessful())
