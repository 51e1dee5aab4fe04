// expect: parwork: this duration has fractions of a nanosecond
#include <chrono>
#include <parwork/parwork.hpp>

int main() { parwork::retry_policy given{.backoff = std::chrono::duration<double>(0.5)}; }
