// expect: ok
#include <filesystem>
#include <optional>
#include <parwork/journal.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

struct task {
  std::string name;
};
struct point {
  int x, y;
};

template <>
struct parwork::codec<task> {
  static void encode(const task& t, std::string& into) { codec<std::string>::encode(t.name, into); }
  static task decode(std::string_view& from) { return {codec<std::string>::decode(from)}; }
};

// A journal may be a member, and be passed on.
struct batch_job {
  parwork::journal<> journal{"member.db"};
};
void use(parwork::journal<>& journal) {
  (void)parwork::process(
      journal, std::vector<int>{}, [](int i) { return point{i, i}; }, [](point) {});
}

int main() {
  parwork::journal plain{"runs.db"};
  parwork::journal named{std::filesystem::path("runs.db"), {.replay = false, .fingerprint = "v1"}};
  parwork::journal_options options;
  options.retry_failed = true;
  parwork::journal later{"runs.db", options};
  parwork::journal keyed{"runs.db", {.key = [](const task& t) { return t.name; }}};
  parwork::journal generic{"runs.db",
                           parwork::journal_options{.key = [](const auto& t) { return t.name; }}};
  use(plain);
  use(named);
  use(later);
  const auto same = [](const task& t) { return t; };
  (void)parwork::process(keyed, std::vector<task>{}, same, [](const task&) {});
  (void)parwork::process(generic, std::vector<task>{}, same,
                         [](parwork::completion<task, task>) {});
  (void)parwork::process(
      plain, std::vector<std::string>{}, [](const std::string&) {}, [] {},
      {.order = parwork::ordering::input});
  (void)parwork::process(
      plain, std::vector<const char*>{},
      [](const char*) {
        return std::tuple<std::optional<std::vector<std::pair<int, std::string>>>>();
      },
      [](const auto&) {});
}
