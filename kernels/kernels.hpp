#pragma once
// The launch plans. Each serves CUDA and OpenCL: it is compiled for the Queue of one of them, in namespace
// FLYNN_DEVICE.
//
// A Queue is one call's work on one device. A plan asks it for
//   buffer(view)      device memory for an argument of the spec; what is In or InOut is uploaded, what is Out or InOut
//                     goes home after the plan; the same memory given twice is one buffer
//   scratch<T>(n)     device memory of its own for n elements
//   launch(entry, groups, group_size, arguments...)   scalars of 4 or 8 bytes and buffers, as the entry declares them;
//                     asks poll() first
//   read(memory, to, n)   waits, then copies n elements to the host
//   slice()           elements that a launch may take on so that it ends in about 10 ms
//   map_group()       work-items of a group where the text does not care
// Each of them throws Failure; module.cpp makes a Status of it.

#include <flynn/workloads.hpp>
#include <kernels/texts.hpp>
#include <queue.hpp>  // of kernels/opencl or kernels/cuda

namespace flynn::kernels {

/// The entry NAME of kernels/TEXT.kernel for elements of type T.
template <class T>
constexpr Entry entry(std::string_view text, std::string_view name) {
  return {text, name, type_name<T>()};
}

constexpr std::size_t ceil_div(std::size_t a, std::size_t b) { return a / b + (a % b != 0); }

template <class Queue, class T>
void copy(Queue&, const Copy<T>&);
template <class Queue, class T>
void mul(Queue&, const Mul<T>&);
template <class Queue, class T>
void add(Queue&, const Add<T>&);
template <class Queue, class T>
void axpy(Queue&, const Axpy<T>&);
template <class Queue, class T>
void triad(Queue&, const Triad<T>&);
template <class Queue, class T>
void sum(Queue&, const Sum<T>&);
template <class Queue, class T>
void dot(Queue&, const Dot<T>&);
template <class Queue, class T>
void norm2(Queue&, const Norm2<T>&);
template <class Queue, class T>
void min(Queue&, const Min<T>&);
template <class Queue, class T>
void max(Queue&, const Max<T>&);
template <class Queue, class T>
void argmin(Queue&, const Argmin<T>&);
template <class Queue, class T>
void argmax(Queue&, const Argmax<T>&);
template <class Queue, class T>
void scan(Queue&, const Scan<T>&);
template <class Queue, class T>
void gemm(Queue&, const Gemm<T>&);
template <class Queue, class T>
void factorize(Queue&, const Factorize<T>&);

}  // namespace flynn::kernels
