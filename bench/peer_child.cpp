#include <dlfcn.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include <bench/clock.hpp>
#include <bench/cpu_wait.hpp>
#include <bench/peer_protocol.hpp>
#include <bench/peers/peer.hpp>
#include <bench/trial.hpp>

namespace flynn::bench {
namespace {

/// The peer's side of a conversation.
class Server {
 public:
  explicit Server(const char* module) : module_(module) {}

  void obey(const Order& order, Answer& answer) {
    switch (order.kind) {
      case Order::introduce:
        return introduce(answer);
      case Order::allocate:
        return allocate(order, answer);
      case Order::time:
        use_threads(order.threads);
        return time(order.count, answer);
      case Order::compute:
        return compute(order.threads);
    }
  }

 private:
  const PeerKernel* find(const Subject& subject) const {
    for (const PeerKernel& kernel : peer_->kernels)
      if (kernel.workload == subject.info.workload && kernel.type == subject.info.type) return &kernel;
    return nullptr;
  }

  void introduce(Answer& answer) {
    void* const library = dlopen(module_, RTLD_NOW | RTLD_LOCAL);
    peer_ = library ? static_cast<const Peer*>(dlsym(library, "flynn_peer")) : nullptr;
    if (!peer_) return refuse(answer, dlerror());
    if (peer_->version != Peer::current || std::strcmp(peer_->build_id, FLYNN_BUILD_ID) != 0)
      return refuse(answer, "its module was built from other sources of flynn; `./run peers` builds it anew");
    peer_->use_threads(1);
    copy(answer.name, peer_->name);
    copy(answer.release, peer_->release());
    for (std::size_t i = 0; i < subjects().size(); ++i)
      if (const PeerKernel* kernel = find(subjects()[i])) {
        answer.has[i / 64] |= std::uint64_t(1) << i % 64;
        answer.has_threads[i / 64] |= std::uint64_t(kernel->has_threads) << i % 64;
      }
  }

  void allocate(const Order& order, Answer& answer) try {
    const Subject& subject = subjects()[order.subject];
    work_.reset();
    work_ = subject.allocate(order.n);
    kernel_ = find(subject);
    threads_ = 0;
    for (const Operand& o : work_->operands()) answer.operand[answer.operands++] = {std::uint64_t(o.data), o.bytes};
  } catch (const std::bad_alloc&) {
    answer.code = std::uint32_t(Code::out_of_memory);
    copy(answer.text, "no memory for another copy of the operands");
  }

  void use_threads(unsigned threads) {
    if (threads == threads_) return;
    peer_->use_threads(threads);
    threads_ = threads;
    if (kernel_->before) kernel_->before(work_->spec());
  }

  void time(std::size_t count, Answer& answer) {
    const double waited = cpu_wait(), begin = now();
    for (std::size_t i = 0; i < count; ++i) kernel_->run(work_->spec());
    answer.seconds = now() - begin;
    answer.waited = cpu_wait() - waited;
  }

  void compute(unsigned threads) {
    for (const Operand& o : work_->operands())
      if (o.access == Access::write) std::memset(o.data, 0xA5, o.bytes);
    threads_ = 0;  // its own form of the inputs too
    use_threads(threads);
    kernel_->run(work_->spec());
    if (kernel_->after) kernel_->after(work_->spec());
  }

  static void refuse(Answer& answer, const char* why) {
    answer.code = std::uint32_t(Code::unavailable);
    copy(answer.text, why ? why : "it has no flynn_peer");
  }
  static void copy(auto& to, std::string_view from) {
    const std::size_t length = std::min(from.size(), sizeof to - 1);
    std::memcpy(to, from.data(), length);
    to[length] = '\0';
  }

  const char* module_;
  const Peer* peer_ = nullptr;
  const PeerKernel* kernel_ = nullptr;
  std::unique_ptr<Work> work_;
  unsigned threads_ = 0;  ///< 0: not prepared for any
};

/// Libraries know newer CPUs by their model numbers and take slower kernels for those that came after them. They read
/// these variables when they are loaded, before their module can say anything. What the user set stays.
void force_kernels() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw")) return;
  setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
  setenv("BLIS_ARCH_TYPE", "0", 0);  // skx
#endif
}

}  // namespace

int serve_as_peer(const char* module) {
  force_kernels();
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when it is stopped
  Server server(module);
  Order order;
  while (recv(peer_socket, &order, sizeof order, 0) == ssize_t(sizeof order)) {
    Answer answer{};
    server.obey(order, answer);
    if (send(peer_socket, &answer, sizeof answer, MSG_NOSIGNAL) != ssize_t(sizeof answer)) break;
  }
  // Peers whose threads wait for ever would not let it end.
  _exit(0);
}

}  // namespace flynn::bench
