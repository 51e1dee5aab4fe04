# Builds the page of the HTML report (src/report/page) into the library. Without PARWORK_REPORT nothing here needs node.

set(PARWORK_NODE_VERSION 0)
if(PARWORK_REPORT OR (PROJECT_IS_TOP_LEVEL AND NOT DEFINED PARWORK_REPORT))
  find_program(PARWORK_NODE NAMES node nodejs DOC "Node.js 18 or newer, builds the report's page")
  find_program(PARWORK_NPM npm DOC "npm, fetches what the report's page is built with")
  mark_as_advanced(PARWORK_NODE PARWORK_NPM)
  if(PARWORK_NODE)
    execute_process(COMMAND "${PARWORK_NODE}" --version
      OUTPUT_VARIABLE PARWORK_NODE_VERSION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    string(REGEX REPLACE "^v" "" PARWORK_NODE_VERSION "${PARWORK_NODE_VERSION}")
  endif()
endif()

set(parwork_report_found OFF)
if(PARWORK_NODE AND PARWORK_NPM AND PARWORK_NODE_VERSION VERSION_GREATER_EQUAL 18)
  set(parwork_report_found ON)
endif()
option(PARWORK_REPORT "Build the HTML report into the library (needs node and npm)" ${parwork_report_found})

if(PARWORK_REPORT AND NOT parwork_report_found)
  message(FATAL_ERROR
    "PARWORK_REPORT needs node 18 or newer and npm; here are node '${PARWORK_NODE}' (version ${PARWORK_NODE_VERSION}) "
    "and npm '${PARWORK_NPM}'. Install them (Debian: apt-get install nodejs npm), name them with -DPARWORK_NODE=... and "
    "-DPARWORK_NPM=..., or build without the HTML report: -DPARWORK_REPORT=OFF.")
endif()

# Fetches what package.json and package-lock.json of `source` name into `binary`/node_modules; `result` names the file
# to depend on.
#
# Each build folder has modules of its own, so that two builds at once do not meet; npm's cache makes that cheap. No
# package needs a script of its own to be run.
function(parwork_add_modules source binary result)
  set(modules "${binary}/node_modules/.package-lock.json")  # npm writes it last
  file(MAKE_DIRECTORY "${binary}")
  add_custom_command(OUTPUT "${modules}"
    COMMAND ${CMAKE_COMMAND} -E copy "${source}/package.json" "${source}/package-lock.json" "${binary}"
    COMMAND "${PARWORK_NPM}" ci --ignore-scripts --prefer-offline --no-audit --no-fund --no-update-notifier
      --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch "${modules}"
    DEPENDS "${source}/package.json" "${source}/package-lock.json"
    WORKING_DIRECTORY "${binary}"
    COMMENT "Fetching the npm packages of ${source}"
    VERBATIM)
  set(${result} "${modules}" PARENT_SCOPE)
endfunction()

# Adds the page to a target, as the constants of src/report/page.hpp, and tells its sources so by PARWORK_REPORT=1. The
# page itself is report_page/page.html of the build folder, for its tests.
function(parwork_add_report target)
  if(NOT PARWORK_REPORT)
    return()
  endif()
  set(source "${PROJECT_SOURCE_DIR}/src/report/page")
  set(binary "${PROJECT_BINARY_DIR}/report_page")
  file(GLOB scripts CONFIGURE_DEPENDS "${source}/src/*.ts")
  parwork_add_modules("${source}" "${binary}" modules)
  add_custom_command(OUTPUT "${binary}/page.html" "${binary}/report_page.cpp"
    COMMAND "${PARWORK_NODE}" "${source}/build.mjs" --modules "${binary}/node_modules"
      --out "${binary}/page.html" --cpp "${binary}/report_page.cpp"
    DEPENDS "${modules}" "${source}/build.mjs" "${source}/tsconfig.json" "${source}/page.html" "${source}/style.css"
      ${scripts}
    COMMENT "Building the report's page"
    VERBATIM)
  target_sources(${target} PRIVATE "${binary}/report_page.cpp")
  target_compile_definitions(${target} PRIVATE PARWORK_REPORT=1)
endfunction()
