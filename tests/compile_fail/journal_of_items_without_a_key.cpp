// expect: a journal knows items by their keys
#include <parwork/journal.hpp>
#include <vector>

struct task {
  int number;
};

int main() {
  parwork::journal journal{"runs.db", {.fingerprint = "v1"}};
  (void)parwork::process(
      journal, std::vector<task>{}, [](const task& t) { return t.number; }, [](int) {});
}
