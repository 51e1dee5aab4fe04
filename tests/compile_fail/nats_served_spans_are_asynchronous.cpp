// expect: served work is synchronous
#include <parwork/nats_worker.hpp>
#include <parwork/parwork.hpp>
#include <span>
#include <vector>

int main() {
  parwork::nats::worker worker{{}};
  worker.serve<int, int>("work",
                         parwork::batched([](std::span<int>, parwork::batch_completer<int>) {}));
}
