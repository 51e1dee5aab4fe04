// expect: Item must be a value
#include <parwork/nats_worker.hpp>
#include <string>

int main() {
  parwork::nats::worker worker{{}};
  worker.serve<const std::string&, int>("work", [](const std::string&) { return 1; });
}
