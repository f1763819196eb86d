// The words that device texts are written in, for OpenCL C 1.2 and for CUDA C++. A text is built once for each element
// type T of its workload: FLYNN_T is f32, f64, i32, u32, i64 or u64, and KERNEL(k_axpy) makes the entry k_axpy_f32.
#define T FLYNN_T
#define JOIN_EXPANDED(a, b) a##_##b
#define JOIN(a, b) JOIN_EXPANDED(a, b)
#define OF_TYPE(name) JOIN(name, FLYNN_T)  // name_f32: how a text picks what depends on the type

#ifdef __CUDACC__  // built with -fmad=false

typedef unsigned char u8;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64, size;
typedef float f32;
typedef double f64;
#define KERNEL(name) extern "C" __global__ void OF_TYPE(name)
#define FUNCTION static __device__ inline
#define GLOBAL
#define LOCAL
#define LOCAL_ARRAY(type, name, count) __shared__ type name[count]
#define CONSTANT static __constant__ const
#define BARRIER() __syncthreads()
#define local_id() ((size)threadIdx.x)
#define local_count() ((size)blockDim.x)
#define group_id() ((size)blockIdx.x)
#define group_count() ((size)gridDim.x)
#define mul_hi(a, b) __umul64hi(a, b)
#define leading_zeros(x) __clzll((long long)(x))  // of a u64
#define bits_of_f32(x) __float_as_int(x)
#define bits_of_f64(x) __double_as_longlong(x)

#else

#pragma OPENCL FP_CONTRACT OFF
#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double f64;
#endif
typedef uchar u8;
typedef int i32;
typedef uint u32;
typedef long i64;
typedef ulong u64, size;
typedef float f32;
#define KERNEL(name) __kernel void OF_TYPE(name)
#define FUNCTION static inline
#define GLOBAL __global
#define LOCAL __local
#define LOCAL_ARRAY(type, name, count) __local type name[count]
#define CONSTANT __constant const
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#define local_id() ((size)get_local_id(0))
#define local_count() ((size)get_local_size(0))
#define group_id() ((size)get_group_id(0))
#define group_count() ((size)get_num_groups(0))
#define leading_zeros(x) ((int)clz((ulong)(x)))
#define bits_of_f32(x) as_int(x)
#define bits_of_f64(x) as_long(x)

#endif

#define global_id() (group_id() * local_count() + local_id())
#define global_count() (group_count() * local_count())
