# `cpack` makes a .deb of the library, one of the tool, and a .tar.gz of both, of what the install rules install.
set(CPACK_GENERATOR "DEB;TGZ")
set(CPACK_PACKAGE_NAME parwork)
set(CPACK_PACKAGE_FILE_NAME "parwork-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_PACKAGE_CONTACT "parwork authors")
set(CPACK_PACKAGE_VENDOR "parwork authors")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libparwork-dev)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
# The library is static: what its users need besides is the standard library's headers.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "libstdc++-12-dev | libstdc++-13-dev | libstdc++-14-dev | libstdc++-15-dev")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_RECOMMENDS "libsqlite3-dev (>= 3.35)")  # parwork::journal
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SUGGESTS "cmake (>= 3.25), pkg-config")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "${PROJECT_DESCRIPTION} (C++ library)")

set(CPACK_COMPONENTS_ALL library)
if(PARWORK_CLI)
  list(APPEND CPACK_COMPONENTS_ALL tool)
  set(CPACK_DEBIAN_TOOL_PACKAGE_NAME parwork)
  set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION utils)
  set(CPACK_DEBIAN_TOOL_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_TOOL_DESCRIPTION "Runs a command for each of many items, as many at once as there are CPUs")
endif()

include(CPack)
