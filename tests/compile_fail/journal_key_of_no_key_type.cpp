// expect: a journal knows items by their keys
#include <parwork/journal.hpp>
#include <vector>

int main() {
  parwork::journal journal{"runs.db",
                           parwork::journal_options{.key = [](int i) { return 0.5 * i; }}};
  (void)parwork::process(journal, std::vector<int>{}, [](int i) { return i; }, [](int) {});
}
