// Eigen, compiled for this machine. Only its matrix product has threads (OpenMP).

#include <Eigen/Core>

#include <string>

#include <bench/peers/peer.hpp>

namespace flynn::bench {
namespace {

template <class View>
auto array(const View& v) {
  using T = typename View::element;
  using Values = std::conditional_t<View::access == Access::read, const Eigen::Array<T, Eigen::Dynamic, 1>,
                                    Eigen::Array<T, Eigen::Dynamic, 1>>;
  return Eigen::Map<Values>(v.data, Eigen::Index(v.size()));
}

template <class View>
auto matrix(const View& v) {
  using T = typename View::element;
  using Plain = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Values = std::conditional_t<View::access == Access::read, const Plain, Plain>;
  return Eigen::Map<Values, 0, Eigen::OuterStride<>>(v.data, Eigen::Index(v.extent[0]), Eigen::Index(v.extent[1]),
                                                     Eigen::OuterStride<>(Eigen::Index(v.stride[0])));
}

void copy(auto& w) { array(w.y) = array(w.x); }
void mul(auto& w) { array(w.y) = w.a * array(w.x); }
void add(auto& w) { array(w.z) = array(w.x) + array(w.y); }
void triad(auto& w) { array(w.z) = array(w.x) + w.a * array(w.y); }
void axpy(auto& w) { array(w.y) += w.a * array(w.x); }
void sum(auto& w) { w.result[0] = array(w.x).sum(); }
void dot(auto& w) { w.result[0] = array(w.x).matrix().dot(array(w.y).matrix()); }
void min(auto& w) { w.result[0] = array(w.x).minCoeff(); }
void max(auto& w) { w.result[0] = array(w.x).maxCoeff(); }

void gemm(auto& w) {
  const auto a = matrix(w.a), b = matrix(w.b);
  auto c = matrix(w.c);
  if (w.beta != 1) c *= w.beta;
  if (w.op_a == Op::none && w.op_b == Op::none)
    c.noalias() += w.alpha * a * b;
  else if (w.op_a == Op::none)
    c.noalias() += w.alpha * a * b.transpose();
  else if (w.op_b == Op::none)
    c.noalias() += w.alpha * a.transpose() * b;
  else
    c.noalias() += w.alpha * a.transpose() * b.transpose();
}

constexpr PeerKernel kernels[] = {
    peer_kernel<Copy<float>, copy<Copy<float>>>(false),    peer_kernel<Copy<double>, copy<Copy<double>>>(false),
    peer_kernel<Mul<float>, mul<Mul<float>>>(false),       peer_kernel<Mul<double>, mul<Mul<double>>>(false),
    peer_kernel<Add<float>, add<Add<float>>>(false),       peer_kernel<Add<double>, add<Add<double>>>(false),
    peer_kernel<Triad<float>, triad<Triad<float>>>(false), peer_kernel<Triad<double>, triad<Triad<double>>>(false),
    peer_kernel<Axpy<float>, axpy<Axpy<float>>>(false),    peer_kernel<Axpy<double>, axpy<Axpy<double>>>(false),
    peer_kernel<Sum<float>, sum<Sum<float>>>(false),       peer_kernel<Sum<double>, sum<Sum<double>>>(false),
    peer_kernel<Dot<float>, dot<Dot<float>>>(false),       peer_kernel<Dot<double>, dot<Dot<double>>>(false),
    peer_kernel<Min<float>, min<Min<float>>>(false),       peer_kernel<Min<double>, min<Min<double>>>(false),
    peer_kernel<Max<float>, max<Max<float>>>(false),       peer_kernel<Max<double>, max<Max<double>>>(false),
    peer_kernel<Gemm<float>, gemm<Gemm<float>>>(),         peer_kernel<Gemm<double>, gemm<Gemm<double>>>(),
};

}  // namespace
}  // namespace flynn::bench

const flynn::bench::Peer flynn_peer = {
    .version = flynn::bench::Peer::current,
    .build_id = FLYNN_BUILD_ID,
    .name = "eigen",
    .release =
        [] {
          static const auto text = std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) +
                                   "." + std::to_string(EIGEN_MINOR_VERSION);
          return text.c_str();
        },
    .use_threads = [](unsigned threads) { Eigen::setNbThreads(int(threads)); },
    .kernels = flynn::bench::kernels,
};
