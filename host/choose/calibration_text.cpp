#include <cmath>
#include <nlohmann/json.hpp>

#include <flynn/calibration.hpp>

namespace flynn {
namespace {

using Json = nlohmann::ordered_json;
using Point = Calibration::Point;

constexpr const char* schema = "flynn-calibration/1";

/// Six digits: the noise of a measurement is in the third.
double shortened(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

Json curve_json(const Calibration::Curve& curve) {
  Json json = {{"workload", curve.workload}, {"type", curve.type}, {"backend", curve.backend}};
  for (const char* list : {"work", "overhead", "transfer", "rate", "outliers"}) json[list] = Json::array();
  for (const Point& p : curve.points) {
    json["work"].push_back(p.work);
    json["overhead"].push_back(shortened(p.overhead));
    json["transfer"].push_back(shortened(p.transfer));
    json["rate"].push_back(shortened(p.rate));
    json["outliers"].push_back(p.outliers);
  }
  return json;
}

[[noreturn]] void refuse(const char* why) { throw Error(Code::invalid_argument, why); }

Calibration::Curve curve_of(const Json& json) {
  Calibration::Curve curve{json.at("workload"), json.at("type"), json.at("backend"), {}};
  const Json& work = json.at("work");
  for (std::size_t i = 0; i < work.size(); ++i) {
    const Point p{.work = work.at(i),
                  .overhead = json.at("overhead").at(i),
                  .transfer = json.at("transfer").at(i),
                  .rate = json.at("rate").at(i),
                  .outliers = json.at("outliers").at(i)};
    const bool is_sane = p.work >= 0 && p.overhead >= 0 && p.transfer >= 0 && p.rate > 0 && std::isfinite(p.seconds());
    if (!is_sane) refuse("it has a time that is negative or no number");
    if (i > 0 && p.work <= curve.points.back().work) refuse("its sizes do not rise");
    curve.points.push_back(p);
  }
  return curve;
}

Calibration calibration_of(const Json& json) {
  if (json.at("schema") != schema) refuse("it is no calibration of version 1");
  Calibration c;
  c.build = json.at("build");
  c.cpu = json.at("cpu");
  c.architecture = json.at("architecture");
  c.threads = json.at("threads");
  for (const Json& one : json.at("identities")) c.identities.push_back({one.at("backend"), one.at("devices")});
  for (const Json& one : json.at("curves")) c.curves.push_back(curve_of(one));
  return c;
}

}  // namespace

std::string calibration_text(const Calibration& calibration) {
  Json json = {{"schema", schema},
               {"build", calibration.build},
               {"cpu", calibration.cpu},
               {"architecture", calibration.architecture},
               {"threads", calibration.threads},
               {"identities", Json::array()},
               {"curves", Json::array()}};
  for (const Calibration::Identity& one : calibration.identities)
    json["identities"].push_back({{"backend", one.backend}, {"devices", one.devices}});
  for (const Calibration::Curve& curve : calibration.curves) json["curves"].push_back(curve_json(curve));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Calibration> read_calibration(std::string_view text) {
  try {
    return calibration_of(Json::parse(text));
  } catch (const Error& error) {
    return tl::unexpected(error);
  } catch (const std::exception& error) {
    return tl::unexpected(Error(Code::invalid_argument, error.what()));
  }
}

}  // namespace flynn
