#!/usr/bin/env python3
"""What happens to Python's process pools and to flynn::mp under the same faults, measured side by side.

Usage: mp_table.py FOLDER [DOCUMENT]. FOLDER has flynn's tests (build/ci/bin). Prints a Markdown table, or puts it between
the lines <!-- mp_table --> and <!-- end --> of DOCUMENT. Every wait is bounded: what has no answer after 3 s counts as a hang.
"""

import multiprocessing as mp
import os
import queue
import re
import select
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from multiprocessing import shared_memory

LIMIT = 3.0

# The row, what happens, and the test of flynn: its program and filter. A row whose program is not built says so.
ROWS = {
    "A1": ("a busy worker is killed", "mp_workers_test", "*A1_*"),
    "A2": ("an idle worker is killed", "mp_workers_test", "*A2_*"),
    "A3": ("a task crashes (SIGSEGV)", "mp_workers_test", "*A3_*"),
    "A4": ("a task calls _exit(3)", "mp_workers_test", "*A4_*"),
    "A13": ("the owner of a Lock is killed", "mp_locks_faults_test", "*A13_ADeadOwner*"),
    "A14": ("who waits in Queue.get() is killed", "mp_channels_test", "*A14_*"),
    "A21": ("the program is killed, its workers are busy", "mp_programs_test", "*A21_*/spin"),
    "A22": ("the same, with shared memory", "mp_programs_test", "*A21_*/sleep"),
}


def square(x):
    return x * x


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def leave():
    os._exit(3)


def answer(ask):
    """What a call gives, in words, and how long it took."""
    begin = time.monotonic()
    try:
        ask()
        words = "an answer"
    except (mp.TimeoutError, NotInTime, queue.Empty):
        return "**no answer in 3 s**"
    except Exception as error:
        words = type(error).__name__
    return f"{words} after {1000 * (time.monotonic() - begin):.0f} ms"


class WithPool:
    name = "multiprocessing.Pool"

    def __init__(self):
        self.pool = mp.Pool(2)

    def pids(self):
        return [worker.pid for worker in self.pool._pool]

    def submit(self, function, *arguments):
        result = self.pool.apply_async(function, arguments)
        return lambda: result.get(LIMIT)


class WithExecutor:
    name = "ProcessPoolExecutor"

    def __init__(self):
        self.executor = ProcessPoolExecutor(2)
        [self.executor.submit(time.sleep, 0.1) for _ in range(2)][0].result()

    def pids(self):
        return list(self.executor._processes)

    def submit(self, function, *arguments):
        future = self.executor.submit(function, *arguments)
        return lambda: future.result(LIMIT)


def lost_task(kind, function, *arguments, kill=False):
    """What becomes of a task whose worker dies, and of the next one."""
    pool = kind()
    lost = pool.submit(function, *arguments)
    if kill:
        time.sleep(0.3)
        for pid in pool.pids():
            os.kill(pid, signal.SIGKILL)
            break
    first = answer(lost)
    return f"its result: {first}; the next task: {answer(lambda: pool.submit(square, 3)())}"


def a1(kind):
    pool = kind()
    both = [pool.submit(time.sleep, 1) for _ in range(2)]
    time.sleep(0.3)
    os.kill(pool.pids()[0], signal.SIGKILL)
    results = sorted(answer(result) for result in both)
    return f"of two tasks: {results[0]}; {results[1]}; the next task: {answer(lambda: pool.submit(square, 3)())}"


def a2(kind):
    pool = kind()
    pool.submit(square, 2)()
    time.sleep(0.3)
    for pid in pool.pids():
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    return f"the next task: {answer(lambda: pool.submit(square, 3)())}"


def hold(lock, is_held):
    lock.acquire()
    is_held.set()
    time.sleep(60)


def a13(_):
    lock, is_held = mp.Lock(), mp.Event()
    owner = mp.Process(target=hold, args=(lock, is_held))
    owner.start()
    is_held.wait(LIMIT)
    owner.kill()
    owner.join()
    return "the next owner gets it" if lock.acquire(timeout=LIMIT) else "**held for ever** (no answer in 3 s)"


def a14(_):
    channel = mp.Queue()
    reader = mp.Process(target=channel.get)
    reader.start()
    time.sleep(0.3)
    reader.kill()
    reader.join()
    channel.put(1)
    return "the next get(): " + answer(lambda: channel.get(timeout=LIMIT))


def orphans(kind):
    """A program to be killed: prints its processes."""
    pool = kind()
    memory = shared_memory.SharedMemory(create=True, size=1 << 20)
    tasks = [pool.submit(time.sleep, 60) for _ in range(2)]
    time.sleep(0.3)
    print(memory.name, *[p.pid for p in mp.active_children()], flush=True)
    tasks[0]()


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "X"


def killed_program(kind, helpers_too):
    program = subprocess.Popen([sys.executable, __file__, "--row", "orphans", kind.__name__], stdout=subprocess.PIPE, text=True, start_new_session=True)
    name, *pids = program.stdout.readline().split()
    if helpers_too:  # the resource tracker, which would remove the name
        with open(f"/proc/{program.pid}/task/{program.pid}/children") as file:
            for child in set(file.read().split()) - set(pids):
                os.kill(int(child), signal.SIGKILL)
    program.kill()
    program.wait()
    time.sleep(2)
    left = [pid for pid in pids if state_of(pid) not in "XZ"]
    is_named = os.path.exists("/dev/shm/" + name)
    try:
        os.killpg(program.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    words = f"**{len(left)} workers left**" if left else "no worker left"
    if helpers_too and is_named:
        os.unlink("/dev/shm/" + name)
        words += ", **its memory left**"
    return words + " after 2 s"


CASES = {
    "A1": a1,
    "A2": a2,
    "A3": lambda kind: lost_task(kind, crash),
    "A4": lambda kind: lost_task(kind, leave),
    "A13": a13,
    "A14": a14,
    "A21": lambda kind: killed_program(kind, False),
    "A22": lambda kind: killed_program(kind, True),
    "orphans": orphans,
}


def python_says(row, kind):
    """Each row is a program of its own, which is ended with all that it started."""
    program = subprocess.Popen([sys.executable, __file__, "--row", row, kind.__name__], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    try:
        # Its one line, not its end: workers that outlive it would keep the pipe open.
        if not select.select([program.stdout], [], [], 20)[0]:
            return "**the program hangs**"
        return program.stdout.readline().strip() or "it ended without a word"
    finally:
        try:
            os.killpg(program.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        program.wait()


def flynn_says(folder, program, tests):
    path = os.path.join(folder, program)
    if not os.path.exists(path):
        return "not built"
    done = subprocess.run([path, "--gtest_filter=" + tests], capture_output=True, text=True, timeout=60)
    passed = re.search(r"\[  PASSED  \] (\d+) test", done.stdout)
    if done.returncode != 0 or not passed:
        return "**FAILED**"
    time_ms = re.search(r"ran\. \((\d+) ms total\)", done.stdout).group(1)
    return f"{WORDS[program, tests]} ({passed.group(1)} tests, {time_ms} ms in all)"


WORDS = {
    ("mp_workers_test", "*A1_*"): "that task: WorkerDied; all others are done, the worker is replaced",
    ("mp_workers_test", "*A2_*"): "nobody notices; it is replaced",
    ("mp_workers_test", "*A3_*"): "that task: WorkerDied with signal and stack; the others are done",
    ("mp_workers_test", "*A4_*"): "that task: WorkerDied with the exit code; the others are done",
    ("mp_locks_faults_test", "*A13_ADeadOwner*"): "the next owner is told once, and has it",
    ("mp_channels_test", "*A14_*"): "the others go on; at most its own item is lost",
    ("mp_programs_test", "*A21_*/spin"): "nothing left",
    ("mp_programs_test", "*A21_*/sleep"): "nothing left; the memory has no name",
}


def table(folder):
    yield f"| row | fault | {WithPool.name} | {WithExecutor.name} | flynn::mp |"
    yield "|---|---|---|---|---|"
    for row, (fault, program, tests) in ROWS.items():
        pool = python_says(row, WithPool)
        executor = "as Pool: the same class" if row in ("A13", "A14") else python_says(row, WithExecutor)
        yield f"| {row} | {fault} | {pool} | {executor} | {flynn_says(folder, program, tests)} |"


def main():
    if sys.argv[1] == "--row":
        words = CASES[sys.argv[2]](globals()[sys.argv[3]])
        print(words, flush=True)
        os._exit(0)  # the pool may hang when it is closed
    lines = "\n".join([f"Python {sys.version.split()[0]}, its default start method ({mp.get_start_method()}).", "", *table(sys.argv[1])])
    if len(sys.argv) < 3:
        print(lines)
        return
    with open(sys.argv[2]) as file:
        text = file.read()
    begin, end = text.index("<!-- mp_table -->"), text.index("<!-- end -->")
    with open(sys.argv[2], "w") as file:
        file.write(text[:begin] + "<!-- mp_table -->\n" + lines + "\n" + text[end:])


if __name__ == "__main__":
    main()
