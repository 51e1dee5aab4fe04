// Where the output of jobs that have ended goes: to be shown at once, or once it is durable.
//
// Thread safety: `show` is called by one thread at a time.
#pragma once

#include "jobs/job.hpp"
#include "jobs/outcome.hpp"
#include "output/output_writer.hpp"
#include "output/recorded_output.hpp"
#include "record/run_file.hpp"

namespace cli {

/// Whether a job was run now, or its outcome comes from a journal.
enum class origin : std::uint8_t { run, journal };

class output_sink {
 public:
  virtual ~output_sink() = default;

  /// Throws as output_writer::show does.
  virtual void show(const job& which, outcome&& ended, origin from) = 0;
};

class plain_sink final : public output_sink {
 public:
  /// `tags`: each line is to have the job's name in front.
  plain_sink(output_writer& writer, bool tags) noexcept : writer_(writer), tags_(tags) {}

  void show(const job& which, outcome&& ended, origin from) override;

 private:
  output_writer& writer_;
  const bool tags_;
};

/// Shows nothing.
class hidden_sink final : public output_sink {
 public:
  void show(const job& /*which*/, outcome&& /*ended*/, origin /*from*/) override {}
};

class recorded_sink final : public output_sink {
 public:
  /// `earlier`: what earlier runs have shown is not shown again.
  recorded_sink(recorded_output& to, const earlier_runs& earlier, bool tags) noexcept
      : to_(to), earlier_(earlier), tags_(tags) {}

  void show(const job& which, outcome&& ended, origin from) override;

 private:
  recorded_output& to_;
  const earlier_runs& earlier_;
  const bool tags_;
};

}  // namespace cli
