// The smallest program that uses parwork::nats for real: nobody is at that address.
#include <chrono>
#include <iostream>
#include <parwork/nats.hpp>

int main() {
  using namespace std::chrono_literals;
  try {
    parwork::nats::worker worker({.url = "nats://127.0.0.1:1", .connect_timeout = 100ms});
    worker.serve<int, int>("double", [](int n) { return 2 * n; });
    const parwork::nats::cluster cluster({.url = "nats://127.0.0.1:1", .connect_timeout = 100ms});
    static_cast<void>(cluster.remote<int, int>("double"));
    return 1;
  } catch (const parwork::nats::unreachable& error) {
    std::cout << error.what() << '\n';
  }
  return 0;
}
