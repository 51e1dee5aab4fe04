// expect: needs an Item with a default constructor
#include <parwork/parwork.hpp>

struct job {
  explicit job(int) {}
};

int main() {
  parwork::process([](job&) { return false; }, [](const job&) {}, [] {});
}
