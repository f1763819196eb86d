// Programs with pools that are killed, interrupted, replaced or copied: rows A19 to A27 of docs/faults.md.

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <tests/faults/mp_fixture.hpp>

namespace flynn::mp {
namespace {

namespace fs = std::filesystem;

/// Kills what is left, for the tests that come.
void expect_gone(const std::vector<pid_t>& processes) {
  const auto begin = steady_clock::now();
  for (pid_t process : processes) {
    EXPECT_TRUE(faults::holds_within(2s * slow, [&] { return !faults::is_alive(process); })) << process << " is left";
    if (faults::is_alive(process)) kill(process, SIGKILL);
  }
  std::printf("nothing left after %.1f ms\n",
              std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count());
}

/// What is left of a program that was killed: nothing, whatever its processes were doing, those of the fork server and
/// the server included.
class OrphanTest : public ::testing::TestWithParam<const char*> {};

TEST_P(OrphanTest, A21_LeavesNothing) {
  const std::string mode = GetParam();
  faults::Program program({FLYNN_TEST_MP_PARENT, mode});
  const std::vector<pid_t> processes = program.read_pids(6);
  ASSERT_EQ(processes.size(), 6u);
  for (pid_t process : processes) EXPECT_TRUE(faults::is_alive(process));
  if (mode == "sleep") kill(processes[0], SIGKILL);  // A22: and a worker with it
  kill(program.pid(), SIGKILL);
  expect_gone(processes);
}

INSTANTIATE_TEST_SUITE_P(, OrphanTest, ::testing::Values("idle", "sleep", "spin", "stopped"),
                         [](const auto& info) { return std::string(info.param); });

/// Ctrl-C reaches the program alone, its processes are in groups of their own.
class InterruptTest : public ::testing::TestWithParam<int> {};

TEST_P(InterruptTest, A25_EndsTheProgramAndItsProcesses) {
  faults::Program program({FLYNN_TEST_MP_PARENT, "spin"});
  const std::vector<pid_t> processes = program.read_pids(6);
  ASSERT_EQ(processes.size(), 6u);
  for (pid_t process : processes) EXPECT_EQ(getpgid(process), process) << "it would get what is meant for another one";
  kill(program.pid(), GetParam());
  EXPECT_EQ(program.end_within(2s * slow), 128 + GetParam());
  expect_gone(processes);
}

TEST_P(InterruptTest, A25_CancelsWhereTheProgramWantsThat) {
  faults::Program program({FLYNN_TEST_MP_PARENT, "cancels"});
  const std::vector<pid_t> processes = program.read_pids(2);
  ASSERT_EQ(processes.size(), 2u);
  kill(program.pid(), GetParam());
  EXPECT_EQ(program.end_within(2s * slow), 128 + GetParam());
  EXPECT_NE(program.rest().find("the task was cancelled"), std::string::npos);
  expect_gone(processes);
}

TEST_P(InterruptTest, A25_EndsAtOnceTheSecondTime) {
  faults::Program program({FLYNN_TEST_MP_PARENT, "cancels_slowly"});
  const std::vector<pid_t> processes = program.read_pids(2);
  ASSERT_EQ(processes.size(), 2u);
  kill(program.pid(), GetParam());
  char line[100] = {};
  ASSERT_TRUE(std::fgets(line, sizeof line, program.output) && std::fgets(line, sizeof line, program.output));
  EXPECT_STREQ(line, "cancelling\n");
  kill(program.pid(), GetParam());
  EXPECT_EQ(program.end_within(200ms * slow), 128 + GetParam());
  expect_gone(processes);
}

INSTANTIATE_TEST_SUITE_P(, InterruptTest, ::testing::Values(SIGINT, SIGTERM, SIGHUP),
                         [](const auto& info) { return std::string(sigabbrev_np(info.param)); });

TEST(WithoutInit, TellsWhatToAdd) {
  faults::Program program({FLYNN_TEST_MP_PARENT, "without_init"});
  const std::string text = program.rest();
  EXPECT_EQ(program.end_within(5s), 0);
  std::printf("%s", text.c_str());
  EXPECT_NE(text.find("make `flynn::mp::init(argc, argv);` the first line of main"), std::string::npos);
}

/// A program and its library that are replaced on the disk between its first line and its first pool.
class ReplacedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(mkdtemp(folder_));
    fs::copy(FLYNN_TEST_MP_REPLACED, program());
    fs::copy(FLYNN_TEST_LIBFLYNN, library());
    start_ = {"env", std::string("LD_LIBRARY_PATH=") + folder_, program()};
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string program() const { return std::string(folder_) + "/program"; }
  std::string library() const { return std::string(folder_) + "/" + fs::path(FLYNN_TEST_LIBFLYNN).filename().string(); }

  /// What it prints when it makes a pool after `change`.
  template <class Change>
  std::string says_after(const std::string& method, const Change& change) {
    std::vector<std::string> words = start_;
    words.push_back(method);
    faults::Program run(words);
    char line[100] = {};
    EXPECT_TRUE(std::fgets(line, sizeof line, run.output)) << run.rest();
    change();
    std::fputs("go\n", run.input);
    std::fflush(run.input);
    EXPECT_TRUE(run.end_within(2s * slow)) << "it hangs";
    return run.rest();
  }

 private:
  char folder_[40] = "/tmp/flynn-replaced-XXXXXX";
  std::vector<std::string> start_;
};

TEST_F(ReplacedTest, A19_AMissingProgramIsStillThere) {
  for (const char* method : {"spawn", "forkserver"}) {
    EXPECT_EQ(says_after(method, [&] { fs::rename(program(), program() + ".away"); }), "9\n");
    fs::rename(program() + ".away", program());
    EXPECT_EQ(says_after(method, [&] { fs::remove(program()); }), "9\n");
    fs::copy(FLYNN_TEST_MP_REPLACED, program());
  }
}

TEST_F(ReplacedTest, A19_AProgramThatMayNotBeRun) {
  for (const char* method : {"spawn", "forkserver"}) {
    const std::string text = says_after(method, [&] { chmod(program().c_str(), 0644); });
    EXPECT_NE(text.find(program() + ": Permission denied"), std::string::npos) << text;
    chmod(program().c_str(), 0755);
  }
}

/// Another build of the library takes its place, as when a package is upgraded.
void replace_with_another_build(const std::string& library) {
  std::ifstream in(library, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const std::string note("\x14\0\0\0\x03\0\0\0GNU\0", 12);  // a build id of 20 bytes follows
  const std::size_t place = bytes.find(note);
  ASSERT_NE(place, std::string::npos);
  bytes[place + note.size()] ^= 1;
  std::ofstream(library + ".new", std::ios::binary) << bytes;
  fs::permissions(library + ".new", fs::perms::owner_all);
  fs::rename(library + ".new", library);
}

TEST_F(ReplacedTest, A19_AnotherBuildOfTheLibrary) {
  for (const char* method : {"spawn", "forkserver"}) {
    const std::string text = says_after(method, [&] { replace_with_another_build(library()); });
    EXPECT_NE(text.find(program() + ": its libflynn is "), std::string::npos) << text;
  }
}

// ThreadSanitizer ends a copy that starts threads.
#if !defined(__SANITIZE_THREAD__)

/// Runs it in a copy of this process. Its exit code, which is 99 for an exception; none when it hangs.
template <class Check>
std::optional<int> in_a_copy(const Check& check) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      _exit(check());
    } catch (...) {
      _exit(99);
    }
  }
  int status = 0;
  if (!faults::holds_within(1s * slow, [&] { return waitpid(child, &status, WNOHANG) == child; })) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return {};
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

template <class Call>
bool is_refused(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code() == Code::invalid_argument && error.text().find("made by fork()") != std::string::npos;
  }
  return false;
}

TEST_F(FaultTest, A27_WhatWasMadeBeforeAForkIsRefusedInTheCopy) {
  Pool& pool = make_pool(2);
  Process process([] { sleep(60); });
  process.start();
  ThreadPoolExecutor threads(1);
  const auto result = pool.apply_async(sleep_for, 100);
  const auto future = threads.submit(sleep_for, 100);
  EXPECT_EQ(in_a_copy([&] { return is_refused([&] { pool.apply(square, 3); }) ? 0 : 1; }), 0);
  EXPECT_EQ(in_a_copy([&] { return is_refused([&] { result.get(); }) ? 0 : 1; }), 0);
  EXPECT_EQ(in_a_copy([&] { return is_refused([&] { pool.terminate(); }) ? 0 : 1; }), 0);
  EXPECT_EQ(in_a_copy([&] { return is_refused([&] { process.kill(); }) ? 0 : 1; }), 0);
  EXPECT_EQ(in_a_copy([&] { return is_refused([&] { process.join(); }) ? 0 : 1; }), 0);
  EXPECT_EQ(in_a_copy([&] { return is_refused([&] { threads.submit(square, 3); }) ? 0 : 1; }), 0);
  EXPECT_EQ(in_a_copy([&] { return is_refused([&] { future.result(); }) ? 0 : 1; }), 0);
  EXPECT_EQ(in_a_copy([&] {
              pool_.reset();  // as the copy's exit() would
              Process moved(std::move(process));
              return 0;
            }),
            0);
  EXPECT_EQ(result.get(5s), 100) << "and here nothing has happened";
  EXPECT_TRUE(process.is_alive());
  expect_whole(2);
  process.kill();
}

TEST_F(FaultTest, A27_ACopyMakesPoolsOfItsOwn) {
  Pool& pool = make_pool(2);
  const auto use = [] {
    Pool own(2);
    const std::vector<double> x(100'000, 2.0);
    return own.apply(square, 3) == 9 && own.apply([](std::vector<double> v) { return v; }, x) == x ? 0 : 1;
  };
  EXPECT_EQ(in_a_copy(use), 0);
  EXPECT_EQ(in_a_copy([&] { return in_a_copy(use).value_or(98); }), 0) << "a copy of a copy";
  EXPECT_EQ(pool.apply(square, 4), 16);
}

/// Whatever lock another thread holds at that moment.
TEST_F(FaultTest, A27_ACopyOfABusyProcessDoesNotHang) {
  Pool& pool = make_pool(2);
  std::atomic<bool> is_over = false;
  const std::vector<double> large(20'000, 1.0);
  std::thread other([&] {
    while (!is_over) {
      pool.apply([](std::vector<double> v) { return v; }, large);
      Pool more(1);
    }
  });
  for (int round = 0; round < 20; ++round)
    EXPECT_EQ(in_a_copy([] {
                Pool own(1);
                return own.apply(square, 3);
              }),
              9);
  is_over = true;
  other.join();
}
#endif

}  // namespace
}  // namespace flynn::mp
