# Writes build_info.hpp anew when something in it has changed, so that a new commit costs one small compilation.
execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse HEAD OUTPUT_VARIABLE sha OUTPUT_STRIP_TRAILING_WHITESPACE
  ERROR_QUIET RESULT_VARIABLE failed)
set(dirty false)
if(failed)
  set(sha "")
else()
  execute_process(COMMAND git -C ${SOURCE_DIR} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
  if(changes)
    set(dirty true)
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#pragma once
#define FLYNN_BENCH_VERSION "@VERSION@"
#define FLYNN_BENCH_GIT_SHA "@sha@"
#define FLYNN_BENCH_GIT_DIRTY @dirty@
#define FLYNN_BENCH_BUILD_TYPE "@BUILD_TYPE@"
#define FLYNN_BENCH_COMPILER "@COMPILER@"
#define FLYNN_BENCH_FLAGS "@FLAGS@"
#define FLYNN_BENCH_SANITIZER "@SANITIZER@"
#define FLYNN_BENCH_ISA "@ISA@"
]])
