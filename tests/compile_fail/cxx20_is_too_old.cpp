// expect: parwork: needs C++23: compile with -std=c++23
#include <parwork/parwork.hpp>

int main() {}
