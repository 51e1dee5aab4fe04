# Warnings for parwork's own code. All are PRIVATE: a consumer sees none of these flags.

# The library, the examples and the apps.
function(parwork_add_warnings target)
  parwork_add_test_warnings(${target})
  target_compile_options(${target} PRIVATE
    -Wshadow -Wconversion -Wno-sign-conversion  # clang counts the latter among the former, g++ does not
    -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
    $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
endfunction()

# The tests: what users are promised to be free of, no more.
function(parwork_add_test_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic
    # False alarms of g++ 12 at -O3 on `"text" + std::string()` (GCC bug 105651).
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
  if(CMAKE_UNITY_BUILD)  # g++ takes a unit's source files for headers
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
  if(PARWORK_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
