// word_count: the most frequent words of some text.
//
// Shows: `reduce` over `split`: each worker counts into a table of its own, without a lock or a
// serial collector; the tables are added up at the end.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/interrupt.hpp"
#include "common/program.hpp"

namespace {

constexpr std::string_view usage =
    R"(usage: word_count [--top N] [--workers N] [FILE...]

Prints the most frequent words of the files, or of standard input, with how often they occur. Words
are what stands between white space.

  --top N       how many words to print (default: 10)
  --workers N   threads (default: the CPUs that may be used)

Exit status: 0 done; 1 a file could not be read, or the output was lost; 2 bad usage;
130 interrupted.
)";

constexpr std::string_view white_space = " \t\n\v\f\r";

std::string read_all(std::istream& from, const std::string& name) {
  std::string text;
  std::array<char, 65536> block;
  do {
    from.read(block.data(), block.size());
    text.append(block.data(), static_cast<std::size_t>(from.gcount()));
  } while (from);
  if (from.bad()) throw std::runtime_error("cannot read " + name);
  return text;
}

std::vector<std::string> read_texts(const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  for (const std::string& name : names) {
    std::ifstream file(name, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + name);
    texts.push_back(read_all(file, name));
  }
  std::ios::sync_with_stdio(false);  // else a read that fails looks like the end
  if (names.empty()) texts.push_back(read_all(std::cin, "standard input"));
  return texts;
}

/// Appends pieces of about 64 KiB, cut at white space: enough work for each to be worth an item.
void append_chunks(std::string_view text, std::vector<std::string_view>& chunks) {
  while (!text.empty()) {
    const std::size_t wanted = std::min(text.size(), std::size_t{64} * 1024);
    const std::size_t end = std::min(text.size(), text.find_first_of(white_space, wanted));
    chunks.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

// [count]
using counts = std::unordered_map<std::string_view, std::uint64_t>;

counts count_words(std::string_view chunk) {
  counts words;
  while (true) {
    const std::size_t begin = chunk.find_first_not_of(white_space);
    if (begin == std::string_view::npos) return words;
    chunk.remove_prefix(begin);
    const std::size_t end = std::min(chunk.size(), chunk.find_first_of(white_space));
    ++words[chunk.substr(0, end)];
    chunk.remove_prefix(end);
  }
}

/// Serves both as fold, for the words of one chunk, and as merge, for those of one worker.
void add_up(counts& total, const counts& part) {
  for (const auto& [word, count] : part) total[word] += count;
}
// [/count]

void print_top(const counts& words, std::size_t top) {
  std::vector<std::pair<std::string_view, std::uint64_t>> sorted(words.begin(), words.end());
  const auto shown = static_cast<std::ptrdiff_t>(std::min(top, sorted.size()));
  std::partial_sort(sorted.begin(), sorted.begin() + shown, sorted.end(),
                    [](const auto& left, const auto& right) {
                      return left.second != right.second ? left.second > right.second
                                                         : left.first < right.first;
                    });
  sorted.resize(static_cast<std::size_t>(shown));
  for (const auto& [word, count] : sorted) {
    std::printf("%9llu ", static_cast<unsigned long long>(count));
    std::fwrite(word.data(), 1, word.size(), stdout);
    std::fputc('\n', stdout);
  }
  examples::flush_output();
}

int body(examples::arguments& words) {
  const std::uint64_t top = words.number("--top", 10);
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  const std::vector<std::string> texts = read_texts(words.operands());
  // Not before: until here Ctrl-C ends the program at once, also while it waits for input.
  const examples::interrupt ctrl_c;

  // [run]
  std::vector<std::string_view> chunks;
  for (const std::string& text : texts) append_chunks(text, chunks);

  auto total = parwork::reduce(counts(), add_up, add_up);
  const parwork::summary summary = parwork::process(parwork::split(chunks), count_words, total,
                                                    {.workers = workers, .stop = ctrl_c.token()});
  // [/run]

  std::cerr << summary << '\n';
  if (summary.stopped) return examples::interrupted;
  print_top(total.value(), top);
  return examples::all_done;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
