// What the compiler says when something cannot go to another process. mp_messages_test.sh compiles it once for each
// CASE.

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

struct Plain {
  int x;
};
struct NoDefault {
  explicit NoDefault(int value) : x(value) {}
  int x;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x);
  }
};

int takes_pointer(const char*) { return 0; }
int takes_reference(int& x) { return x = 1; }
int takes_string_view(std::string_view) { return 0; }
int takes_span(std::span<const double>) { return 0; }
int takes_smart_pointers(const std::vector<std::unique_ptr<int>>&) { return 0; }
int takes_plain(const std::vector<std::map<int, Plain>>&) { return 0; }
int takes_no_default(const NoDefault&) { return 0; }
int* gives_pointer() { return nullptr; }
int good(const std::vector<std::string>&, std::map<int, double>, std::optional<int>, std::variant<int, std::string>) {
  return 0;
}

void use(mp::Pool& pool) {
  [[maybe_unused]] int captured = 1;
#if CASE == 0
  pool.apply(good, std::vector<std::string>{}, std::map<int, double>{}, 1, "text");
#elif CASE == 1
  pool.apply(takes_pointer, "text");
#elif CASE == 2
  pool.apply(takes_reference, captured);
#elif CASE == 3
  pool.apply(takes_string_view, "text");
#elif CASE == 4
  std::vector<double> x;
  pool.apply(takes_span, x);
#elif CASE == 5
  pool.apply([captured](int x) { return x + captured; }, 1);
#elif CASE == 6
  pool.apply(takes_smart_pointers, std::vector<std::unique_ptr<int>>{});
#elif CASE == 7
  pool.apply(takes_plain, std::vector<std::map<int, Plain>>{});
#elif CASE == 8
  pool.apply(takes_no_default, NoDefault(1));
#elif CASE == 9
  pool.apply(gives_pointer);
#elif CASE == 10
  pool.map(std::function<int(int)>(), std::vector<int>{});
#elif CASE == 11
  mp::Process process([&captured] { captured = 2; });
#endif
}
