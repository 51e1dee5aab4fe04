// expect: there is no parwork::codec for this type
#include <list>
#include <parwork/nats_worker.hpp>

int main() {
  parwork::nats::worker worker{{}};
  worker.serve<int, std::list<int>>("work", [](int i) { return std::list<int>{i}; });
}
