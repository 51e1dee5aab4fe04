# `cpack` makes a .deb of the library, one of the tool, and a .tar.gz of both, of what the install rules install.
set(CPACK_GENERATOR "DEB;TGZ")
set(CPACK_PACKAGE_NAME parwork)
set(CPACK_PACKAGE_FILE_NAME "parwork-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_PACKAGE_CONTACT "parwork authors <authors@parwork.invalid>")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_VENDOR "parwork authors")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libparwork-dev)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
# The library is static: what its users need besides is the standard library's headers.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "libstdc++-12-dev | libstdc++-13-dev | libstdc++-14-dev | libstdc++-15-dev")
# For parwork::journal, and for parwork::nats.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_RECOMMENDS
  "libsqlite3-dev (>= 3.35), libnats-dev (>= 3.4), libssl-dev (>= 3.0)")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SUGGESTS "cmake (>= 3.25), pkg-config")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "parallel processing of a generator's items (C++23 library)
parwork::process takes items from a generator, works on them on all cores and
hands each finished item to a collector, one at a time, in bounded memory.
.
This package has the static libraries, headers and documentation.")

set(CPACK_COMPONENTS_ALL library)
if(PARWORK_CLI)
  list(APPEND CPACK_COMPONENTS_ALL tool)
  set(CPACK_DEBIAN_TOOL_PACKAGE_NAME parwork)
  set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION utils)
  set(CPACK_DEBIAN_TOOL_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_TOOL_DESCRIPTION "run a command for each of many items, as many at once as there are CPUs
The items come from the command line, from files or from standard input. The
output of each command stays together, in the order of the items if asked for.
.
A run that was killed goes on where it was, with a journal. A report shows
where the time of a run went.")
endif()

# What Debian wants elsewhere, or otherwise, than `cmake --install` puts it.
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/cmake/debian_files.cmake")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

include(CPack)
