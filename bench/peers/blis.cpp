// BLIS by its own interface.

#include <string>

#include <blis.h>
#include <bench/peers/peer.hpp>

namespace flynn::bench {
namespace {

/// BLIS changes nothing behind its pointers to inputs, but takes no pointers to const.
template <class T>
T* input(const T* data) {
  return const_cast<T*>(data);
}

template <class W, auto run>
void copy(W& w) {
  run(BLIS_NO_CONJUGATE, dim_t(w.x.size()), input(w.x.data), 1, w.y.data, 1);
}
template <class W, auto run>
void scale(W& w) {  // axpy and mul
  auto a = w.a;
  run(BLIS_NO_CONJUGATE, dim_t(w.x.size()), &a, input(w.x.data), 1, w.y.data, 1);
}
template <class W, auto run>
void dot(W& w) {
  run(BLIS_NO_CONJUGATE, BLIS_NO_CONJUGATE, dim_t(w.x.size()), input(w.x.data), 1, input(w.y.data), 1, w.result.data);
}

trans_t op(Op o) { return o == Op::none ? BLIS_NO_TRANSPOSE : BLIS_TRANSPOSE; }

template <class T, auto gemm>
void multiply(Gemm<T>& w) {
  gemm(op(w.op_a), op(w.op_b), dim_t(w.m()), dim_t(w.n()), dim_t(w.k()), &w.alpha, input(w.a.data),
       inc_t(w.a.stride[0]), 1, input(w.b.data), inc_t(w.b.stride[0]), 1, &w.beta, w.c.data, inc_t(w.c.stride[0]), 1);
}

// Its level 1 has no threads.
constexpr PeerKernel kernels[] = {
    peer_kernel<Copy<float>, copy<Copy<float>, bli_scopyv>>(false),
    peer_kernel<Copy<double>, copy<Copy<double>, bli_dcopyv>>(false),
    peer_kernel<Mul<float>, scale<Mul<float>, bli_sscal2v>>(false),
    peer_kernel<Mul<double>, scale<Mul<double>, bli_dscal2v>>(false),
    peer_kernel<Axpy<float>, scale<Axpy<float>, bli_saxpyv>>(false),
    peer_kernel<Axpy<double>, scale<Axpy<double>, bli_daxpyv>>(false),
    peer_kernel<Dot<float>, dot<Dot<float>, bli_sdotv>>(false),
    peer_kernel<Dot<double>, dot<Dot<double>, bli_ddotv>>(false),
    peer_kernel<Gemm<float>, multiply<float, bli_sgemm>>(),
    peer_kernel<Gemm<double>, multiply<double, bli_dgemm>>(),
};

const char* release() {
  static const std::string text =
      std::string(bli_info_get_version_str()) + ", " + bli_arch_string(bli_arch_query_id()) + " kernels";
  return text.c_str();
}

}  // namespace
}  // namespace flynn::bench

const flynn::bench::Peer flynn_peer = {
    .version = flynn::bench::Peer::current,
    .build_id = FLYNN_BUILD_ID,
    .name = "blis",
    .release = flynn::bench::release,
    .use_threads = [](unsigned threads) { bli_thread_set_num_threads(threads); },
    .kernels = flynn::bench::kernels,
};
