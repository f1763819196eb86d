#pragma once
// The kernels on xsimd, templated on its architecture: the files of this folder are compiled once for each.
//
// Everything here is templated on Arch or lies in an unnamed namespace: an ordinary inline function would be one weak
// symbol in the objects of all architectures, and the linker could keep the copy that only the newest CPU can run.

#include <span>
#include <string_view>

#include <flynn/execution.hpp>
#include <flynn/workloads.hpp>

namespace flynn {
struct Backend;
}

namespace flynn::simd {

template <class Arch, class T>
Status copy(const Copy<T>&, Execution&);
template <class Arch, class T>
Status mul(const Mul<T>&, Execution&);
template <class Arch, class T>
Status add(const Add<T>&, Execution&);
template <class Arch, class T>
Status axpy(const Axpy<T>&, Execution&);
template <class Arch, class T>
Status triad(const Triad<T>&, Execution&);
template <class Arch, class T>
Status sum(const Sum<T>&, Execution&);
template <class Arch, class T>
Status dot(const Dot<T>&, Execution&);
template <class Arch, class T>
Status norm2(const Norm2<T>&, Execution&);
template <class Arch, class T>
Status min(const Min<T>&, Execution&);
template <class Arch, class T>
Status max(const Max<T>&, Execution&);
template <class Arch, class T>
Status argmin(const Argmin<T>&, Execution&);
template <class Arch, class T>
Status argmax(const Argmax<T>&, Execution&);
template <class Arch, class T>
Status scan(const Scan<T>&, Execution&);
template <class Arch, class T>
Status gemm(const Gemm<T>&, Execution&);
template <class Arch, class T>
Status factorize(const Factorize<T>&, Execution&);

/// The backend "simd" on the best architecture that this CPU has and FLYNN_SIMD_ARCH allows.
const Backend& backend();
/// The name of that architecture; empty when FLYNN_SIMD_ARCH names none that runs here.
std::string_view architecture();
/// The kernels of one architecture by its name ("sse2", "sse4.2", "avx2", "avx512bw", "avx512ifma", "neon64"); null when this build
/// or this CPU does not have it.
const Backend* backend_for(std::string_view arch);
/// The names of the architectures in this build, best first.
std::span<const std::string_view> architectures();

}  // namespace flynn::simd
