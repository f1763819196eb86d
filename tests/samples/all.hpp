#pragma once
// A sample for every workload of AllSpecs.

#include <tests/samples/add.hpp>
#include <tests/samples/argmax.hpp>
#include <tests/samples/argmin.hpp>
#include <tests/samples/axpy.hpp>
#include <tests/samples/copy.hpp>
#include <tests/samples/dot.hpp>
#include <tests/samples/factorize.hpp>
#include <tests/samples/gemm.hpp>
#include <tests/samples/max.hpp>
#include <tests/samples/min.hpp>
#include <tests/samples/mul.hpp>
#include <tests/samples/norm2.hpp>
#include <tests/samples/scan.hpp>
#include <tests/samples/sum.hpp>
#include <tests/samples/triad.hpp>
