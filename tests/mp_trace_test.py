#!/usr/bin/env python3
"""The trace of a program is whole JSON that makes sense. Usage: mp_trace_test.py PROGRAM TRACE_PICTURE, whose pool has 10 workers and 40 tasks."""

import collections
import json
import os
import subprocess
import sys
import tempfile
import xml.dom.minidom

program, picture = sys.argv[1:3]
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
    assert all(a[1] <= b[0] + 0.002 for a, b in zip(lane, lane[1:])), lane  # microseconds with three digits

# Each arrow goes forward in time: a call before its task begins, an answer after it has ended.
sent = {e["id"]: e for e in events if e["ph"] == "s"}
received = {e["id"]: e for e in events if e["ph"] == "f"}
assert len(sent) == 80 and sent.keys() == received.keys()
for number, end in received.items():
    assert sent[number]["ts"] <= end["ts"], (sent[number], end)
    assert {sent[number]["tid"], end["tid"]} & {list(lanes)[0]}

missing = subprocess.run([program], env={**os.environ, "FLYNN_MP_TRACE": "/nonexistent/trace"}, capture_output=True, text=True, timeout=60)
assert missing.returncode == 0 and "cannot write the trace" in missing.stderr, missing.stderr
