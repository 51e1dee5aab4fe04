# Says in one sentence what a compiler or its standard library lacks, before it says so in a thousand lines.
include(CheckCXXSourceCompiles)

set(CMAKE_REQUIRED_FLAGS "${CMAKE_CXX23_STANDARD_COMPILE_OPTION}")
check_cxx_source_compiles("
#include <expected>
#include <functional>
int main() {
  std::expected<int, int> result = 0;
  std::move_only_function<int()> function = [] { return 0; };
  return *result + function();
}" PARWORK_HAS_CXX23)
unset(CMAKE_REQUIRED_FLAGS)

if(NOT PARWORK_HAS_CXX23)
  # Asked again next time: the user may have put the matter right in the meantime.
  unset(PARWORK_HAS_CXX23 CACHE)
  message(FATAL_ERROR
    "parwork needs std::expected and std::move_only_function of C++23: g++ 12 or newer, or clang 19 or newer with "
    "libstdc++ 12 or newer. ${CMAKE_CXX_COMPILER} (${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}) lacks them. "
    "Name another compiler with -DCMAKE_CXX_COMPILER=... or in the environment variable CXX.")
endif()
