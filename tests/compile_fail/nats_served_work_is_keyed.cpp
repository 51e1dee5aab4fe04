// expect: keyed, limited and stages belong into the submitter's call
#include <parwork/nats_worker.hpp>
#include <parwork/parwork.hpp>

int main() {
  parwork::nats::worker worker{{}};
  worker.serve<int, int>("work",
                         parwork::keyed([](int i) { return i; }, [](int i) { return i % 2; }));
}
