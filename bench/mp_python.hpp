#pragma once
#include <string_view>

namespace flynn::bench {

/// Prints seconds, a line for each row of mp.cpp, in their order.
inline constexpr std::string_view python_program = R"py(
import multiprocessing as mp
import statistics
import time


def square(x):
    return x * x


def same(x):
    return x


def median_of(runs, sample):
    sample()
    return statistics.median(sample() for _ in range(runs))


def time_of(run):
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def apply_all(pool, calls):
    for i in range(calls):
        pool.apply(square, (i,))


def use_pool(method):
    pool = mp.get_context(method).Pool(2)
    pool.map(square, range(10))
    pool.close()
    pool.join()


def run_processes():
    processes = [mp.Process(target=square, args=(i,)) for i in range(50)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def put_all(queue, items):
    for i in range(-1, items):
        queue.put(i)


def queue_seconds(items):
    queue = mp.Queue(1024)
    producer = mp.Process(target=put_all, args=(queue, items))
    producer.start()
    queue.get()
    seconds = time_of(lambda: [queue.get() for _ in range(items)])
    producer.join()
    return seconds / items


def lock_all(lock, times):
    for _ in range(times):
        lock.acquire()
        lock.release()


def say(seconds):
    print(seconds, flush=True)


def main():
    with mp.Pool(1) as pool:
        say(median_of(9, lambda: time_of(lambda: apply_all(pool, 200))) / 200)
    with mp.Pool(2) as pool:
        say(median_of(3, lambda: time_of(lambda: pool.map(square, range(20000), 1))) / 20000)
        say(median_of(3, lambda: time_of(lambda: pool.map(square, range(500000)))) / 500000)
    with mp.Pool(1) as pool:
        data = bytes(64 << 20)
        say(median_of(3, lambda: time_of(lambda: pool.apply(same, (data,)))))
    say(median_of(9, lambda: time_of(lambda: use_pool("fork"))))
    say(median_of(3, lambda: time_of(lambda: use_pool("spawn"))))
    say(median_of(5, lambda: time_of(run_processes)))
    say(median_of(3, lambda: queue_seconds(20000)))
    lock = mp.Lock()
    say(median_of(9, lambda: time_of(lambda: lock_all(lock, 20000))) / 20000)


if __name__ == "__main__":
    main()
)py";

}  // namespace flynn::bench
