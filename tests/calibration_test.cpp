// The file of measurements, and what can be wrong with it.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <latch>
#include <random>
#include <thread>

#include <flynn/flynn.hpp>
#include <host/choose/cache_file.hpp>
#include <host/choose/decide.hpp>
#include <tests/calibrations.hpp>
#include <tests/seed.hpp>

namespace flynn {
namespace {

namespace fs = std::filesystem;

/// A folder for caches, with a calibration for two threads in it.
class Stored : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/flynn-choose-XXXXXX";
    ASSERT_TRUE(mkdtemp(name));
    root_ = name;
    setenv("XDG_CACHE_HOME", name, 1);
    store_calibration(two_backends(threads_));
    file_ = load_calibration(threads_).path;
    ASSERT_TRUE(fs::exists(file_));
  }
  void TearDown() override {
    setenv("XDG_CACHE_HOME", kept_.c_str(), 1);
    fs::remove_all(root_);
  }
  std::string text() const {
    std::ifstream file(file_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& text) const { std::ofstream(file_) << text; }

  /// The file does not count, the reason is told, and calls are right all the same.
  void expect_ignored(CalibrationState state) {
    Context context;
    EXPECT_EQ(name_of(context.calibration().state), name_of(state));
    EXPECT_FALSE(context.calibration().contents);
    EXPECT_EQ(context.calibration().reason.empty(), state == CalibrationState::absent);
    Report report;
    EXPECT_EQ(sum(std::vector<float>(1000, 1), {.report = &report, .context = &context}), 1000);
    EXPECT_EQ(report.used, "simd");
    EXPECT_EQ(report.explanation.calibration, state);
    EXPECT_NE(report.reason, Reason::calibrated);
  }

  unsigned threads_ = Context().threads();
  std::string kept_ = std::getenv("XDG_CACHE_HOME");  // main.cpp sets it
  std::string root_, file_;
};

TEST_F(Stored, CountsForContextsThatAreMadeLater) {
  Context context;
  ASSERT_EQ(context.calibration().state, CalibrationState::valid) << context.calibration().reason;
  Report report;
  const std::vector<float> x(10000, 1);  // 40 KB: threads by this calibration, simd by the prior
  EXPECT_EQ(sum(x, {.report = &report, .context = &context}), 10000);
  EXPECT_EQ(report.used, "threads");
  EXPECT_EQ(report.reason, Reason::calibrated);
  EXPECT_EQ(sum(std::vector<float>(100, 1), {.report = &report, .context = &context}), 100);
  EXPECT_EQ(report.used, "simd");
  sum(std::vector<double>(100000, 1), {.report = &report, .context = &context});  // nothing was measured
  EXPECT_NE(report.reason, Reason::calibrated);
  if (context.threads() > 1) {
    sum(x, {.threads = 1, .report = &report, .context = &context});  // nor for one thread
    EXPECT_NE(report.reason, Reason::calibrated);
  }
}

TEST_F(Stored, E2_TruncatedOrChangedAnywhere) {
  const std::string whole = text();
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, whole.size() / 2, whole.size() - 1}) {
    write(whole.substr(0, bytes));
    expect_ignored(CalibrationState::damaged);
  }
  write(whole + " ");
  expect_ignored(CalibrationState::damaged);
  std::mt19937_64 random(test_seed());
  for (int i = 0; i < 500; ++i) {
    std::string spoilt = whole;
    spoilt[random() % whole.size()] ^= char(1 << random() % 8);
    write(spoilt);
    ASSERT_EQ(load_calibration(threads_).state, CalibrationState::damaged) << spoilt;
  }
  write(whole);
  EXPECT_EQ(load_calibration(threads_).state, CalibrationState::valid);
}

TEST_F(Stored, E2_OfAnotherMachineOrBuild) {
  auto store_here = [&](const Calibration& c) {  // under the name that is looked at
    const std::string mine = file_;
    store_calibration(c);
    const std::string other = [&] {
      for (const auto& entry : fs::directory_iterator(fs::path(mine).parent_path()))
        if (entry.path() != mine && entry.path().filename() != "lock") return entry.path().string();
      return mine;
    }();
    if (other != mine) fs::rename(other, mine);
  };
  Calibration c = two_backends(threads_);
  c.build = "0.0.1-000000000000";
  store_here(c);
  expect_ignored(CalibrationState::outdated);
  for (int what = 0; what < 3; ++what) {
    c = two_backends(threads_);
    if (what == 0) c.cpu = "Zilog Z80";
    if (what == 1) c.architecture = "sse1";
    if (what == 2) c.threads += 1;
    store_here(c);
    expect_ignored(CalibrationState::foreign);
  }
}

TEST_F(Stored, IsReadByTheFirstCallThatLeavesTheChoice) {
  const std::string whole = text();
  fs::remove(file_);
  Context context;
  Report report;
  const std::vector<float> x(10000, 1);
  EXPECT_EQ(sum(x, {.backend = "simd", .report = &report, .context = &context}), 10000);
  write(whole);
  EXPECT_EQ(sum(x, {.report = &report, .context = &context}), 10000);
  EXPECT_EQ(report.reason, Reason::calibrated);
}

TEST_F(Stored, E2_OfAnotherDriver) {
  const OpenBackend& opencl = open_backend(*find_entry("opencl"));
  if (!opencl.status.ok()) GTEST_SKIP() << opencl.text.message;
  for (const bool is_same : {true, false}) {
    Calibration c = two_backends(threads_);
    c.curves.push_back(curve("opencl", 1e-9, 1e15));
    c.identities = {{"opencl", identity_of(opencl)}};
    std::string& devices = c.identities[0].devices;
    ASSERT_NE(devices.find("driver "), std::string::npos);
    if (!is_same) devices[devices.find("driver ") + 7] ^= 1;
    store_calibration(c);
    Context context;
    Report report;
    EXPECT_EQ(sum(std::vector<float>(10000, 1), {.report = &report, .context = &context}), 10000);
    EXPECT_EQ(report.used, is_same ? "opencl" : "threads");
    EXPECT_EQ(report.reason, Reason::calibrated) << "the rest of it counts";
    const auto& candidate = report.explanation.candidates[index_of(*opencl.entry)];
    EXPECT_EQ(candidate.standing, is_same ? Standing::chosen : Standing::changed);
  }
}

TEST_F(Stored, E2_FiguresThatMakeNoSense) {
  auto spoil = [&](auto change) {
    Calibration c = two_backends(threads_);
    change(c.curves[1].points);
    store_calibration(c);
    expect_ignored(CalibrationState::damaged);
  };
  spoil([](auto& p) { p[3].rate = -1; });
  spoil([](auto& p) { p[3].rate = 0; });
  spoil([](auto& p) { p[3].overhead = -1e-9; });
  spoil([](auto& p) { p[3].transfer = NAN; });
  spoil([](auto& p) { p[3].rate = INFINITY; });
  spoil([](auto& p) { p[3].work = p[4].work; });
}

TEST_F(Stored, E2_NoPlainFile) {
  const std::string whole = text();
  auto replace = [&](auto make) {
    fs::remove_all(file_);
    make();
    expect_ignored(CalibrationState::unsafe);
  };
  const std::string other = root_ + "/other";
  std::ofstream(other) << whole;
  replace([&] { ASSERT_EQ(symlink(other.c_str(), file_.c_str()), 0); });
  replace([&] { ASSERT_EQ(link(other.c_str(), file_.c_str()), 0); });
  replace([&] { ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0); });
  replace([&] { ASSERT_EQ(mkdir(file_.c_str(), 0700), 0); });
  fs::remove_all(file_);
  write(whole);
  fs::resize_file(file_, std::uintmax_t{1} << 30);  // a hole: no byte of it is on the disk
  expect_ignored(CalibrationState::damaged);
}

TEST_F(Stored, E3_WhereOthersMayWrite) {
  const std::string folder = fs::path(file_).parent_path();
  struct stat facts;
  ASSERT_EQ(stat(folder.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0700u);
  ASSERT_EQ(chmod(file_.c_str(), 0777), 0);
  expect_ignored(CalibrationState::unsafe);
  ASSERT_EQ(chmod(file_.c_str(), 0600), 0);
  ASSERT_EQ(chmod(folder.c_str(), 0777), 0);
  expect_ignored(CalibrationState::unsafe);
  EXPECT_THROW(store_calibration(two_backends(threads_)), Error);
  ASSERT_EQ(chmod(folder.c_str(), 0700), 0);
  EXPECT_EQ(load_calibration(threads_).state, CalibrationState::valid);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(file_.c_str(), 65534, 65534), 0);
    expect_ignored(CalibrationState::unsafe);
  }
  fs::rename(folder, root_ + "/elsewhere");
  ASSERT_EQ(symlink((root_ + "/elsewhere").c_str(), folder.c_str()), 0);
  expect_ignored(CalibrationState::unsafe);
  EXPECT_THROW(store_calibration(two_backends(threads_)), Error);
}

TEST_F(Stored, E6_RelativeFoldersAreNotLookedAt) {
  setenv("XDG_CACHE_HOME", "here", 1);
  EXPECT_FALSE(cache_folder().starts_with("here"));
  const char* const home = std::getenv("HOME");
  const std::string kept = home ? home : "";
  setenv("HOME", "there", 1);
  EXPECT_EQ(cache_folder(), "");
  expect_ignored(CalibrationState::absent);
  EXPECT_THROW(store_calibration(two_backends(threads_)), Error);
  home ? setenv("HOME", kept.c_str(), 1) : unsetenv("HOME");
}

TEST_F(Stored, E8_TwoWritersAndAReader) {
  std::latch start(3);
  std::atomic<bool> done{false};
  auto write_many = [&](double overhead) {
    Calibration c = two_backends(threads_);
    c.curves.push_back(curve("processes", overhead, 1e9));
    start.arrive_and_wait();
    for (int i = 0; i < 100; ++i) store_calibration(c);
  };
  std::thread reader([&] {
    start.arrive_and_wait();
    while (!done) ASSERT_EQ(load_calibration(threads_).state, CalibrationState::valid);
  });
  std::thread one(write_many, 1e-3), two(write_many, 2e-3);
  one.join(), two.join();
  done = true;
  reader.join();
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(fs::path(file_).parent_path())) ++files;
  EXPECT_EQ(files, 2u) << "the calibration and the lock";
}

}  // namespace
}  // namespace flynn
