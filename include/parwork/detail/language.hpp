// Says in one sentence that the compiler's language is too old, before its own pages do.
#pragma once

#if __cplusplus > 202002L
#define PARWORK_LANGUAGE_IS_NEW_ENOUGH
#else
#error "parwork: needs C++23: compile with -std=c++23, or CMAKE_CXX_STANDARD 23"
#endif
