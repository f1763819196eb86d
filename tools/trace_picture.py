#!/usr/bin/env python3
"""Draws a trace of flynn::mp (FLYNN_MP_TRACE=FILE): a lane for the program and one for each worker. Usage: trace_picture.py TRACE PICTURE.svg"""

import html
import json
import sys

LEFT, WIDTH, LANE, BAR = 90, 900, 26, 16
COLOURS = {"task": "#3b75af", "wait": "#d9d9d9", "lost": "#c0392b"}


def main(trace, picture):
    with open(trace) as file:
        events = json.load(file)
    lanes = {}
    for event in events:
        if event["ph"] == "M":
            lanes.setdefault(event["tid"], event["args"]["name"])
    order = list(lanes)
    bars = [event for event in events if event["ph"] == "X"]
    times = [event["ts"] for event in events if "ts" in event] + [bar["ts"] + bar["dur"] for bar in bars]
    begin, end = min(times), max(times)
    x = lambda time: LEFT + WIDTH * (time - begin) / (end - begin)
    y = lambda lane: 30 + LANE * order.index(lane)
    height = 30 + LANE * len(order) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 20}" height="{height}" font-family="sans-serif" font-size="11">',
           f'<rect width="{LEFT + WIDTH + 20}" height="{height}" fill="white"/>']
    for number, lane in enumerate(order):
        name = lanes[lane] if number == 0 else f"worker {number}"
        out.append(f'<text x="{LEFT - 8}" y="{y(lane) + 12}" text-anchor="end">{html.escape(name)}</text>')
        out.append(f'<line x1="{LEFT}" y1="{y(lane) + BAR / 2}" x2="{LEFT + WIDTH}" y2="{y(lane) + BAR / 2}" stroke="#eeeeee"/>')
    for bar in bars:
        out.append(f'<rect x="{x(bar["ts"]):.1f}" y="{y(bar["tid"])}" width="{max(0.5, WIDTH * bar["dur"] / (end - begin)):.1f}" height="{BAR}" '
                   f'fill="{COLOURS[bar["cat"]]}" stroke="white" stroke-width="0.4"><title>{html.escape(bar["name"])}</title></rect>')
    starts = {event["id"]: event for event in events if event["ph"] == "s"}
    for event in events:
        if event["ph"] == "f":
            sent = starts[event["id"]]
            colour = "#7f9f3f" if event["name"] == "call" else "#cc8833"
            out.append(f'<line x1="{x(sent["ts"]):.1f}" y1="{y(sent["tid"]) + BAR / 2}" x2="{x(event["ts"]):.1f}" y2="{y(event["tid"]) + BAR / 2}" stroke="{colour}" stroke-width="0.5" opacity="0.7"/>')
    step = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000) if (end - begin) / 1000 / s <= 12)
    for i in range(int((end - begin) / 1000 / step) + 1):
        out.append(f'<text x="{x(begin + 1000 * step * i):.1f}" y="{height - 10}" text-anchor="middle">{step * i:g} ms</text>')
    out.append(f'<text x="{LEFT}" y="18">blue: tasks; grey: waits; green: calls; orange: answers</text></svg>')
    with open(picture, "w") as file:
        file.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
