// expect: work must return what converts to Result
#include <parwork/nats_worker.hpp>
#include <string>

int main() {
  parwork::nats::worker worker{{}};
  worker.serve<int, int>("work", [](int) { return std::string("text"); });
}
