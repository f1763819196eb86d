#pragma once
// flynn::mp: processes, pools and what they share; what Python's multiprocessing and concurrent.futures offer, in C++.
// A program that uses it begins main with flynn::mp::init(argc, argv).

#include <flynn/mp/barrier.hpp>
#include <flynn/mp/condition.hpp>
#include <flynn/mp/event.hpp>
#include <flynn/mp/executor.hpp>
#include <flynn/mp/lock.hpp>
#include <flynn/mp/manager.hpp>
#include <flynn/mp/pipe.hpp>
#include <flynn/mp/pool.hpp>
#include <flynn/mp/process.hpp>
#include <flynn/mp/queue.hpp>
#include <flynn/mp/semaphore.hpp>
#include <flynn/mp/shared.hpp>
#include <flynn/mp/value.hpp>
