// Arguments of the tool. They are refused by an error, or they make settings that keep their
// promises.
#include "fuzz.hpp"
#include "options/command_line.hpp"
#include "options/option_table.hpp"
#include "options/run_options.hpp"
#include "support/error.hpp"

namespace {

void check_run(const std::vector<std::string>& words) {
  const cli::run_request request = cli::parse_run(words);
  if (request.help) return;
  const cli::run_settings& settings = request.settings;
  fuzz::require(settings.workers > 0 && settings.ahead > 0, "there is a worker");
  fuzz::require(settings.command.empty() != settings.shell.empty(), "there is one command");
  fuzz::require(!settings.input.delimiter.empty(), "items have an end");
  const auto none = std::chrono::nanoseconds(0);
  fuzz::require(settings.timeout >= none && settings.grace >= none && settings.retry_delay >= none,
                "times are not negative");
}

// As `parwork resume` takes them.
void check_options_on_both_sides(const std::vector<std::string>& words) {
  cli::run_draft draft;
  cli::option_table table("parwork resume", cli::run_sections(), draft);
  static_cast<void>(table.parse_with_operand(words, "one at a time"));
}

void check(void (*use)(const std::vector<std::string>&), const std::vector<std::string>& words) {
  try {
    use(words);
  } catch (const cli::error& refused) {
    fuzz::require(*refused.what() != '\0', "an error says something");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::string> words = fuzz::words_of(data, size);
  check(check_run, words);
  check(check_options_on_both_sides, words);
  return 0;
}
