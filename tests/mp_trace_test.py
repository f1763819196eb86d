#!/usr/bin/env python3
"""The trace of a program is whole JSON that makes sense.

Usage: mp_trace_test.py PROGRAM TRACE_PICTURE CRASHING POOLS. PROGRAM has a pool with 10 workers and 40 tasks, CRASHING one in which
a worker dies, POOLS is a test that makes several.
"""

import collections
import json
import os
import subprocess
import sys
import tempfile
import xml.dom.minidom

program, picture, crashing, pools = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    trace = os.path.join(folder, "trace.json")
    for _ in range(2):  # the second run replaces the file
        subprocess.run([program], env={**os.environ, "FLYNN_MP_TRACE": trace}, check=True, timeout=60)
    with open(trace) as file:
        events = json.load(file)
    drawing = os.path.join(folder, "trace.svg")
    subprocess.run([sys.executable, picture, trace, drawing], check=True, timeout=60)
    xml.dom.minidom.parse(drawing)

lanes = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
tasks = [e for e in events if e["ph"] == "X" and e["cat"] == "task"]
assert sorted(e["name"] for e in tasks) == sorted(f"item {i}" for i in range(40)), [e["name"] for e in tasks]
assert 2 <= len(lanes) <= 11 and list(lanes.values())[0] == "program", lanes
assert {e["tid"] for e in tasks} == set(list(lanes)[1:])

# In a lane nothing overlaps: a worker does one thing at a time.
bars = collections.defaultdict(list)
for e in events:
    if e["ph"] == "X":
        bars[e["tid"]].append((e["ts"], e["ts"] + e["dur"]))
for lane in bars.values():
    lane.sort()
    assert all(begin < end for begin, end in lane), lane
    assert all(a[1] <= b[0] + 0.002 for a, b in zip(lane, lane[1:])), lane  # microseconds with three digits

# A wait lies between two tasks.
for e in events:
    if e["ph"] == "X" and e["cat"] == "wait":
        at = [(t["ts"], t["ts"] + t["dur"]) for t in tasks if t["tid"] == e["tid"]]
        assert any(abs(end - e["ts"]) < 0.002 for _, end in at) and any(abs(begin - e["ts"] - e["dur"]) < 0.002 for begin, _ in at), e
assert len([e for e in events if e["ph"] == "X" and e["cat"] == "wait"]) == len(tasks) - (len(lanes) - 1)

# Each arrow goes forward in time: a call to where its task begins, an answer from where it has ended.
sent = {e["id"]: e for e in events if e["ph"] == "s"}
received = {e["id"]: e for e in events if e["ph"] == "f"}
assert len(sent) == 80 and sent.keys() == received.keys()
for number, end in received.items():
    assert sent[number]["ts"] <= end["ts"], (sent[number], end)
    assert {sent[number]["tid"], end["tid"]} & {list(lanes)[0]}
program_lane = list(lanes)[0]
ends_of_arrows = sorted((e["tid"], e["ts"]) for e in [*sent.values(), *received.values()] if e["tid"] != program_lane)
ends_of_tasks = sorted((t["tid"], time) for t in tasks for time in (t["ts"], t["ts"] + t["dur"]))
assert all(a[0] == b[0] and abs(a[1] - b[1]) < 0.002 for a, b in zip(ends_of_arrows, ends_of_tasks, strict=True))


def events_of(*command):
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace.json")
        subprocess.run(command, env={**os.environ, "FLYNN_MP_TRACE": trace}, check=True, timeout=60, stdout=subprocess.DEVNULL)
        with open(trace) as file:
            return json.load(file)


assert [e["name"] for e in events_of(crashing) if e.get("cat") == "lost"] == ["the task"]
several = events_of(pools, "--gtest_filter=*Applies*")
assert len([e for e in several if e["ph"] == "M" and e["args"]["name"] == "program"]) == 2, several

missing = subprocess.run([program], env={**os.environ, "FLYNN_MP_TRACE": "/dev/null/trace"}, capture_output=True, text=True, timeout=60)
assert missing.returncode == 0 and "cannot write the trace" in missing.stderr, missing.stderr
