#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <flynn/status.hpp>

namespace flynn::mp {

/// What went wrong with a task in another process, as plain data.
struct Failure {
  enum class Kind : std::uint32_t {
    thrown,     ///< the function threw; `causes` says what
    died,       ///< the process crashed, ended or was killed in the middle of it
    timed_out,  ///< its time was over
    cancelled,  ///< it will not be run
    damaged,    ///< what the process answered makes no sense
    refused,    ///< it could not be sent
  };
  struct Cause {
    std::string type;  ///< as written in C++: "std::runtime_error"
    std::string message;
    template <class Archive>
    void serialize(Archive& archive) {
      archive(type, message);
    }
  };

  Kind kind = Kind::thrown;
  Code code = Code::internal;
  std::string text = {};           ///< the whole story in one sentence
  std::string hint = {};           ///< what cures it, if something does
  std::vector<Cause> causes = {};  ///< the exception, what it was nested around, and so on
  std::string task = {};           ///< "task 17", "items 100 to 199 of task 3"
  std::int64_t worker = 0;         ///< process id
  int signal = 0;                  ///< that ended the process; 0: it exited
  int exit_code = 0;
  std::string stack = {};  ///< where the process crashed, one line for each call; empty when it did not say
  bool oom_suspected = false;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(kind, code, text, hint, causes, task, worker, signal, exit_code, stack, oom_suspected);
  }
};

/// The function of a task threw an exception in another process. Every get() throws an object of its own.
class FLYNN_API RemoteError : public Error {
 public:
  explicit RemoteError(Failure failure) : Error(failure.code, failure.text, {}, failure.hint), failure_(failure) {}
  /// The type of what was thrown, as written in C++: "std::runtime_error", "int".
  const std::string& type() const { return failure_.causes.at(0).type; }
  /// Its what(); empty when it has none.
  const std::string& message() const { return failure_.causes.at(0).message; }
  /// The exception and those that it was nested around (std::throw_with_nested), outermost first.
  const std::vector<Failure::Cause>& causes() const { return failure_.causes; }
  const std::string& task() const { return failure_.task; }
  std::int64_t worker() const { return failure_.worker; }

 private:
  Failure failure_;
};

/// A process ended in the middle of a task: it crashed, called exit() or was killed. Only that task is lost.
class FLYNN_API WorkerDied : public Error {
 public:
  explicit WorkerDied(Failure failure) : Error(failure.code, failure.text, {}, failure.hint), failure_(failure) {}
  int signal() const { return failure_.signal; }  ///< 0: it exited
  int exit_code() const { return failure_.exit_code; }
  const std::string& task() const { return failure_.task; }
  std::int64_t worker() const { return failure_.worker; }
  /// Where it crashed, one line for each call; empty when it was killed or exited.
  const std::string& stack() const { return failure_.stack; }
  /// Whether the kernel killed a process of this control group for want of memory at that time.
  bool oom_suspected() const { return failure_.oom_suspected; }

 private:
  Failure failure_;
};

/// It was not there in time. The task goes on unless it had a time limit of its own.
class FLYNN_API TimeoutError : public Error {
 public:
  using Error::Error;
};

/// It was cancelled before it began, or its pool was terminated.
class FLYNN_API CancelledError : public Error {
 public:
  using Error::Error;
};

/// Nothing can come or go any more: the other end of a pipe is gone, or a queue was closed (Python's EOFError,
/// BrokenPipeError and ShutDown).
class FLYNN_API Closed : public Error {
 public:
  using Error::Error;
};

/// There was no room in a queue in that time.
class FLYNN_API Full : public TimeoutError {
 public:
  using TimeoutError::TimeoutError;
};

/// There was nothing in a queue in that time.
class FLYNN_API Empty : public TimeoutError {
 public:
  using TimeoutError::TimeoutError;
};

namespace detail {

/// Throws what a failure stands for, a new object each time.
[[noreturn]] FLYNN_API void raise(const Failure& failure);
/// What is being thrown here, as a record; for a catch block.
FLYNN_API Failure current_failure();

}  // namespace detail

}  // namespace flynn::mp
