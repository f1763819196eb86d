#pragma once
// The scalar kernels. Each is the specification of its workload in code, and the oracle of its tests.

#include <flynn/execution.hpp>
#include <flynn/workloads.hpp>

namespace flynn {
struct Backend;
}

namespace flynn::scalar {

template <class T>
Status copy(const Copy<T>&, Execution&);
template <class T>
Status mul(const Mul<T>&, Execution&);
template <class T>
Status add(const Add<T>&, Execution&);
template <class T>
Status axpy(const Axpy<T>&, Execution&);
template <class T>
Status triad(const Triad<T>&, Execution&);
template <class T>
Status sum(const Sum<T>&, Execution&);
template <class T>
Status dot(const Dot<T>&, Execution&);
template <class T>
Status norm2(const Norm2<T>&, Execution&);
template <class T>
Status min(const Min<T>&, Execution&);
template <class T>
Status max(const Max<T>&, Execution&);
template <class T>
Status argmin(const Argmin<T>&, Execution&);
template <class T>
Status argmax(const Argmax<T>&, Execution&);
template <class T>
Status scan(const Scan<T>&, Execution&);
template <class T>
Status gemm(const Gemm<T>&, Execution&);
template <class T>
Status factorize(const Factorize<T>&, Execution&);

/// The backend "scalar".
extern const Backend backend;

}  // namespace flynn::scalar
