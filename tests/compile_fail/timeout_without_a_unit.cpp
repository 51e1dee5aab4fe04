// expect: parwork: a duration needs a unit: std::chrono::seconds(5), or 5s
#include <parwork/parwork.hpp>

int main() { parwork::options given{.timeout = 5}; }
