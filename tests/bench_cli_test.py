#!/usr/bin/env python3
"""What a user of compute_bench sees: exit codes, messages, files. Usage: bench_cli_test.py COMPUTE_BENCH SCHEMA GOLDEN_FOLDER FAKE_PEERS_FOLDER"""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import jsonschema

PROGRAM, SCHEMA, GOLDEN, PEERS = sys.argv[1:5]
MACHINES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "machines")
CACHE = tempfile.TemporaryDirectory()  # a calibration of who tests would change what auto chooses
FAST = ["--min-time", "10ms", "--warmup", "5ms", "--repetitions", "3"]
SMALL = ["--workload", "axpy,sum", "--type", "f32", "--size", "1Ki"]


def bench(*arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("FLYNN_") or k == "FLYNN_MODULE_PATH"}
    clean["XDG_CACHE_HOME"] = CACHE.name
    clean.update(environment)
    return subprocess.run([PROGRAM, *arguments], env=clean, capture_output=True, text=True, timeout=300)


def validate(document):
    with open(SCHEMA) as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)


def measure(*arguments, **environment):
    done = bench(*SMALL, *FAST, "--json", "-", *arguments, **environment)
    document = json.loads(done.stdout)
    validate(document)
    return done, document


class Usage(unittest.TestCase):
    def refused(self, words, *arguments, **environment):
        done = bench(*arguments, **environment)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, "one line: " + done.stderr)

    def test_names_what_is_known(self):
        self.refused(["--frobnicate"], "--frobnicate")
        self.refused(["--backend"], "--backand", "simd")
        self.refused(["scalar, simd", "simd?"], "--backend", "smid", *SMALL)
        self.refused(["argmin", "axpy?"], "--workload", "axpi")
        self.refused(["f32, f64"], "--type", "f23")
        self.refused(["16-rows?"], "--params", "16-row")
        self.refused(["nonsense", "FLYNN_BACKEND"], *SMALL, FLYNN_BACKEND="nonsense")
        self.refused(["nonsense", "avx2"], *SMALL, FLYNN_SIMD_ARCH="nonsense")
        self.refused(["--size"], "--size", "many")
        self.refused(["no row"], "--filter", "matches nothing", "--quiet")

    def test_help_and_version(self):
        for arguments in (["--help"], ["-h"], ["list", "--help"], ["info", "-h"], ["doctor", "--help"],
                          ["calibrate", "-h"], ["regret", "-h"]):
            done = bench(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("--help", done.stdout)
        self.assertRegex(bench("--version").stdout, r"^compute_bench \d+\.\d+\.\d+\n$")


class Measuring(unittest.TestCase):
    def test_every_figure_is_verified(self):
        done, document = measure("--backend", "scalar,simd,threads")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(document["complete"])
        self.assertEqual(len(document["results"]), 6)
        for row in document["results"]:
            self.assertTrue(row["checked"] and row["validation"]["pass"], row)
            self.assertEqual(row["requested"], row["used"])
            self.assertGreaterEqual(len(row["samples"]), 3)
            self.assertGreater(row["ceiling_fraction"], 0)
            self.assertLessEqual(row["ci95"][0], row["median"])
            self.assertLessEqual(row["min"], row["median"])

    def test_unchecked_is_marked(self):
        done, document = measure("--backend", "simd", "--no-validate")
        self.assertEqual(done.returncode, 0)
        self.assertFalse(any(row["checked"] for row in document["results"]))
        self.assertIn("unchecked", done.stderr)

    def test_an_error_is_no_figure(self):
        done = bench("--workload", "triad", "--type", "f64", "--size", "1024Gi", "--backend", "simd", "--json", "-")
        self.assertEqual(done.returncode, 1)
        document = json.loads(done.stdout)
        validate(document)
        self.assertEqual(document["results"][0]["error"]["code"], "out of memory")

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, "r." + ending) for ending in ("json", "csv", "md")]
            done = bench(*SMALL, *FAST, "--backend", "simd", "--json", paths[0], "--csv", paths[1], "--md", paths[2])
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(paths[0]) as file:
                validate(json.load(file))
            with open(paths[1], newline="") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual([row["workload"] for row in rows], ["axpy", "sum"])
            self.assertEqual({row["state"] for row in rows}, {"ok"})
            with open(paths[2]) as file:
                table = [line for line in file.read().splitlines() if line.startswith("|")]
            self.assertEqual(len(table), 4)
            self.assertEqual({line.count("|") for line in table}, {12})
        self.assertEqual(bench(*SMALL, "--json", "/dev/null/r.json").returncode, 74)

    def test_a_full_disk_costs_no_old_file(self):
        with tempfile.TemporaryDirectory() as folder:
            # A disk of two pages, one of which is taken. It exists for this command alone.
            script = """mount -t tmpfs -o size=8k none "$1" || exit 77
                echo old > "$1/r.json"
                shift; "$@"; code=$?
                ls "$(dirname "$JSON")"; cat "$JSON"; exit $code"""
            path = os.path.join(folder, "r.json")
            command = ["unshare", "-m", "sh", "-c", script, "sh", folder, PROGRAM, *SMALL, *FAST, "--backend", "simd", "--quiet", "--json", path]
            done = subprocess.run(command, env={**os.environ, "JSON": path}, capture_output=True, text=True, timeout=60)
            if done.returncode in (1, 77):
                self.skipTest("nothing can be mounted here: " + done.stderr)
            self.assertEqual(done.returncode, 74, done.stderr)
            self.assertIn("No space left", done.stderr)
            self.assertEqual(done.stdout, "r.json\nold\n")

    def test_no_colour_in_a_pipe(self):
        self.assertNotIn("\033", bench(*SMALL, *FAST, "--backend", "simd").stdout)
        self.assertIn("\033", bench(*SMALL, *FAST, "--backend", "simd", "--color", "always").stdout)
        self.assertIn("\033", bench(*SMALL, *FAST, "--backend", "simd", CLICOLOR_FORCE="1").stdout)
        self.assertNotIn("\033", bench(*SMALL, *FAST, "--backend", "simd", CLICOLOR_FORCE="1", NO_COLOR="1").stdout)

    def test_processes_beside_pythons(self):
        done = bench("--workload", "mp")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()[3:]
        self.assertEqual(len(lines), 9, done.stdout)
        for line in lines:
            self.assertNotIn(" - ", line, "no figure")
        self.assertEqual(bench("--workload", "mp,axpy").returncode, 2)

    def test_dry_run(self):
        done = bench("--dry-run", "--workload", "gemm", "--type", "f32", "--size", "64", "--backend", "simd")
        self.assertEqual(done.stdout, "gemm/f32/64/simd\n1 figures\n")
        done = bench("--dry-run", "--workload", "gemm", "--params", "16-terms", "--type", "f32", "--size", "64", "--backend", "simd")
        self.assertEqual(done.stdout, "gemm:16-terms/f32/64/simd\n1 figures\n")


class Backends(unittest.TestCase):
    def test_one_that_is_not_here(self):
        for arguments in (["--backend", "cuda"], ["--backend", "cuda", "--dry-run"]):
            done = bench(*arguments, "--quiet")
            if done.returncode == 0:
                self.skipTest("cuda is here")
            self.assertEqual(done.returncode, 3)
            self.assertEqual(done.stdout, "")
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn("cuda is not available: ", done.stderr)

    def test_the_rest_of_a_list_runs(self):
        done, document = measure("--backend", "cuda,simd")
        if document["backends"][0]["available"]:
            self.skipTest("cuda is here")
        self.assertEqual(done.returncode, 3)
        self.assertTrue(document["complete"])
        self.assertEqual({row["used"] for row in document["results"]}, {"simd"})
        self.assertIn("cuda is not available: ", done.stderr)

    def test_no_opencl_platform(self):
        done, document = measure(OCL_ICD_VENDORS="/nonexistent")
        self.assertEqual(done.returncode, 0, done.stderr)
        opencl = next(b for b in document["backends"] if b["name"] == "opencl")
        self.assertFalse(opencl["available"])
        self.assertTrue(opencl["reason"])
        self.assertTrue({"scalar", "simd", "threads"} <= {row["used"] for row in document["results"]})
        doctor = bench("doctor", OCL_ICD_VENDORS="/nonexistent")
        self.assertEqual(doctor.returncode, 0)
        self.assertIn("opencl: not available: ", doctor.stdout)

    def test_environment_and_flag(self):
        _, document = measure(FLYNN_BACKEND="scalar")
        self.assertEqual({row["used"] for row in document["results"]}, {"scalar"})
        _, document = measure("--backend", "simd", FLYNN_BACKEND="scalar")
        self.assertEqual({row["used"] for row in document["results"]}, {"simd"})

    def test_auto_says_what_it_took(self):
        _, document = measure("--backend", "auto")
        for row in document["results"]:
            self.assertEqual(row["requested"], "auto")
            self.assertIn(row["used"], ("simd", "threads"))

    def test_verify_is_a_row_of_its_own(self):
        _, document = measure("--backend", "verify")
        for row in document["results"]:
            self.assertEqual((row["requested"], row["used"], row["class"]), ("verify", "threads", "MISD"))

    def test_list_and_info(self):
        document = json.loads(bench("list", "--json").stdout)
        self.assertIn({"name": "factorize", "type": "u64"}, document["workloads"])
        self.assertGreaterEqual(len(document["backends"]), 5)
        done = bench("list", "--backend", "simd")
        self.assertNotIn("opencl", done.stdout)
        self.assertEqual(bench("list", "--backend", "smid").returncode, 2)
        self.assertEqual(json.loads(bench("info", "--json").stdout)["schema"], "compute-bench-info/1")

    def test_info_shows_the_topology(self):
        topology = json.loads(bench("info", "--json").stdout)["topology"]
        cpus = [range(int(r.split("-")[0]), int(r.split("-")[-1]) + 1) for n in topology["nodes"] for r in n["cpus"].split(",") if r]
        self.assertEqual(sorted(c for r in cpus for c in r), sorted(os.sched_getaffinity(0)))
        self.assertIn("Topology, source: " + topology["source"], bench("info").stdout)
        if topology["source"] != "hwloc":
            self.skipTest("built without hwloc")
        other = {"HWLOC_SYNTHETIC": "pack:2 numa:1 core:4 pu:2"}
        nodes = json.loads(bench("info", "--json", **other).stdout)["topology"]["nodes"]
        self.assertEqual([n["cpus"] for n in nodes], ["0-7", "8-15"])
        text = bench("info", **other).stdout
        for words in ("package 1: CPUs 8-15", "4 x core of 2 CPUs"):
            self.assertIn(words, text)

    def test_list_opens_no_driver(self):
        opened = bench("list", "--backend", "simd", LD_DEBUG="files").stderr
        self.assertIn("libflynn", opened)
        self.assertNotIn("opencl", opened.lower())
        self.assertIn("flynn_opencl", bench("list", "--backend", "opencl", LD_DEBUG="files").stderr)


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.done = bench("--peers", "--workload", "copy,sum", "--size", "64Ki", "--peer-limit", "1s", "--min-time", "10ms", "--warmup",
                         "5ms", "--repetitions", "9", "--json", "-", FLYNN_PEERS_PATH=PEERS)
        cls.document = json.loads(cls.done.stdout)

    def rows(self, name, workload="copy"):
        return [r for r in self.document["results"] if r["requested"] == name and r["workload"] == workload]

    def test_the_run_is_fine_whatever_peers_do(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        validate(self.document)
        self.assertTrue(self.document["complete"])
        for row in self.rows("simd") + self.rows("threads") + self.rows("fair") + self.rows("slow"):
            self.assertTrue(row["validation"]["pass"], row)
            self.assertEqual(row["is_peer"], row["requested"] in ("fair", "slow"))

    def test_same_rounds_for_all(self):
        counts = {len(r["samples"]) for r in self.document["results"] if r["workload"] == "copy" and r["samples"]}
        self.assertEqual(len(counts), 1)

    def test_failures_are_holes_with_a_reason(self):
        for row in self.rows("crash"):
            self.assertEqual(row["error"]["code"], "worker died")
        self.assertIn("crashed", self.rows("crash")[0]["error"]["text"])
        self.assertEqual(self.rows("hang")[0]["error"]["code"], "deadline exceeded")
        self.assertEqual(self.rows("alien"), [])
        self.assertIn("./run peers", self.done.stderr)

    def test_a_wrong_result_is_shown_and_never_the_best(self):
        wrong = self.rows("wrong")
        self.assertTrue(wrong and not any(r["validation"]["pass"] for r in wrong))
        fair = min(r["median"] for r in self.rows("fair"))
        self.assertLess(min(r["median"] for r in wrong), fair, "it must be the fastest for this test to mean anything")
        self.assertEqual({c["peer"] for c in self.document["peers"] if c["workload"] == "copy"}, {"fair"})
        self.assertIn("WRONG", self.done.stderr)

    def test_ratio(self):
        copies = [c for c in self.document["peers"] if c["workload"] == "copy"]
        self.assertEqual([c["threads"] for c in copies], sorted({1, self.document["host"]["budget"]}))
        for c in copies:
            self.assertAlmostEqual(c["ratio"], c["flynn"] / c["peer_value"], delta=1e-9 * c["ratio"])
            self.assertLessEqual(c["ci95"][0], c["ratio"])
            self.assertGreaterEqual(c["ci95"][1], c["ratio"])
            self.assertGreater(c["ratio"], 1, "a volatile loop cannot be faster")

    def test_results_that_come_home_untimed(self):
        sums = self.rows("fair", "sum")
        self.assertEqual([r["threads"] for r in sums], [1])  # it has no threads
        self.assertEqual(sums[0]["validation"]["metric"], "max error / bound")
        self.assertTrue(sums[0]["validation"]["pass"])

    def test_nothing_is_left_running(self):
        found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
        self.assertNotIn("serve-peer " + PEERS, found)

    def test_without_peers(self):
        done = bench("--peers", FLYNN_PEERS_PATH="/nonexistent")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("./run peers", done.stderr)


class Choice(unittest.TestCase):
    # Five calls that every machine decides.
    CALLS = [("sum", "f32", "1000,100000000"), ("gemm", "f32", "64,4096"), ("factorize", "u64", "100000")]

    def explain(self, *arguments, **environment):
        calls = [["--workload", w, "--type", t, "--size", n] for w, t, n in self.CALLS]
        return [bench("--explain", *call, *arguments, **environment) for call in calls]

    def test_machines_that_are_not_here(self):
        machines = sorted(f[:-5] for f in os.listdir(MACHINES) if f.endswith(".json"))
        self.assertEqual(len(machines), 6)
        for machine in machines:
            path = os.path.join(MACHINES, machine)
            done = self.explain("--inventory", path + ".json")
            self.assertEqual([d.returncode for d in done], [0, 0, 0], done[0].stderr)
            text = "".join(d.stdout for d in done)
            if os.environ.get("FLYNN_TEST_WRITE_GOLDEN"):
                with open(path + ".txt", "w") as file:
                    file.write(text)
            with open(path + ".txt") as file:
                self.assertEqual(text, file.read(), machine)

    def test_this_machine_replayed_decides_alike(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "machine.json")
            with open(path, "w") as file:
                file.write(bench("info", "--json").stdout)
            chosen = lambda done: [line for d in done for line in d.stdout.splitlines() if "chosen" in line]
            self.assertEqual(chosen(self.explain()), chosen(self.explain("--inventory", path)))

    def test_inventories_that_are_none(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "machine.json")
            for text in ("", "{", "[]", '{"schema": "compute-bench/1"}', '{"schema": "compute-bench-info/1"}'):
                with open(path, "w") as file:
                    file.write(text)
                done = bench("--explain", "--inventory", path)
                self.assertEqual((done.returncode, done.stdout), (65, ""), text)
                self.assertIn(path, done.stderr)
            self.assertEqual(bench("--explain", "--inventory", path + "x").returncode, 65)
        self.assertEqual(bench("--inventory", path, *SMALL).returncode, 2)
        replayed = os.path.join(MACHINES, "laptop.json")
        done = bench("--explain", "--inventory", replayed, "--backend", "cuda", *SMALL)
        self.assertEqual(done.returncode, 3)
        self.assertIn("libcuda.so.1 is not here", done.stdout)

    def test_a_calibration_counts_until_it_is_damaged(self):
        with tempfile.TemporaryDirectory() as cache:
            begin = time.monotonic()
            done = bench("calibrate", "--quick", "--progress", "always", XDG_CACHE_HOME=cache)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertLess(time.monotonic() - begin, 60)
            self.assertIn("ETA", done.stderr)
            path = done.stdout.splitlines()[-1]
            document = json.loads(bench("info", "--json", XDG_CACHE_HOME=cache).stdout)["calibration"]
            self.assertEqual((document["path"], document["state"]), (path, "valid"))
            measured = {(c["workload"], c["type"]) for c in document["contents"]["curves"]}
            every = {(w["name"], w["type"]) for w in json.loads(bench("list", "--json").stdout)["workloads"]}
            self.assertLessEqual(measured, every)  # on a busy machine the minute ends before the last ones
            self.assertIn(("sum", "f32"), measured)
            self.assertIn("(calibrated)", self.explain(XDG_CACHE_HOME=cache)[0].stdout)
            with open(path, "r+") as file:
                file.truncate(1000)
            info = bench("info", XDG_CACHE_HOME=cache).stdout
            self.assertEqual(info.count(" is ignored, auto chooses by size alone"), 1, info)
            self.assertIn("(prior)", self.explain(XDG_CACHE_HOME=cache)[0].stdout)

    def test_regret(self):
        done = bench("regret", "--workload", "sum", "--type", "f32", "--size", "1,1000,100000", "--json", "-")
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual((document["schema"], document["complete"]), ("compute-bench-regret/1", True))
        with open(SCHEMA) as file:
            schema = json.load(file)
        jsonschema.Draft202012Validator(schema["properties"]["regret"]).validate(document["regret"])
        self.assertEqual([row["n"] for row in document["regret"]], [1, 1000, 100000])
        table = bench("regret", "--workload", "sum", "--type", "f32", "--size", "1000,100000", "--backend", "simd")
        self.assertIn("geometric mean", table.stdout)
        self.assertEqual(bench("regret", "--timeout", "1ms").returncode, 124)


class Ceilings(unittest.TestCase):
    def test_every_level_store_and_page(self):
        document = json.loads(bench("ceilings", "--threads", "1", "--json").stdout)
        self.assertEqual(document["schema"], "compute-bench-ceilings/1")
        with open(SCHEMA) as file:
            schema = json.load(file)
        jsonschema.Draft202012Validator(schema["properties"]["ceilings"]).validate(document["ceilings"])
        fma = {(c["type"], c["isa"]) for c in document["ceilings"] if c["name"] == "fma"}
        self.assertEqual({t for t, _ in fma}, {"f32", "f64"})
        memory = [c for c in document["ceilings"] if c["name"] != "fma"]
        self.assertEqual({c["name"] for c in memory}, {"copy", "triad", "axpy", "read"})
        self.assertEqual({c["pages"] for c in memory}, {"4 KiB", "huge"})
        self.assertGreaterEqual(len({c["bytes"] for c in memory if c["name"] == "copy"}), 2)
        for stores in ("plain", "streaming"):
            self.assertTrue(any(c["loop"].startswith(stores) for c in memory))

    def test_bytes_bind_a_skinny_product(self):
        done = bench("--workload", "gemm", "--params", "16-rows", "--type", "f32", "--size", "2048", "--backend", "simd", *FAST,
                     "--json", "-")
        row = json.loads(done.stdout)["results"][0]
        self.assertEqual(row["params"], "16-rows")
        self.assertEqual((row["flops"], row["bytes"]), (2 * 16 * 2048**2, 4 * (2048**2 + 3 * 16 * 2048)))
        ceiling = row["ceiling"]
        least = {c["name"]: (row["bytes"] if c["unit"] == "B/s" else row["flops"]) / c["value"]
                 for c in json.loads(done.stdout)["ceilings"]}
        self.assertEqual(set(least), {"fma", "read"})
        self.assertAlmostEqual(row["ceiling_fraction"], least[ceiling["name"]] / row["median"], places=9)
        # Both are measured a few times: which of them binds is only certain when they are apart.
        if max(least.values()) > 1.2 * min(least.values()):
            self.assertEqual(ceiling["name"], max(least, key=least.get))


class Stopping(unittest.TestCase):
    def stopped(self, number, code):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "r.json")
            arguments = ["--backend", "scalar,simd", "--workload", "axpy", "--type", "f32", "--size", "1Ki,2Ki", "--json", path]
            process = subprocess.Popen([PROGRAM, *arguments, "--min-time", "0.3s", "--max-noise", "0%"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for line in process.stdout:  # the first group is done, the second has begun
                if line.startswith("axpy") and " simd " in line:
                    break
            time.sleep(0.2)
            process.send_signal(number)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, code)
            with open(path) as file:
                document = json.load(file)
            validate(document)
            self.assertFalse(document["complete"])
            self.assertEqual([row["n"] for row in document["results"]], [1024, 1024])

    def test_interrupt(self):
        self.stopped(signal.SIGINT, 130)

    def test_terminate(self):
        self.stopped(signal.SIGTERM, 143)

    def test_timeout(self):
        done = bench("--backend", "scalar", "--workload", "axpy", "--size", "1Ki", "--min-time", "1h", "--timeout", "0.5s", "--json", "-")
        self.assertEqual(done.returncode, 124)
        self.assertFalse(json.loads(done.stdout)["complete"])


class Schema(unittest.TestCase):
    def test_golden_files_stay_readable(self):
        names = sorted(os.listdir(GOLDEN))
        self.assertTrue(names)
        for name in names:
            with open(os.path.join(GOLDEN, name)) as file:
                validate(json.load(file))

    def test_it_can_refuse(self):
        with open(os.path.join(GOLDEN, "compute-bench-1.json")) as file:
            text = file.read()
        for spoil in (lambda d: d.pop("complete"), lambda d: d.update(schema="compute-bench/2"),
                      lambda d: d["results"][0].update(median=None), lambda d: d["results"][0].update(validation=None),
                      lambda d: d["results"][0].pop("samples"), lambda d: d["host"]["cpu"].pop("model"),
                      lambda d: next(b for b in d["backends"] if b["devices"])["devices"][0].update(uuid="GPU-1")):
            document = json.loads(text)
            spoil(document)
            with self.assertRaises(jsonschema.ValidationError):
                validate(document)


class SelfTest(unittest.TestCase):
    def test_every_planted_error_is_noticed(self):
        done = bench("--self-test", "--backend", "scalar,simd,threads")
        self.assertEqual(done.returncode, 0, done.stdout)
        workloads = {(w["name"], w["type"]) for w in json.loads(bench("list", "--json").stdout)["workloads"]}
        noticed = {tuple(line.split()[:2]) for line in done.stdout.splitlines() if " noticed " in line}
        self.assertEqual(workloads, noticed & workloads)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])
