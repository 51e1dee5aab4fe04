// Words of a command, and at the end an item. What comes from an item stays one argument, and is
// never expanded again; a shell reads back what was quoted for it, and nothing of an item as code.
#include "fuzz.hpp"
#include "jobs/command_template.hpp"
#include "support/error.hpp"
#include "support/shell_words.hpp"

namespace {

// What POSIX's rules of quoting make of one word of shell_quote's: the reverse, written anew.
std::string unquote(const std::string& word) {
  std::string plain;
  bool quoted = false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\'') {
      quoted = !quoted;
    } else if (word[i] == '\\' && !quoted) {
      plain += word[++i];
    } else {
      plain += word[i];
    }
  }
  fuzz::require(!quoted, "quotes are closed");
  return plain;
}

void check_words(const std::vector<std::string>& command, const std::string& item) {
  const auto parsed = cli::command_template::of_words(command);
  const std::vector<std::string> items{item};
  const auto expanded = parsed.expand({items, items, 12, 3});
  fuzz::require(expanded.size() == command.size() || expanded.size() == command.size() + 1,
                "a word stays a word");
  const std::vector<std::string> harmless{std::string(item.size(), 'x')};
  const auto sizes = parsed.expand({harmless, harmless, 12, 3});
  fuzz::require(sizes.size() == expanded.size(), "the number of words is the template's");
}

// The text that a shell reads is the same whatever the item is.
void check_shell(const std::string& command, const std::string& item) {
  const std::vector<std::string> items{item};
  const std::vector<std::string> harmless{"x"};
  try {
    const auto parsed = cli::command_template::of_shell(command);
    const auto expanded = parsed.expand({items, items, 12, 3});
    fuzz::require(expanded.size() >= 4, "sh -c STRING sh ...");
    fuzz::require(expanded[2] == parsed.expand({harmless, harmless, 12, 3})[2],
                  "no part of an item is code");
  } catch (const cli::error&) {
    // where no variable is read as it is
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> words = fuzz::words_of(data, size);
  const std::string item = words.back();
  words.pop_back();
  fuzz::require(unquote(cli::shell_quote(item)) == item, "what is quoted is read back");
  if (words.empty()) return 0;
  check_words(words, item);
  check_shell(words.front(), item);
  return 0;
}
