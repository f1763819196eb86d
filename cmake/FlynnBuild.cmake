# What every target of flynn is built with, and one function per kind of thing that it is made of.

find_path(FLYNN_XSIMD_INCLUDE xsimd/xsimd.hpp REQUIRED)
find_path(FLYNN_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)
find_path(FLYNN_CEREAL_INCLUDE cereal/cereal.hpp REQUIRED)
find_path(FLYNN_JSON_INCLUDE nlohmann/json.hpp REQUIRED)
find_package(Threads REQUIRED)
# Without it (as when cross-compiling) the topology knows nodes and CPUs alone.
find_path(FLYNN_HWLOC_INCLUDE hwloc.h DOC "Where hwloc.h is (Debian: libhwloc-dev)")
find_library(FLYNN_HWLOC_LIBRARY hwloc DOC "libhwloc (Debian: libhwloc-dev)")

# A module and the library must agree about every struct that passes between them: their build id is the version and a hash
# of the headers that both are made from. Only what includes it is built again when one of them changes. No module sees those
# of flynn::mp: programs and their workers are one file.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/host/include/*.hpp)
list(FILTER headers EXCLUDE REGEX "/include/flynn/mp(/|[.]hpp$)")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${headers})
set(hashes "")
foreach(header IN LISTS headers)
  file(SHA256 ${header} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 hash "${hashes}")
string(SUBSTRING ${hash} 0 12 hash)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/include/flynn/build_id.hpp @ONLY CONTENT [[
#pragma once
#define FLYNN_BUILD_ID "@PROJECT_VERSION@-@hash@"
]])

# The rules of design.md section 6 (no contraction, no fast-math) and nothing that a consumer would inherit.
add_library(flynn_flags INTERFACE)
target_compile_options(flynn_flags INTERFACE -Wall -Wextra -ffp-contract=off -fno-math-errno)
if(FLYNN_WERROR)
  target_compile_options(flynn_flags INTERFACE -Werror)
endif()
set(FLYNN_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined")
if(FLYNN_SANITIZE)
  # GCC 12 takes the sanitizers' own code in std::regex for uninitialised.
  target_compile_options(flynn_flags INTERFACE -fsanitize=${FLYNN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${FLYNN_SANITIZE})  # the examples too: their runtime has to come before the library's
endif()

# flynn_workload_files(RESULT SUFFIX): NAME.SUFFIX of the current folder for every workload that has one. A workload without is a
# hole in the backend's table; CMake runs again when it comes.
function(flynn_workload_files result suffix)
  file(GLOB present CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.${suffix})
  set(files ${FLYNN_WORKLOADS})
  list(TRANSFORM files APPEND .${suffix})
  foreach(file IN LISTS files)
    if(NOT file IN_LIST present)
      list(REMOVE_ITEM files ${file})
    endif()
  endforeach()
  set(${result} ${files} PARENT_SCOPE)
endfunction()

# flynn_simd_arch(NAME FLAGS XSIMD_TYPE [WORKLOAD...]): simd/*.cpp once more, for one instruction set; only these workloads when
# some are named. xsimd's namespace gets its name too: xsimd's types for AVX2 are made of those for SSE, and one copy of their
# functions, compiled for AVX2, would serve both.
function(flynn_simd_arch name flags type)
  if(ARGN)
    list(TRANSFORM ARGN APPEND .cpp OUTPUT_VARIABLE sources)
  else()
    flynn_workload_files(sources cpp)
  endif()
  add_library(flynn_simd_${name} OBJECT ${sources})
  # GCC 12 warns of its own AVX-512 intrinsics; without exceptions no personality symbol is shared between the objects.
  target_compile_options(flynn_simd_${name} PRIVATE ${flags} -fno-exceptions -Wno-uninitialized -Wno-maybe-uninitialized)
  string(MAKE_C_IDENTIFIER xsimd_${name} xsimd)
  target_compile_definitions(flynn_simd_${name} PRIVATE FLYNN_SIMD_ARCH=${type} xsimd=${xsimd})
  target_link_libraries(flynn_simd_${name} PRIVATE flynn_headers flynn_flags)
  target_include_directories(flynn_simd_${name} SYSTEM PRIVATE ${FLYNN_XSIMD_INCLUDE})
  target_sources(flynn_objects INTERFACE $<TARGET_OBJECTS:flynn_simd_${name}>)
endfunction()

# flynn_module(NAME SOURCES...): a backend that the library opens at run time, as flynn/flynn_NAME.so beside it, in the build
# tree as in an installation.
function(flynn_module name)
  add_library(flynn_${name} MODULE ${ARGN})
  set_target_properties(flynn_${name} PROPERTIES PREFIX "" SUFFIX .so LIBRARY_OUTPUT_DIRECTORY ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/flynn
    INSTALL_RPATH $ORIGIN/..)
  target_link_libraries(flynn_${name} PRIVATE flynn_headers flynn_flags)
  target_link_options(flynn_${name} PRIVATE LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/module.map)
  set_property(TARGET flynn_${name} APPEND PROPERTY LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/module.map)
  add_dependencies(flynn flynn_${name})
  install(TARGETS flynn_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/flynn)
endfunction()
