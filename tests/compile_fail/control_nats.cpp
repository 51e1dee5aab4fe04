// expect: ok
#include <parwork/nats_worker.hpp>
#include <parwork/parwork.hpp>
#include <span>
#include <string>
#include <vector>

int main() {
  parwork::nats::worker worker{{}};
  worker.serve<int, int>("item", [](int i) { return i; });
  worker.serve<int, void>("context", [](int, parwork::context&) {});
  worker.serve<int, std::string>("converted", [](int) { return "text"; });
  worker.serve<std::string, int>(
      "state", parwork::per_worker([] { return 1; }, [](int&, const std::string&) { return 1; }));
  worker.serve<int, int>("spans", parwork::batched([](std::span<int> items) {
                           return std::vector<int>(items.size());
                         }));
  worker.run();
}
