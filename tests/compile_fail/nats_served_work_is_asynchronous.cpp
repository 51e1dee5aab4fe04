// expect: served work is synchronous
#include <parwork/nats_worker.hpp>
#include <parwork/parwork.hpp>

int main() {
  parwork::nats::worker worker{{}};
  worker.serve<int, int>("work", [](int i, parwork::completer<int> done) { done.succeed(i); });
}
