#include <cstdint>
#include <cstdio>
#include <string_view>

#include <flynn/build_id.hpp>
#include <host/choose/cache_file.hpp>
#include <host/choose/checksum.hpp>
#include <host/choose/store.hpp>
#include <host/detect/cpu.hpp>
#include <simd/kernels.hpp>

namespace flynn {
namespace {

std::string file_name_of(const Calibration& key) {
  const std::string text = key.cpu + "\n" + key.architecture + "\n" + std::to_string(key.threads);
  return "calibration-" + hexadecimal(checksum(text)) + ".json";
}

// The checksum is of the bytes between `middle` and `end`, so that they need not be written again to be compared.
constexpr std::string_view head = R"({"checksum": ")", middle = "\",\n\"calibration\":\n", end = "}\n";

[[noreturn]] void refuse(const char* why) { throw Error(Code::invalid_argument, why); }

/// Throws Error.
Calibration data_of(std::string_view text) {
  constexpr std::size_t digits = 16;
  if (!text.starts_with(head)) refuse("it does not begin with a checksum");
  const std::string_view sum = text.substr(head.size(), digits), rest = text.substr(head.size() + sum.size());
  if (!rest.starts_with(middle) || !rest.ends_with(end)) refuse("it is not whole");
  const std::string_view body = rest.substr(middle.size(), rest.size() - middle.size() - end.size());
  if (sum != hexadecimal(checksum(body))) refuse("its checksum does not fit");
  Result<Calibration> found = read_calibration(body);
  if (!found) throw std::move(found.error());
  return std::move(*found);
}

CalibrationState judge(const Calibration& found, const Calibration& key, std::string& reason) {
  if (found.cpu != key.cpu || found.architecture != key.architecture || found.threads != key.threads) {
    reason = "it is of another CPU, instruction set or number of threads";
    return CalibrationState::foreign;
  }
  if (found.build != key.build) {
    reason = "it is of flynn " + found.build + ", this is " + key.build;
    return CalibrationState::outdated;
  }
  return CalibrationState::valid;
}

}  // namespace

Calibration key_of_this_machine(unsigned threads) {
  const detect::Cpu& cpu = detect::cpu();
  Calibration key;
  key.build = FLYNN_BUILD_ID;
  key.cpu = cpu.vendor + " " + cpu.model;
  key.architecture = simd::architecture();
  key.threads = threads;
  return key;
}

CalibrationFile load_calibration(unsigned threads) {
  const Calibration key = key_of_this_machine(threads);
  const std::string folder = cache_folder(), name = file_name_of(key);
  CalibrationFile file{.path = folder.empty() ? "" : folder + "/" + name};
  const CacheFile read = read_cache_file(folder, name.c_str());
  file.reason = read.reason;
  if (read.state == CacheFile::State::unsafe) file.state = CalibrationState::unsafe;
  if (read.state == CacheFile::State::damaged) file.state = CalibrationState::damaged;
  if (read.state != CacheFile::State::safe) return file;
  try {
    Calibration found = data_of(read.text);
    file.state = judge(found, key, file.reason);
    if (file.state == CalibrationState::valid) file.contents = std::move(found);
  } catch (const Error& error) {
    file.state = CalibrationState::damaged;
    file.reason = error.text();
  }
  return file;
}

void store_calibration(const Calibration& calibration) {
  const std::string body = calibration_text(calibration);
  std::string text(head);
  text.append(hexadecimal(checksum(body))).append(middle).append(body).append(end);
  write_cache_file(cache_folder(), file_name_of(calibration).c_str(), text);
}

}  // namespace flynn
