#include <host/icd.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <host/search_paths.hpp>

namespace flynn {
namespace {

namespace fs = std::filesystem;

/// The first line of an .icd file. Whatever else has got there (a pipe, a gigabyte) must not stop us.
std::string library_of(const fs::path& file) {
  std::error_code error;
  char line[256] = "";
  if (fs::is_regular_file(file, error)) std::ifstream(file).getline(line, sizeof line);
  return line;
}

std::vector<Icd> icds_in(const fs::path& folder) {
  std::vector<Icd> icds;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".icd")
      icds.push_back({fs::absolute(entry->path(), error), library_of(entry->path()), true});
  std::ranges::sort(icds, {}, &Icd::name);
  return icds;
}

/// A driver may have any name, and what it says of itself any bytes: none of them should reach a terminal as they are.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  return text;
}

std::string joined(const std::vector<std::string>& all, const char* between) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : between) + one;
  return text;
}

}  // namespace

std::vector<Icd> installed_icds() {
  std::error_code error;
  const std::string vendors = environment_variable("OCL_ICD_VENDORS");
  const std::string older = environment_variable("OPENCL_VENDOR_PATH");
  if (!vendors.empty() && !fs::is_directory(vendors, error)) {  // one .icd file, or one library
    if (vendors.find('/') != vendors.npos && !fs::exists(vendors, error)) return {};
    const bool is_file = vendors.ends_with(".icd");
    return {{vendors, is_file ? library_of(vendors) : vendors, is_file}};
  }
  std::vector<Icd> icds = icds_in(!vendors.empty() ? vendors : !older.empty() ? older : "/etc/OpenCL/vendors");
  const std::string libraries = environment_variable("OCL_ICD_FILENAMES");
  for (std::size_t begin = 0; begin < libraries.size();) {
    const std::size_t end = std::min(libraries.find(':', begin), libraries.size());
    const std::string library = libraries.substr(begin, end - begin);
    if (!library.empty()) icds.push_back({library, library, false});
    begin = end + 1;
  }
  return icds;
}

IcdVerdict judge_icds(const std::vector<Icd>& icds, std::span<const Finding> alone, const Finding& together) {
  using enum Finding::Verdict;
  IcdVerdict verdict;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < icds.size(); ++i) {
    names.push_back(printable(icds[i].name));
    if (alone[i].verdict == good)
      verdict.good.push_back(icds[i]);
    else
      verdict.left_out.push_back(names.back() + ": " + printable(alone[i].reason));
    verdict.hides_some |= alone[i].verdict == sick;
  }
  if (verdict.good.empty()) {
    verdict.reason = joined(verdict.left_out, "; ");
    verdict.cure =
        icds.size() == 1 ? alone[0].cure : "the other backends work; install the drivers anew, or remove them";
  } else if (together.verdict != good && verdict.left_out.empty()) {
    verdict.reason = "the OpenCL drivers fail when they are opened in one process: " + printable(together.reason) +
                     ": " + joined(names, ", ");
    verdict.cure = "name the .icd file of one of them in OCL_ICD_VENDORS";
  } else if (together.verdict != good) {
    verdict.hides_some = true;  // it may be one of those that are of no use anyway
  }
  return verdict;
}

IcdView::~IcdView() {
  for (const auto& [name, value] : before_) {
    if (value.empty())
      unsetenv(name.c_str());
    else
      setenv(name.c_str(), value.c_str(), 1);
  }
  std::error_code error;
  if (!folder_.empty()) fs::remove_all(folder_, error);
}

bool IcdView::add(std::span<const Icd> icds, Environment& environment) {
  std::error_code error;
  if (folder_.empty()) {
    std::string pattern = fs::temp_directory_path(error) / "flynn-icd-XXXXXX";
    if (error || !mkdtemp(pattern.data())) return false;  // mode 0700
    folder_ = pattern;
  }
  const fs::path view = folder_ / std::to_string(views_++);
  fs::create_directory(view, error);
  std::vector<std::string> libraries;
  for (const Icd& icd : icds) {
    if (!icd.is_file)
      libraries.push_back(icd.driver);
    else if (!error)
      fs::create_symlink(icd.name, view / fs::path(icd.name).filename(), error);
  }
  environment = {"OCL_ICD_VENDORS=" + view.string(), "OCL_ICD_FILENAMES=" + joined(libraries, ":")};
  return !error;
}

void IcdView::apply(const Environment& environment) {
  for (const std::string& change : environment) {
    const std::size_t equals = change.find('=');
    const std::string name = change.substr(0, equals), value = change.substr(equals + 1);
    const char* const old = std::getenv(name.c_str());
    before_.emplace_back(name, old ? old : "");
    setenv(name.c_str(), value.c_str(), 1);
  }
}

Status probe_icds(const fs::path& module, IcdView& view, std::vector<std::string>& left_out, Text& text) {
  const std::vector<Icd> icds = installed_icds();
  if (icds.empty()) return probe_in_child(module, text);
  std::vector<Environment> environments(icds.size());
  for (std::size_t i = 0; i < icds.size(); ++i) {
    if (icds.size() > 1 && !view.add({&icds[i], 1}, environments[i])) return probe_in_child(module, text);
    environments[i].push_back(std::string(probe_library_variable) + "=" + icds[i].driver);
  }
  if (icds.size() > 1) environments.emplace_back();  // all together: each may be well, and the same symbols clash
  const std::vector<Finding> findings = probe_in_children(module, environments);
  const IcdVerdict verdict = judge_icds(icds, findings, findings.back());
  if (!verdict.reason.empty()) {
    hint(text, "%s", verdict.cure.c_str());
    return fail(text, Code::unavailable, "%s", verdict.reason.c_str());
  }
  left_out = verdict.left_out;
  Environment good_ones;
  if (!verdict.hides_some) return {};
  if (!view.add(verdict.good, good_ones))
    return fail(text, Code::unavailable, "cannot hide %s from the OpenCL loader: no place for a temporary folder",
                joined(left_out, "; ").c_str());
  view.apply(good_ones);
  return {};
}

}  // namespace flynn
