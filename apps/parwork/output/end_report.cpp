#include "output/end_report.hpp"

#include <algorithm>

#include "options/command_line.hpp"
#include "support/shell_words.hpp"

namespace cli {
namespace {

constexpr std::size_t most_shown = 10;
constexpr std::size_t longest_name = 200;
constexpr std::size_t longest_command = 2000;

// For one line of a terminal: no control bytes, and not too long.
std::string readable(std::string text) {
  const bool cut = text.size() > longest_name;
  if (cut) text.resize(longest_name);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return cut ? text + "..." : text;
}

bool has_nul(const std::string& item) { return item.contains('\0'); }

// What ends an item of the file of those that failed, so that a run can read them again: a newline
// where none has one. Empty: no file is wanted, because they are named or recorded elsewhere.
std::string end_in_file(const run_settings& settings) {
  if (settings.quiet || settings.verbose || !settings.journal.empty() || !settings.log.empty()) {
    return {};
  }
  const input_settings& input = settings.input;
  const auto has_newline = [](const std::string& item) { return item.contains('\n'); };
  const bool is_of_lines = input.arguments ? std::ranges::none_of(*input.arguments, has_newline)
                                           : input.delimiter == "\n";
  return is_of_lines ? "\n" : std::string(1, '\0');
}

// One that is a row of columns, or a block, is kept for people alone.
bool can_be_read_again(const input_settings& input) { return input.lists.empty() && !input.blocks; }

}  // namespace

end_report::end_report(const run_settings& settings)
    : settings_(settings), all_failed_(end_in_file(settings)) {}

// Once there are more than can be named, all of them are kept: those that were named before, too.
void end_report::keep(const job& which) {
  const bool is_readable = can_be_read_again(settings_.input);
  if (totals_.failed == most_shown + 1) {
    if (!header_.empty() && is_readable) all_failed_.add(header_);
    for (const failed_job& each : failed_) {
      all_failed_.add(is_readable ? each.items : std::vector{each.name});
    }
  }
  if (totals_.failed > most_shown) {
    all_failed_.add(is_readable ? which.items : std::vector{which.name()});
  }
}

void end_report::add(const job& which, const outcome& ended) {
  if (ended.why == cause::interrupted) {
    ++totals_.interrupted;
  } else if (ended.why == cause::halted) {
    ++totals_.halted;
  } else if (ended.succeeded()) {
    ++totals_.succeeded;
  } else {
    ++totals_.failed;
    keep(which);
    const auto place = std::ranges::upper_bound(failed_, which.sequence, {}, &failed_job::sequence);
    const bool is_full = !settings_.verbose && failed_.size() >= most_shown;
    if (is_full && place == failed_.end()) return;
    failed_.insert(place, {which.name(), which.sequence, ended.reason(), which.items});
    if (is_full) failed_.pop_back();
  }
}

void end_report::rest(std::optional<std::uint64_t> jobs) {
  rest_unknown_ = !jobs;
  totals_.not_started += jobs.value_or(0);
}

std::string end_report::counts() const {
  std::string text = std::to_string(totals_.done()) + " done";
  if (totals_.interrupted > 0) text += ", " + std::to_string(totals_.interrupted) + " interrupted";
  if (totals_.halted > 0) text += ", " + std::to_string(totals_.halted) + " halted";
  if (totals_.not_started > 0 || !rest_unknown_) {
    text += ", " + std::to_string(totals_.not_started) + " not started";
  }
  if (rest_unknown_) text += ", rest not read";
  return text;
}

// Those that failed as lists of the command line: of combinations one for each column. False where
// there are none, or where words cannot be those items.
bool end_report::add_items(std::vector<std::string>& words) const {
  if (settings_.input.csv || settings_.input.blocks) return false;
  std::vector<const std::vector<std::string>*> rows;
  for (const failed_job& each : failed_) {
    if (std::ranges::any_of(each.items, is_list_mark)) return false;
    if (std::ranges::none_of(each.items, has_nul)) rows.push_back(&each.items);
  }
  if (rows.empty()) return false;
  if (!header_.empty()) rows.insert(rows.begin(), &header_);
  if (settings_.input.lists.empty()) {
    words.emplace_back(":::");
    for (const auto* row : rows) words.insert(words.end(), row->begin(), row->end());
    return true;
  }
  for (std::size_t column = 0; column < rows.front()->size(); ++column) {
    words.emplace_back(column == 0 ? ":::" : ":::+");
    for (const auto* row : rows) words.push_back((*row)[column]);
  }
  return true;
}

std::vector<std::string> end_report::options_for_file() const {
  std::vector<std::string> options{"-a", all_failed_.name()};
  if (all_failed_.end_of_item() != "\n") options.emplace_back("-0");
  return options;
}

// Empty where it would be too long, or where no job would succeed another time either.
std::string end_report::retry_command() const {
  if (!settings_.journal.empty()) {
    const bool like_an_option = settings_.journal.starts_with('-');
    return "parwork resume --retry-failed " +
           shell_join({(like_an_option ? "./" : "") + settings_.journal});
  }
  const bool all_are_named = totals_.failed == failed_.size();
  const bool from_file = !all_are_named && !all_failed_.name().empty();
  if (!all_are_named && (!from_file || !can_be_read_again(settings_.input))) return {};
  std::vector<std::string> words{"parwork"};
  const auto add = [&](const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  if (from_file) add(options_for_file());
  add(settings_.called.options_for_again);
  if (!settings_.command.empty()) {
    const std::string& program = settings_.command.front();
    if (program.starts_with('-')) {
      words.emplace_back("--");
    } else if (words.size() == 1 && settings_.called.needs_run_word) {
      words.emplace_back("run");
    }
    add(settings_.command);
  }
  if (!from_file && !add_items(words)) return {};
  const std::string text = shell_join(words);
  return text.size() > longest_command ? std::string() : text;
}

std::string end_report::text(const std::string& broken_off) const {
  std::string text;
  if (totals_.failed > 0) {
    text += "parwork: " + std::to_string(totals_.failed) + " of " + std::to_string(totals_.done()) +
            " failed\n";
    for (const failed_job& each : failed_) {
      text += "  " + readable(each.name) + " (job " + std::to_string(each.sequence) +
              "): " + readable(each.reason) + "\n";
    }
    const std::uint64_t unnamed = totals_.failed - failed_.size();
    if (unnamed > 0) {
      text += "  and " + std::to_string(unnamed) + " more" +
              (all_failed_.name().empty() ? " (-v names all)"
                                          : "; all of them are in " + all_failed_.name()) +
              "\n";
    }
    const std::string retry = retry_command();
    if (!retry.empty()) {
      text += "again: " + retry + "\n";
    } else if (unnamed > 0) {
      text +=
          "with --journal FILE, 'parwork resume --retry-failed FILE' does the failed ones again\n";
    }
  }
  if (!broken_off.empty()) text += "parwork: " + broken_off + ": " + counts() + "\n";
  return text;
}

}  // namespace cli
