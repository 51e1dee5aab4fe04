// expect: one that fills, bool(Item&) with Item spelled out
#include <parwork/parwork.hpp>

int main() {
  int next = 0;
  parwork::process([&](auto& item) { return (item = ++next) < 10; }, [](int) {}, [] {});
}
