// Which OpenCL drivers are looked at, what is made of the findings, and what the loader is shown then.
// opencl_driver_test.sh does it with drivers.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <host/icd.hpp>
#include <host/module.hpp>
#include <host/search_paths.hpp>
#include <tests/faults/processes.hpp>

namespace flynn {
namespace {

namespace fs = std::filesystem;
using enum Finding::Verdict;

std::string value_of(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "unset";
}

/// A folder with drivers, and the loader's variables as a test sets them.
class Icds : public testing::Test {
 protected:
  Icds() {
    std::string pattern = fs::temp_directory_path() / "flynn-test-XXXXXX";
    folder = mkdtemp(pattern.data());
    for (const char* name : variables) unsetenv(name);
  }
  ~Icds() override {
    for (const char* name : variables) unsetenv(name);
    kept_path == "unset" ? unsetenv("FLYNN_MODULE_PATH") : setenv("FLYNN_MODULE_PATH", kept_path.c_str(), 1);
    fs::remove_all(folder);
  }
  void put(const char* file, const char* words) const { std::ofstream(folder / file) << words; }

  static constexpr const char* variables[] = {"OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH", "OCL_ICD_FILENAMES"};
  const std::string kept_path = value_of("FLYNN_MODULE_PATH");
  fs::path folder;
};

TEST_F(Icds, OfAFolder) {
  put("b.icd", "libb.so\nmore\n");
  put("a.icd", "/lib/liba.so");
  put("readme.txt", "libc.so");
  for (const char* name : {"OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH"}) {
    setenv(name, folder.c_str(), 1);
    const std::vector<Icd> icds = installed_icds();
    ASSERT_EQ(icds.size(), 2u);
    EXPECT_EQ(icds[0].name, folder / "a.icd");
    EXPECT_EQ(icds[0].driver, "/lib/liba.so");
    EXPECT_EQ(icds[1].driver, "libb.so");
    unsetenv(name);
  }
}

TEST_F(Icds, E6_RelativePathsAreRefused) {
  const fs::path before = fs::current_path();
  fs::current_path(folder);
  fs::create_directory("vendors");
  const char* const kept = std::getenv("LD_LIBRARY_PATH");
  const std::string libraries = kept ? kept : "";
  unsetenv("LD_LIBRARY_PATH");
  EXPECT_EQ(relative_search_path("opencl"), "");
  for (const char* name : variables)
    for (const char* value : {"vendors", "./vendors", "../x.icd", "/usr/lib/libx.so:./libx.so"}) {
      setenv(name, value, 1);
      EXPECT_TRUE(relative_search_path("opencl").starts_with(std::string(name) + " has \"")) << value;
      EXPECT_EQ(relative_search_path("cuda"), "");
      setenv(name, "libpocl.so.2", 1);  // a name that the loader looks up
      EXPECT_EQ(relative_search_path("opencl"), "");
      unsetenv(name);
    }
  put("vendors/libcuda.so.1", "");
  for (const char* value : {"vendors", "/usr/lib:./vendors", "/usr/lib;vendors:/lib"}) {
    setenv("LD_LIBRARY_PATH", value, 1);
    EXPECT_TRUE(relative_search_path("cuda").starts_with("LD_LIBRARY_PATH has \"")) << value;
  }
  for (const char* value : {"", ":", "/usr/lib:", ".", "$ORIGIN/vendors"}) {  // no library lies there
    setenv("LD_LIBRARY_PATH", value, 1);
    EXPECT_EQ(relative_search_path("cuda"), "") << value;
  }
  put("libcuda.so.1", "");
  setenv("LD_LIBRARY_PATH", "/usr/lib:", 1);
  EXPECT_EQ(relative_search_path("cuda"), "LD_LIBRARY_PATH has \"\", a path relative to the current folder");
  kept ? setenv("LD_LIBRARY_PATH", libraries.c_str(), 1) : unsetenv("LD_LIBRARY_PATH");
  fs::current_path(before);
}

TEST_F(Icds, E6_RelativeModuleFoldersAreNotLookedAt) {
  const fs::path before = fs::current_path();
  fs::current_path(folder);
  put("flynn_abacus.so", "");
  for (const char* value : {".", "", ":", "./", "..:."}) {
    setenv("FLYNN_MODULE_PATH", value, 1);
    EXPECT_EQ(find_installed("flynn_abacus.so"), "") << value;
  }
  setenv("FLYNN_MODULE_PATH", (".:" + folder.string()).c_str(), 1);
  EXPECT_EQ(find_installed("flynn_abacus.so"), (folder / "flynn_abacus.so").string());
  fs::current_path(before);
}

TEST_F(Icds, E6_SetUserIdProgramsReadNoVariable) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make a program of somebody else's";
  const fs::path program = folder / "program";
  fs::copy_file(FLYNN_TEST_ICD_PROGRAM, program);
  put("flynn_abacus.so", "");
  setenv("FLYNN_MODULE_PATH", folder.c_str(), 1);
  auto exit_code = [&] {
    faults::Program run({program, "flynn_abacus.so"});
    return run.end_within(std::chrono::seconds(20) * faults::slow);
  };
  ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
  EXPECT_EQ(exit_code(), 0) << "it reads it otherwise";
  ASSERT_EQ(chown(program.c_str(), 65534, 65534), 0);
  ASSERT_EQ(chmod(program.c_str(), 04755), 0);
  EXPECT_EQ(exit_code(), 1);
}

TEST_F(Icds, OfOneFileOrLibrary) {
  put("a.icd", "liba.so\n");
  setenv("OCL_ICD_VENDORS", (folder / "a.icd").c_str(), 1);
  ASSERT_EQ(installed_icds().size(), 1u);
  EXPECT_EQ(installed_icds()[0].driver, "liba.so");
  setenv("OCL_ICD_VENDORS", "libpocl.so.2", 1);
  ASSERT_EQ(installed_icds().size(), 1u);
  EXPECT_EQ(installed_icds()[0].driver, "libpocl.so.2");
  setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
  EXPECT_TRUE(installed_icds().empty());
}

TEST_F(Icds, OfTheListOfLibraries) {
  setenv("OCL_ICD_VENDORS", folder.c_str(), 1);
  setenv("OCL_ICD_FILENAMES", "/lib/libx.so::liby.so", 1);
  const std::vector<Icd> icds = installed_icds();
  ASSERT_EQ(icds.size(), 2u);
  EXPECT_EQ(icds[0].name, "/lib/libx.so");
  EXPECT_EQ(icds[1].name, "liby.so");
  EXPECT_FALSE(icds[1].is_file);
}

TEST_F(Icds, APipeDoesNotStopUs) {
  ASSERT_EQ(std::system(("mkfifo " + (folder / "a.icd").string()).c_str()), 0);
  setenv("OCL_ICD_VENDORS", folder.c_str(), 1);
  ASSERT_EQ(installed_icds().size(), 1u);
  EXPECT_EQ(installed_icds()[0].driver, "");
}

TEST_F(Icds, AViewIsPrivateAndGoesAway) {
  put("a.icd", "liba.so\n");
  setenv("OCL_ICD_VENDORS", "before", 1);
  const std::vector<Icd> some = {{folder / "a.icd", "liba.so", true}, {"libx.so", "libx.so", false}};
  fs::path seen;
  {
    IcdView view;
    Environment environment;
    ASSERT_TRUE(view.add(some, environment));
    view.apply(environment);
    seen = value_of("OCL_ICD_VENDORS");
    EXPECT_EQ(value_of("OCL_ICD_FILENAMES"), "libx.so");
    ASSERT_EQ(installed_icds().size(), 2u);
    EXPECT_EQ(installed_icds()[0].driver, "liba.so");
    EXPECT_EQ(fs::status(seen.parent_path()).permissions(), fs::perms::owner_all);
  }
  EXPECT_FALSE(fs::exists(seen.parent_path()));
  EXPECT_EQ(value_of("OCL_ICD_VENDORS"), "before");
  EXPECT_EQ(value_of("OCL_ICD_FILENAMES"), "unset");
}

const std::vector<Icd> two = {{"a.icd", "liba.so", true}, {"b.icd", "libb.so", true}};
const Finding fine, crash = {sick, "crashed", "cure"}, none = {refused, "no platform", "install one"};

TEST(IcdVerdicts, AllGood) {
  const IcdVerdict verdict = judge_icds(two, std::vector{fine, fine}, fine);
  EXPECT_EQ(verdict.good.size(), 2u);
  EXPECT_TRUE(verdict.left_out.empty() && verdict.reason.empty() && !verdict.hides_some);
}

TEST(IcdVerdicts, ASickOneIsHidden) {
  const IcdVerdict verdict = judge_icds(two, std::vector{crash, fine}, crash);
  ASSERT_EQ(verdict.good.size(), 1u);
  EXPECT_EQ(verdict.good[0].name, "b.icd");
  EXPECT_EQ(verdict.left_out, std::vector<std::string>{"a.icd: crashed"});
  EXPECT_TRUE(verdict.hides_some && verdict.reason.empty());
}

TEST(IcdVerdicts, AnIdleOneIsNamedAndLeftWhereItIs) {
  const IcdVerdict verdict = judge_icds(two, std::vector{fine, none}, fine);
  EXPECT_EQ(verdict.left_out, std::vector<std::string>{"b.icd: no platform"});
  EXPECT_TRUE(!verdict.hides_some && verdict.reason.empty());
}

TEST(IcdVerdicts, NoneIsGood) {
  const IcdVerdict verdict = judge_icds(two, std::vector{crash, none}, crash);
  EXPECT_EQ(verdict.reason, "a.icd: crashed; b.icd: no platform");
  EXPECT_FALSE(verdict.cure.empty());
  EXPECT_EQ(judge_icds({two[0]}, std::vector{none}, none).cure, "install one");
}

TEST(IcdVerdicts, GoodOnesThatClash) {
  const IcdVerdict verdict = judge_icds(two, std::vector{fine, fine}, crash);
  EXPECT_NE(verdict.reason.find("a.icd, b.icd"), verdict.reason.npos) << verdict.reason;
}

TEST(IcdVerdicts, AnIdleOneThatClashesIsHidden) {
  const IcdVerdict verdict = judge_icds(two, std::vector{fine, none}, crash);
  EXPECT_TRUE(verdict.hides_some && verdict.reason.empty());
  EXPECT_EQ(verdict.good.size(), 1u);
}

TEST(IcdVerdicts, NoBytesForATerminal) {
  const Finding rude = {refused, "\x1b[31mred\n", ""};
  EXPECT_EQ(judge_icds({{"a\x1b.icd", "", true}}, std::vector{rude}, rude).reason, "a?.icd: ?[31mred?");
}

}  // namespace
}  // namespace flynn
