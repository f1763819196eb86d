# What `cmake --install` puts where, and how others find it: find_package(flynn) and flynn.pc. Everything is relative to
# the place of these files, so a prefix may be moved.

include(CMakePackageConfigHelpers)

install(TARGETS flynn EXPORT flynnTargets)
install(DIRECTORY host/include/flynn ${PROJECT_BINARY_DIR}/include/flynn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET compute_bench)
  install(TARGETS compute_bench)
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/flynn)
install(EXPORT flynnTargets NAMESPACE flynn:: DESTINATION ${package_dir})
configure_package_config_file(cmake/flynnConfig.cmake.in ${PROJECT_BINARY_DIR}/flynnConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/flynnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/flynnConfig.cmake ${PROJECT_BINARY_DIR}/flynnConfigVersion.cmake DESTINATION ${package_dir})

# Compilers look into /usr/include by themselves, and before the C++ headers if they are told to.
set(header_flags "")
foreach(folder ${FLYNN_EXPECTED_INCLUDE} ${FLYNN_CEREAL_INCLUDE})
  if(NOT folder IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    string(APPEND header_flags " -isystem ${folder}")
  endif()
endforeach()
set(hwloc_flag "")
if(FLYNN_HWLOC_INCLUDE AND FLYNN_HWLOC_LIBRARY)
  set(hwloc_flag " -lhwloc")
endif()
file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/flynn.pc.in ${PROJECT_BINARY_DIR}/flynn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/flynn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
