// expect: served work must be callable as work(item)
#include <parwork/nats_worker.hpp>
#include <string>

int main() {
  parwork::nats::worker worker{{}};
  worker.serve<int, int>("work", [](const std::string&) { return 1; });
}
