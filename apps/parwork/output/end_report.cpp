#include "output/end_report.hpp"

#include <algorithm>

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

}  // namespace

void end_report::add(const job& which, const outcome& ended) {
  if (ended.why == cause::interrupted) {
    ++totals_.interrupted;
  } else if (ended.why == cause::halted) {
    ++totals_.halted;
  } else if (ended.succeeded()) {
    ++totals_.succeeded;
  } else {
    ++totals_.failed;
    const auto place = std::ranges::upper_bound(failed_, which.sequence, {}, &failed_job::sequence);
    const bool is_full = !names_all() && failed_.size() >= most_shown;
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

// Empty where it would be too long, or where no job would succeed another time either.
std::string end_report::retry_command() const {
  if (!settings_.journal.empty()) {
    const bool like_an_option = settings_.journal.starts_with('-');
    return "parwork resume --retry-failed " +
           shell_join({(like_an_option ? "./" : "") + settings_.journal});
  }
  if (totals_.failed > failed_.size()) return {};
  std::vector<std::string> words{"parwork"};
  const auto add = [&](const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
  };
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
  words.emplace_back(":::");
  const std::size_t without_items = words.size();
  for (const failed_job& each : failed_) {
    if (std::ranges::none_of(each.items, has_nul)) add(each.items);
  }
  if (words.size() == without_items) return {};
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
    if (unnamed > 0) text += "  and " + std::to_string(unnamed) + " more (-v names all)\n";
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
