// A publisher and its subscribers: each of them gets every issue.
#include <cstdio>
#include <deque>
#include <mutex>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

struct Board {
  int issue = 0, readers = 0;  ///< the issue that is out, and who has read it
};
constexpr int issues = 3, subscribers = 2;

void subscribe(const mp::Condition& changed, const mp::RawValue<Board>& board, int number) {
  const std::lock_guard guard(changed);
  for (int next = 1; next <= issues; ++next) {
    changed.wait_for([&] { return board.value().issue == next; });
    std::printf("subscriber %d reads issue %d\n", number, next);
    ++board.value().readers;
    changed.notify_all();
  }
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  const mp::Condition changed;
  const mp::RawValue<Board> board(Board{});
  std::deque<mp::Process> readers;
  for (int i = 0; i < subscribers; ++i) readers.emplace_back(subscribe, changed, board, i).start();
  for (int issue = 1; issue <= issues; ++issue) {
    const std::lock_guard guard(changed);
    board.value() = {.issue = issue};
    changed.notify_all();
    changed.wait_for([&] { return board.value().readers == subscribers; });
    std::printf("issue %d was read by %d\n", issue, board.value().readers);
  }
  for (mp::Process& reader : readers) reader.join();
}
