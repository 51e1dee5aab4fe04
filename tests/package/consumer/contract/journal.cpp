// Runs that go on after a crash: journals in all spellings, what they tell, their errors by type.
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <fstream>
#include <parwork/journal.hpp>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

struct job {
  std::string name;
  int size = 0;
};

/// A result with a codec of its own.
struct report {
  std::string text;
  std::vector<int> sizes;
};

/// A folder for one part of the contract, taken away at its end.
class folder {
 public:
  folder() { std::filesystem::create_directories(path_); }
  ~folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;

  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("parwork-contract-" + std::to_string(::getpid()));
};

}  // namespace
}  // namespace contract

template <>
struct parwork::codec<contract::report> {
  using parts = std::tuple<std::string, std::vector<int>>;

  static void encode(const contract::report& value, std::string& into) {
    codec<parts>::encode({value.text, value.sizes}, into);
  }
  static contract::report decode(std::string_view& from) {
    auto [text, sizes] = codec<parts>::decode(from);
    return {std::move(text), std::move(sizes)};
  }
};

namespace contract {
namespace {

const std::vector<std::string> texts{"a", "bb", "a"};
const std::vector<job> jobs{{"first", 1}, {"second", 2}};

// Two runs in two journals on one file: the second works on nothing and collects the same.
template <class Open, class Items, class Work>
void resumes(Open open, const Items& items, Work work, std::uint64_t size) {
  for (const bool again : {false, true}) {
    auto journal = open();
    int worked = 0;
    std::uint64_t collected = 0;
    const parwork::summary summary = parwork::process(
        journal, items, [&](const auto& item) { return ++worked, work(item); },
        [&](const auto& done) { collected += done.result ? 1 : 0; }, {.workers = 1});
    expect(collected == size && summary.succeeded == size && journal.size() == size);
    expect(worked == (again ? 0 : static_cast<int>(size)));
  }
}

void spellings() {
  const folder here;
  const auto length = [](const std::string& text) { return text.size(); };
  const auto size_of = [](const job& each) { return each.size; };
  const auto name_of = [](const job& each) { return each.name; };

  resumes([&] { return parwork::journal<>(here / "a"); }, texts, length, 3);
  resumes([&] { return parwork::journal(here / "b"); }, texts, length, 3);
  resumes([&] { return parwork::journal{here / "c", {.fingerprint = "v1"}}; }, texts, length, 3);
  resumes([&] { return parwork::journal{here / "d", {.key = name_of}}; }, jobs, size_of, 2);
  resumes([&] { return parwork::journal{here / "e", {.retry_failed = true, .key = name_of}}; },
          jobs, size_of, 2);
  resumes(
      [&] {
        return parwork::journal{here / "f", parwork::journal_options{
                                                .key = [](const auto& each) { return each.name; }}};
      },
      jobs, size_of, 2);
  resumes(
      [&] {
        return parwork::journal{here / "g", {.key = [](const job& each) { return each.size; }}};
      },
      jobs, [](const job& each) { return report{each.name, {each.size}}; }, 2);

  resumes([&] { return parwork::journal{(here / "h").string()}; }, texts, length, 3);
  {
    parwork::journal journal{"parwork-contract.db"};
    expect(journal.size() == 0 && journal.path().filename() == "parwork-contract.db");
  }
  std::filesystem::remove("parwork-contract.db");
}

void results() {
  const folder here;
  for (const bool again : {false, true}) {
    parwork::journal journal{here / "j", {.key = [](const job& each) { return each.name; }}};
    std::vector<std::string> seen;
    const parwork::summary summary = parwork::process(
        journal, jobs, [](const job& each) { return report{each.name + '!', {each.size, 7}}; },
        [&](const report& each) {
          expect(each.sizes.size() == 2 && each.sizes[1] == 7);
          seen.push_back(each.text);
        },
        {.order = parwork::ordering::input});
    expect(summary.succeeded == 2 && seen == std::vector<std::string>({"first!", "second!"}));
    if (!again) continue;
    std::vector<std::string> keys;
    journal.for_each([&](const parwork::journal_record& record) {
      const std::expected<report, parwork::failure> result = record.result<report>();
      expect(!record.failed() && record.attempts() == 1 && result && !record.bytes().empty());
      keys.emplace_back(record.key());
    });
    expect(keys == std::vector<std::string>({"first", "second"}));
    expect(journal.forget("first") == 1 && journal.forget(std::string("nobody")) == 0);
    journal.compact();
    journal.commit();
    expect(journal.size() == 1 && journal.path() == std::filesystem::canonical(here / "j"));
  }
}

void failures_and_replay() {
  using namespace std::chrono_literals;
  const folder here;
  int worked = 0;
  const auto work = [&](const std::string& text) -> std::expected<std::size_t, std::string> {
    ++worked;
    if (text == "bb") return std::unexpected("too long");
    return text.size();
  };
  const auto run = [&](parwork::journal<>& journal) {
    return parwork::process(journal, texts, work,
                            [](const parwork::completion<std::string, std::size_t>&) {},
                            {.workers = 1});
  };
  parwork::summary summary;
  {
    parwork::journal journal{here / "j",
                             {.replay = true,
                              .commit_every = 5ms,
                              .commit_records = 2,
                              .durability = parwork::durability::process,
                              .on_damage = [](const parwork::journal_damage&) {}}};
    summary = run(journal);
    expect(summary.failed == 1 && worked == 3);
    summary = run(journal);
    expect(summary.failed == 1 && worked == 3);
    expect(summary.first_failure && summary.first_failure->message() == "too long");
  }
  {
    parwork::journal journal{here / "j", {.retry_failed = true}};
    summary = run(journal);
    expect(summary.failed == 1 && worked == 4);
  }
  parwork::journal journal{here / "j", {.replay = false}};
  summary = run(journal);
  expect(summary.produced == 0 && worked == 4 && journal.size() == 3);
}

/// Whether `call` throws an `Error`, which is a `journal_error` that names the file.
template <class Error, class Call>
bool throws(const std::filesystem::path& file, Call&& call) {
  try {
    call();
  } catch (const parwork::journal_error& error) {
    const std::string sentence = error.what();
    return dynamic_cast<const Error*>(&error) != nullptr && error.path() == file &&
           sentence.find(file.string()) != std::string::npos;
  }
  return false;
}

void errors() {
  const folder here;
  const std::filesystem::path file = std::filesystem::canonical(here / ".") / "j";
  const auto open = [&] { parwork::journal<> again(file, {.fingerprint = "v2"}); };
  {
    const parwork::journal journal{file, {.fingerprint = "v1"}};
    expect(throws<parwork::journal_busy>(file, open));
    try {
      open();
    } catch (const parwork::journal_busy& busy) {
      const std::int64_t pid = busy.pid();
      expect(pid == ::getpid());
    }
  }
  try {
    open();
    expect(false);
  } catch (const parwork::journal_mismatch& mismatch) {
    expect(mismatch.recorded() == "v1" && mismatch.given() == "v2");
  }
  expect(parwork::journal_fingerprint(file) == "v1");
  expect(throws<parwork::journal_mismatch>(file, open));

  const std::filesystem::path other = file.string() + "-other";
  std::ofstream(other) << std::string(4096, 'x');
  expect(throws<parwork::journal_corrupt>(other, [&] { parwork::journal<> no(other); }));
  const std::filesystem::path nowhere = file.parent_path() / "nowhere" / "j";
  expect(throws<parwork::journal_unwritable>(nowhere, [&] { parwork::journal<> no(nowhere); }));
  const parwork::journal_version version(file, 7, 1);
  expect(version.found() == 7 && version.supported() == 1);
  try {
    parwork::journal<> no(file, {.commit_records = 0, .fingerprint = "v1"});
    expect(false);
  } catch (const std::invalid_argument& error) {
    expect(std::string_view(error.what()).find("commit_records") != std::string_view::npos);
  }
}

}  // namespace

void journals() {
  spellings();
  results();
  failures_and_replay();
  errors();
}

}  // namespace contract
