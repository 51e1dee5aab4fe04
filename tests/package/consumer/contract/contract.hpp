// The public contract, line by line: each file of this folder uses one part of it as a user would,
// and checks the outcome. It compiles without warnings at -Wall -Wextra against the installed
// package, with g++ and with clang.
#pragma once

#include <source_location>

namespace contract {

/// Reports a broken promise, with its place in the source, and makes the program fail.
void expect(bool holds, std::source_location where = std::source_location::current());

void generators();
void works();
void work_results();
void asynchronous_works();
void contexts();
void collectors();
void failures();
void option_fields();
void endings();
void recorders();
void reports();
void adapters();
void classic_interface();
void pools();
void journals();

}  // namespace contract
