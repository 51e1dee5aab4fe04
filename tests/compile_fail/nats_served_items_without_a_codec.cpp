// expect: there is no parwork::codec for this type
#include <list>
#include <parwork/nats_worker.hpp>

int main() {
  parwork::nats::worker worker{{}};
  worker.serve<std::list<int>, int>("work", [](const std::list<int>&) { return 1; });
}
