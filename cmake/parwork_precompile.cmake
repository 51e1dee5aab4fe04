# Precompiled headers, for the presets that are built often. g++ reads them in a tenth of the time.
option(PARWORK_PRECOMPILE "Precompile headers: quicker builds, which overlook a missing #include" OFF)

# parwork_precompile(TARGET HEADER...): a header is written as #include writes it, <...> or "...".
function(parwork_precompile target)
  if(PARWORK_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()

# The same headers for many targets, compiled once: parwork_add_precompiled makes them, as a target
# without code, and parwork_use_precompiled is for targets with the same compiler options. WARNINGS
# names the function that adds theirs: -Wpedantic changes what g++ predefines.
function(parwork_add_precompiled name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "WARNINGS" "LIBRARIES;HEADERS")
  if(NOT PARWORK_PRECOMPILE)
    return()
  endif()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "")
  add_library(${name} OBJECT "${source}")
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
  cmake_language(CALL ${arg_WARNINGS} ${name})
endfunction()

function(parwork_use_precompiled target name)
  if(PARWORK_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()
