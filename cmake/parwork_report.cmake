# The page of the HTML report, built into the library unless PARWORK_REPORT is off.
#
# The built page is in the source tree, src/report/generated/page.html: nothing here needs node.
# `./dev page` makes it from src/report/page.
option(PARWORK_REPORT "Build the HTML report's page into the library" ON)

# Adds the page to a target, as the constants of src/report/page.hpp, and tells the target's sources
# so by PARWORK_REPORT=1.
function(parwork_add_report target)
  if(NOT PARWORK_REPORT)
    return()
  endif()
  set(page "${PROJECT_SOURCE_DIR}/src/report/generated/page.html")
  set(script "${PROJECT_SOURCE_DIR}/cmake/embed_page.cmake")
  set(source "${PROJECT_BINARY_DIR}/report_page.cpp")
  add_custom_command(OUTPUT "${source}"
    COMMAND ${CMAKE_COMMAND} "-Dpage=${page}" "-Dsource=${source}" -P "${script}"
    DEPENDS "${page}" "${script}"
    COMMENT "Embedding the report's page"
    VERBATIM)
  target_sources(${target} PRIVATE "${source}")
  # By itself: nobody reads it, not even clang-tidy, which reads units.
  set_source_files_properties("${source}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_compile_definitions(${target} PRIVATE PARWORK_REPORT=1)
endfunction()
