// Objects in a process of their own, which workers change: a list, a dictionary, and one of our own class.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

class Account {
 public:
  void pay_in(int amount) { balance_ += amount; }
  int balance() const { return balance_; }

 private:
  int balance_ = 0;
};

void work(int n, const mp::ListProxy<int>& squares, const mp::DictProxy<std::string, int>& names,
          const mp::Proxy<Account>& account) {
  squares.append(n * n);
  names.set(std::string(std::size_t(n), '*'), n);
  account.call<&Account::pay_in>(100);
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  const mp::Manager manager;
  const auto squares = manager.list<int>();
  const auto names = manager.dict<std::string, int>();
  const auto account = manager.make<Account>();
  mp::Pool pool(2);
  std::vector<mp::AsyncResult<void>> results;
  for (int n = 1; n <= 4; ++n) results.push_back(pool.apply_async(work, n, squares, names, account));
  for (const auto& result : results) result.get();
  std::vector<int> sorted = squares.all();  // whoever came first
  std::sort(sorted.begin(), sorted.end());
  for (int square : sorted) std::printf("square %d\n", square);
  for (const auto& [stars, n] : names.all()) std::printf("%s is %d\n", stars.c_str(), n);
  std::printf("balance %d\n", account.call<&Account::balance>());
}
