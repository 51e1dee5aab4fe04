// What a run says at its end on standard error, and with which status it exits.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/job.hpp"
#include "options/settings.hpp"
#include "output/failed_file.hpp"
#include "record/run_log.hpp"

namespace cli {

class end_report {
 public:
  explicit end_report(const run_settings& settings);

  /// A job has been collected: ended, or (without an outcome) never started.
  void add(const job& which, const outcome& ended);
  void add_not_started() { ++totals_.not_started; }

  /// What stands before all items, for the command that does some again.
  void header_is(const std::vector<std::string>& items) { header_ = items; }

  /// Items that were never taken: jobs, or unknown.
  void rest(std::optional<std::uint64_t> jobs);

  [[nodiscard]] const run_totals& totals() const noexcept { return totals_; }

  /// Lines to say; empty where all went well. `broken_off`: "interrupted" or "halted", or empty.
  [[nodiscard]] std::string text(const std::string& broken_off) const;

 private:
  struct failed_job {
    std::string name;
    std::uint64_t sequence;
    std::string reason;
    std::vector<std::string> items;
  };

  [[nodiscard]] std::string counts() const;
  [[nodiscard]] std::string retry_command() const;
  [[nodiscard]] bool add_items(std::vector<std::string>& words) const;
  void keep(const job& which);
  [[nodiscard]] std::vector<std::string> options_for_file() const;

  const run_settings& settings_;
  run_totals totals_;
  bool rest_unknown_ = false;
  std::vector<std::string> header_;
  failed_file all_failed_;          // where not all are named
  std::vector<failed_job> failed_;  // those to be named, in the order of their items
};

}  // namespace cli
