// guide_journal: what docs/journal.md and the guide say of journals, each run and checked.
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <parwork/journal.hpp>
#include <parwork/parwork.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/expect.hpp"

namespace fs = std::filesystem;

namespace {

using examples::expect;
using namespace std::chrono_literals;

/// Where the journals are; taken away at the end.
class scratch {
 public:
  scratch() { fs::create_directories(folder_); }
  ~scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  fs::path operator/(const char* name) const { return folder_ / name; }

 private:
  const fs::path folder_ =
      fs::temp_directory_path() / ("parwork-guide-journal-" + std::to_string(::getpid()));
};

const std::vector<std::string> texts = {"one", "two", "three", "two"};

std::size_t length(const std::string& text) {
  if (text.empty()) throw std::length_error("an empty text");
  return text.size();
}

void first_lines(const scratch& folder) {
  const fs::path file = folder / "lengths.db";
  for (int run = 0; run < 2; ++run) {
    std::size_t sum = 0;
    // [start]
    parwork::journal journal{file};
    const parwork::summary summary = parwork::process(
        journal, texts, length, [&](std::size_t characters) { sum += characters; });
    // [/start]
    expect(summary.succeeded == 4 && sum == 14 && journal.size() == 4);
  }
}

void keys_and_settings(const scratch& folder) {
  struct page {
    std::string address, text;
  };
  const std::vector<page> pages = {{"/a", "one two"}, {"/b", "three"}};
  const fs::path file = folder / "words.db";
  // [options]
  parwork::journal journal{file,
                           {.retry_failed = true,
                            .key = [](const page& each) { return each.address; },
                            .commit_every = 200ms,
                            .durability = parwork::durability::process,
                            .fingerprint = "word count, version 3"}};
  // [/options]
  std::size_t words = 0;
  const parwork::summary summary = parwork::process(
      journal, pages,
      [](const page& each) {
        std::istringstream input(each.text);
        std::size_t count = 0;
        for (std::string word; input >> word;) ++count;
        return count;
      },
      [&](std::size_t count) { words += count; });
  expect(summary.succeeded == 2 && words == 3);
  expect(parwork::journal_fingerprint(file) == "word count, version 3");
}

void reading_and_forgetting(const scratch& folder) {
  const fs::path file = folder / "read.db";
  std::ostringstream log;
  {
    parwork::journal journal{file};
    const std::vector<std::string> items = {"one", "", "three"};
    const auto ignore = [](const parwork::completion<std::string, std::size_t>&) {};
    expect(parwork::process(journal, items, length, ignore).failed == 1);
  }
  // [read]
  parwork::journal journal{file};
  journal.for_each([&](const parwork::journal_record& record) {
    const auto result = record.result<std::size_t>();
    log << '"' << record.key() << "\": ";
    if (result) {
      log << *result << '\n';
    } else {
      log << result.error() << '\n';
    }
  });
  const std::uint64_t forgotten = journal.forget("one");  // worked on again in the next run
  journal.compact();                                      // gives its room in the file back
  // [/read]
  expect(forgotten == 1 && journal.size() == 2);
  expect(log.str() == "\"one\": 3\n\"\": an empty text\n\"three\": 5\n");
}

void whole_output(const scratch& folder) {
  parwork::journal journal{folder / "output.db"};
  const fs::path out = folder / "lengths.txt";
  // [output]
  const fs::path draft = out.string() + ".new";
  std::ofstream file(draft);
  const parwork::summary summary =
      parwork::process(journal, texts, length, [&](std::size_t count) { file << count << '\n'; },
                       {.order = parwork::ordering::input});
  file.close();
  if (!file || summary.stopped) throw std::runtime_error("not finished: start it again");
  fs::rename(draft, out);  // there is the whole of it, or nothing
  // [/output]
  std::ifstream written(out);
  std::ostringstream text;
  text << written.rdbuf();
  expect(text.str() == "3\n3\n5\n3\n");
}

void new_items_alone(const scratch& folder) {
  const fs::path file = folder / "effects.db";
  std::vector<std::string> done;
  const auto store = [&](const std::string& text) { done.push_back(text); };
  for (int run = 0; run < 2; ++run) {
    // [effects]
    // What counts is what work does; the journal remembers that it has been done.
    parwork::journal journal{file, {.replay = false}};
    const parwork::summary summary = parwork::process(journal, texts, store, [] {}, {.workers = 1});
    // [/effects]
    expect(summary.produced == (run == 0 ? 4U : 0U) && done.size() == 4);
  }
}

void refused_files(const scratch& folder) {
  const fs::path file = folder / "refused.db";
  std::ostringstream log;
  {
    const parwork::journal first{file, {.fingerprint = "version 1"}};
  }
  // [errors]
  try {
    parwork::journal journal{file, {.fingerprint = "version 2"}};
  } catch (const parwork::journal_busy& error) {
    log << "another run has it, process " << error.pid();
  } catch (const parwork::journal_mismatch& error) {
    log << "made by " << error.recorded() << ", not by " << error.given();
  } catch (const parwork::journal_error& error) {
    log << error.what();  // the file, what is wrong with it, what to do
  }
  // [/errors]
  expect(log.str() == "made by version 1, not by version 2");
}

}  // namespace

int main() {
  try {
    const scratch folder;
    first_lines(folder);
    keys_and_settings(folder);
    reading_and_forgetting(folder);
    whole_output(folder);
    new_items_alone(folder);
    refused_files(folder);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
