// OpenBLAS, with threads of its own (the pthread build).

#include <cblas.h>
#include <openblas_config.h>

#include <bench/peers/peer.hpp>

namespace flynn::bench {
namespace {

void copy_f32(Copy<float>& w) { cblas_scopy(blasint(w.x.size()), w.x.data, 1, w.y.data, 1); }
void copy_f64(Copy<double>& w) { cblas_dcopy(blasint(w.x.size()), w.x.data, 1, w.y.data, 1); }
void axpy_f32(Axpy<float>& w) { cblas_saxpy(blasint(w.x.size()), w.a, w.x.data, 1, w.y.data, 1); }
void axpy_f64(Axpy<double>& w) { cblas_daxpy(blasint(w.x.size()), w.a, w.x.data, 1, w.y.data, 1); }
void sum_f32(Sum<float>& w) { w.result[0] = cblas_ssum(blasint(w.x.size()), w.x.data, 1); }
void sum_f64(Sum<double>& w) { w.result[0] = cblas_dsum(blasint(w.x.size()), w.x.data, 1); }
void dot_f32(Dot<float>& w) { w.result[0] = cblas_sdot(blasint(w.x.size()), w.x.data, 1, w.y.data, 1); }
void dot_f64(Dot<double>& w) { w.result[0] = cblas_ddot(blasint(w.x.size()), w.x.data, 1, w.y.data, 1); }

CBLAS_TRANSPOSE op(Op o) { return o == Op::none ? CblasNoTrans : CblasTrans; }

template <class T, auto gemm>
void multiply(Gemm<T>& w) {
  gemm(CblasRowMajor, op(w.op_a), op(w.op_b), blasint(w.m()), blasint(w.n()), blasint(w.k()), w.alpha, w.a.data,
       blasint(w.a.stride[0]), w.b.data, blasint(w.b.stride[0]), w.beta, w.c.data, blasint(w.c.stride[0]));
}

constexpr PeerKernel kernels[] = {
    peer_kernel<Copy<float>, copy_f32>(),
    peer_kernel<Copy<double>, copy_f64>(),
    peer_kernel<Axpy<float>, axpy_f32>(),
    peer_kernel<Axpy<double>, axpy_f64>(),
    peer_kernel<Sum<float>, sum_f32>(),
    peer_kernel<Sum<double>, sum_f64>(),
    peer_kernel<Dot<float>, dot_f32>(),
    peer_kernel<Dot<double>, dot_f64>(),
    peer_kernel<Gemm<float>, multiply<float, cblas_sgemm>>(),
    peer_kernel<Gemm<double>, multiply<double, cblas_dgemm>>(),
};

}  // namespace
}  // namespace flynn::bench

const flynn::bench::Peer flynn_peer = {
    .version = flynn::bench::Peer::current,
    .build_id = FLYNN_BUILD_ID,
    .name = "openblas",
    .release = [] { return const_cast<const char*>(openblas_get_config()); },
    .use_threads = [](unsigned threads) { openblas_set_num_threads(int(threads)); },
    .kernels = flynn::bench::kernels,
};
