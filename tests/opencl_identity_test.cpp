// How an OpenCL device is told from others, with drivers made up: the one here knows neither UUIDs nor addresses.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include <kernels/opencl/identity.hpp>

namespace flynn {
namespace {

/// What a driver answers to one question; the others fail, and are counted.
struct Answers {
  std::map<cl_device_info, std::vector<std::uint32_t>> known;
  std::size_t asked = 0;

  Device identify(const char* extensions) {
    Device device;
    opencl::identify(
        extensions,
        [this](cl_device_info what, std::size_t bytes, void* value) {
          ++asked;
          const auto found = known.find(what);
          if (found == known.end()) return false;
          std::memcpy(value, found->second.data(), std::min(bytes, found->second.size() * sizeof(std::uint32_t)));
          return true;
        },
        device);
    return device;
  }
};

TEST(OpenclIdentity, AsksOnlyWhatTheDriverLists) {
  Answers driver = {{{opencl::device_uuid_khr, {1, 2, 3, 4}}, {opencl::pci_bus_info_khr, {0, 0x65, 0, 0}}}};
  const Device unknown = driver.identify("cl_khr_fp64 cl_khr_icd");
  EXPECT_EQ(driver.asked, 0u);
  EXPECT_STREQ(unknown.pci_address, "");
  EXPECT_EQ(unknown.uuid[0], 0);
  const Device known = driver.identify("cl_khr_device_uuid cl_khr_pci_bus_info");
  EXPECT_STREQ(known.pci_address, "0000:65:00.0");
  EXPECT_EQ(known.uuid[12], 4);
}

TEST(OpenclIdentity, TakesNvidiasOwnWordsForTheAddress) {
  Answers old = {{{opencl::pci_bus_id_nv, {0xb3}}, {opencl::pci_slot_id_nv, {0x1f << 3 | 1}}}};
  EXPECT_STREQ(old.identify("cl_nv_device_attribute_query").pci_address, "0000:b3:1f.1");
  Answers newer = {
      {{opencl::pci_bus_id_nv, {0xb3}}, {opencl::pci_slot_id_nv, {0}}, {opencl::pci_domain_id_nv, {0x10000}}}};
  EXPECT_STREQ(newer.identify("cl_nv_device_attribute_query cl_khr_pci_bus_info").pci_address, "10000:b3:00.0");
}

TEST(OpenclIdentity, ADriverThatFailsStaysUnknown) {
  Answers nothing;
  const Device device = nothing.identify("cl_khr_device_uuid cl_khr_pci_bus_info cl_nv_device_attribute_query");
  EXPECT_GT(nothing.asked, 2u);
  EXPECT_STREQ(device.pci_address, "");
  for (std::uint8_t byte : device.uuid) EXPECT_EQ(byte, 0);
}

}  // namespace
}  // namespace flynn
