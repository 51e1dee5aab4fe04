#include <iostream>
#include <parwork/parwork.hpp>
#include <ranges>

bool is_prime(int number) {
  for (int divisor = 2; divisor * divisor <= number; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return number >= 2;
}

int main() {
  int primes = 0;
  const parwork::summary summary = parwork::process(std::views::iota(0, 3'000'000), is_prime,
                                                    [&](bool prime) { primes += prime ? 1 : 0; });
  std::cout << primes << " primes below 3,000,000\n" << summary << '\n';
}
