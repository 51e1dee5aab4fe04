# `cpack` makes a .deb and a .tar.gz of what the install rules install.
set(CPACK_GENERATOR "DEB;TGZ")
set(CPACK_PACKAGE_NAME parwork)
set(CPACK_PACKAGE_FILE_NAME "parwork-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_PACKAGE_CONTACT "parwork authors")
set(CPACK_PACKAGE_VENDOR "parwork authors")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_DEBIAN_PACKAGE_NAME libparwork-dev)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
# The library is static: what its users need besides is the standard library's headers.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libstdc++-12-dev | libstdc++-13-dev | libstdc++-14-dev | libstdc++-15-dev")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libsqlite3-dev (>= 3.35)")  # parwork::journal
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "cmake (>= 3.25), pkg-config")

include(CPack)
