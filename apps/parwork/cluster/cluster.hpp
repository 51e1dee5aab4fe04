// What the tool does on several machines. A build without parwork::nats refuses all of it, each by
// a sentence.
//
// Thread safety: stated with each.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jobs/command_template.hpp"
#include "jobs/job_engine.hpp"
#include "options/settings.hpp"
#include "output/output_writer.hpp"
#include "output/status_line.hpp"
#include "record/results_folder.hpp"

namespace cli {

/// Throws cli::error where this build knows no servers.
void require_cluster();

/// The parts of a run that jobs elsewhere use.
struct remote_parts {
  const run_settings& settings;
  const command_template& command;
  output_store& store;
  output_writer& writer;
  std::uint64_t run;
  ledger_parts ledger;
  const run_total& total;
  const results_folder* results = nullptr;  // null: none is wanted
};

/// Connects, and has jobs run by the workers behind settings.engine.url. `stop`: as job_engine's.
/// Throws what parwork::nats does.
[[nodiscard]] std::unique_ptr<job_engine> make_remote_engine(const remote_parts& parts,
                                                             std::function<void()> stop);

/// What `parwork worker` is asked for. Times are at least 0.
struct worker_settings {
  std::string url;
  login_settings login;
  bool allows_commands = false;
  unsigned workers = 0;  // at once; 0: as many as CPUs that the process may use
  std::vector<std::string> labels;
  std::chrono::nanoseconds idle_exit{0};  // 0: never
  std::string log;
  bool help = false;

  login_settings& logins() { return login; }
};

/// Runs jobs of others until it is stopped. Returns the exit status. For the process's first
/// thread, before any other is started.
[[nodiscard]] int serve_commands(const worker_settings& settings,
                                 const std::vector<std::string>& arguments);

/// What `parwork status` is asked for.
struct status_settings {
  std::string url;
  login_settings login;
  std::string job;  // empty: all
  bool json = false;
  bool help = false;

  login_settings& logins() { return login; }
};

/// What is there, as text.
[[nodiscard]] std::string cluster_status(const status_settings& settings);

}  // namespace cli
