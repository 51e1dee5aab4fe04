# Installs the library for find_package and pkg-config. The installed tree may be moved: nothing in it names its prefix.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/parwork")

# The library, and below it the tool: a component, and a package, each.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME library)
install(TARGETS parwork EXPORT parworkTargets FILE_SET HEADERS)
install(EXPORT parworkTargets NAMESPACE parwork:: DESTINATION "${package_dir}")
if(PARWORK_JOURNAL)
  install(TARGETS parwork-journal EXPORT parworkJournalTargets FILE_SET HEADERS)
  install(EXPORT parworkJournalTargets NAMESPACE parwork:: DESTINATION "${package_dir}")
endif()
if(PARWORK_NATS)
  install(TARGETS parwork-nats EXPORT parworkNatsTargets FILE_SET HEADERS)
  install(EXPORT parworkNatsTargets NAMESPACE parwork:: DESTINATION "${package_dir}")
  install(FILES cmake/parwork_libnats.cmake DESTINATION "${package_dir}")
endif()

configure_package_config_file(
  cmake/parworkConfig.cmake.in "${PROJECT_BINARY_DIR}/parworkConfig.cmake"
  INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO)
# 0.2 only adds to 0.1, so who asks for 0.1 gets it. A version that takes something away has to say otherwise here.
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/parworkConfigVersion.cmake" COMPATIBILITY SameMajorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/parworkConfig.cmake" "${PROJECT_BINARY_DIR}/parworkConfigVersion.cmake"
  DESTINATION "${package_dir}")

# parwork.pc finds its prefix from its own place, ${pcfiledir}, and an include directory outside the prefix by its path.
set(pc_dir "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH pc_prefix "${pc_dir}" "${CMAKE_INSTALL_PREFIX}")
cmake_path(APPEND pc_libdir "\${prefix}" "${CMAKE_INSTALL_LIBDIR}")
cmake_path(APPEND pc_includedir "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}")
function(parwork_install_pc name description requires libs)
  configure_file(cmake/parwork.pc.in "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()
parwork_install_pc(parwork "${PROJECT_DESCRIPTION}" "" "-lparwork -pthread")
if(PARWORK_JOURNAL)
  # A static library's users link what it uses: so Requires, not Requires.private.
  parwork_install_pc(parwork-journal "Runs of parwork that survive crashes" "parwork, sqlite3" "-lparwork-journal")
endif()
if(PARWORK_NATS)
  parwork_install_pc(parwork-nats "Runs of parwork on more than one machine" "parwork, libnats, libssl, libcrypto" "-lparwork-nats")
endif()

file(GLOB pages CONFIGURE_DEPENDS docs/*.md)
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" OPTIONAL)
install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_DOCDIR}/docs")
install(DIRECTORY docs/pictures DESTINATION "${CMAKE_INSTALL_DOCDIR}/docs")

if(PARWORK_CLI)
  set(completions "${PROJECT_SOURCE_DIR}/apps/parwork/completions")
  configure_file(apps/parwork/parwork.1.in "${PROJECT_BINARY_DIR}/parwork.1" @ONLY)
  install(TARGETS parwork_cli COMPONENT tool)
  install(FILES "${PROJECT_BINARY_DIR}/parwork.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT tool)
  install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/parwork-tool" COMPONENT tool)
  install(FILES "${completions}/parwork.bash"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME parwork COMPONENT tool)
  install(FILES "${completions}/_parwork" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" COMPONENT tool)
  install(FILES "${completions}/parwork.fish"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" COMPONENT tool)
endif()
