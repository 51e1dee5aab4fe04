# Each example is run by ctest: a driver checks what it prints, its exit status, and that Ctrl-C ends it.

include(parwork_python)

# Runs tests/e2e/<driver>_test.py with the words that follow.
function(parwork_add_example_test name driver)
  add_test(NAME examples.${name}
    COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tests/e2e/${driver}_test.py" ${ARGN})
  set_tests_properties(examples.${name} PROPERTIES
    LABELS examples
    TIMEOUT 300
    ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1;PARWORK_TEST=examples.${name}")
endfunction()

foreach(name md5_files word_count find_text log_statistics standardise tree_walk crawler thumbnails retries cancel
    controlled async_timer)
  parwork_add_example_test(${name} ${name} $<TARGET_FILE:${name}>)
endforeach()
foreach(name md5_brute_force classic_md5)
  parwork_add_example_test(${name} md5_search $<TARGET_FILE:${name}>)
endforeach()
if(TARGET image_pipeline)
  parwork_add_example_test(image_pipeline image_pipeline $<TARGET_FILE:image_pipeline>)
endif()
if(TARGET parwork::journal)
  foreach(name md5_files_journal resume_after_crash)
    string(REPLACE _journal "" program ${name})
    parwork_add_example_test(${name} ${name} $<TARGET_FILE:${program}>)
  endforeach()
else()
  add_test(NAME examples.md5_files_without_journal COMMAND md5_files --journal unused.db .)
  set_tests_properties(examples.md5_files_without_journal PROPERTIES
    LABELS examples
    PASS_REGULAR_EXPRESSION "--journal: this build has no journal")
endif()
parwork_add_example_test(report report $<TARGET_FILE:report> $<BOOL:${PARWORK_REPORT}>)
# The demonstration is a script around md5_files and the tool.
if(TARGET parwork_cli)
  parwork_add_example_test(demo demo "${PROJECT_SOURCE_DIR}/tools/demo.sh" $<TARGET_FILE:md5_files>
    $<TARGET_FILE:parwork_cli> $<BOOL:${PARWORK_REPORT}>)
endif()

# What the pages quote.
foreach(name readme getting_started)
  parwork_add_example_test(${name} ${name} $<TARGET_FILE:${name}>)
endforeach()
foreach(name guide_forms guide_adapters guide_waiting guide_spans guide_options migrating guide_journal)
  if(TARGET ${name})
    parwork_add_example_test(${name} snippets $<TARGET_FILE:${name}>)
  endif()
endforeach()

# The first program of docs/getting_started.md, built as the page says against what package.install has installed.
add_test(NAME examples.first
  COMMAND ${CMAKE_CTEST_COMMAND}
    --build-and-test "${CMAKE_CURRENT_SOURCE_DIR}/first" "${CMAKE_CURRENT_BINARY_DIR}/first"
    --build-generator ${CMAKE_GENERATOR}
    --build-options "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}" -DCMAKE_BUILD_TYPE=Release
      "-DCMAKE_PREFIX_PATH=${PROJECT_BINARY_DIR}/tests/package/prefix"
    --test-command primes)
set_tests_properties(examples.first PROPERTIES
  LABELS examples
  TIMEOUT 300
  FIXTURES_REQUIRED installed_parwork
  PASS_REGULAR_EXPRESSION "216816 primes below 3,000,000")
