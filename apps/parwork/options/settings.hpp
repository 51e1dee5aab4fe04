// What the command line asks for, checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/halt.hpp"
#include "jobs/job_reach.hpp"
#include "options/throttle_limits.hpp"
#include "output/job_output.hpp"

namespace cli {

enum class progress_mode : std::uint8_t { automatic, on, off };

/// One of several lists of items.
struct list_settings {
  std::optional<std::vector<std::string>> words;  // of ::: and :::+; or
  std::string file;                               // of :::: and ::::+; empty: standard input
  bool paired = false;                            // with the list before it
};

/// --pipe: blocks of the input in place of items.
struct block_settings {
  std::uint64_t size = std::uint64_t{1} << 20;  // bytes at most; 0: so many records
  std::uint64_t records = 0;
  bool header = false;  // the first record goes before each block
};

/// Where a run's items come from.
struct input_settings {
  std::optional<std::vector<std::string>> arguments;  // of :::
  std::vector<list_settings> lists;                   // of several marks: their combinations
  std::string file;                                   // empty: standard input
  std::uint64_t begin = 0;  // of a resumed run: where in the file, in bytes
  bool from_copy = false;   // of a resumed run: the file is the copy of a pipe,
  bool is_cut_off = false;  // which had not been read to its end
  std::string delimiter = "\n";
  std::uint64_t items_per_job = 1;  // at most: one command line has to hold them
  bool fit = false;                 // as many as it holds
  std::string columns;              // what separates them; empty: none
  bool csv = false;                 // columns are fields of RFC 4180
  bool header = false;              // the first item has the names of the columns
  bool skip_blank = false;
  std::optional<block_settings> blocks;
};

/// The command line: what the run was called with, options apart from the rest.
struct called_words {
  std::vector<std::string> options;
  std::vector<std::string> others;
  bool needs_run_word = false;                 // the command bears a subcommand's name
  std::vector<std::string> options_for_again;  // for the same command with other items
};

/// How many jobs run at once, and when they may start. Times are at least 0.
struct start_settings {
  unsigned workers = 1;
  std::string workers_file;           // which says it, again and again; empty: none does
  unsigned most_workers = 1;          // of the whole run: as many as workers, or more with a file
  bool workers_vary = false;          // -j 0 or a file: how many there are turns out in the end
  throttle_limits limits;             // of what the machine has left
  std::chrono::nanoseconds delay{0};  // between two starts
};

/// Where a run is recorded: files and a folder; empty: none.
struct record_settings {
  std::string journal;
  bool resume = false;
  bool retry_failed = false;
  std::string log;
  std::string results;  // the folder
  std::string report;
};

/// Who one is to a server, and its files for TLS; empty: nothing of it.
struct login_settings {
  std::string user;
  std::string password_file;
  std::string nkey;   // a file with its seed
  std::string creds;  // a file of credentials
  std::string ca, certificate, key;
};

/// Where jobs run.
struct engine_settings {
  std::string url;  // of a server, behind which workers are; empty: here
  std::string job;
  std::vector<std::string> needs;
  std::chrono::nanoseconds lost_after = std::chrono::seconds(10);
  std::string folder;  // where workers run jobs; empty: where each was started
  login_settings login;
};

/// What `parwork run` is asked for. Times are at least 0.
struct run_settings : start_settings, record_settings {
  input_settings input;
  std::vector<std::string> command;  // or
  std::string shell;                 // a string for sh -c
  std::string shell_program;         // in place of /bin/sh; empty: that
  output_mode output = output_mode::group;
  output_order order = output_order::completion;
  bool tag = false;
  std::uint64_t buffer = std::uint64_t{64} * 1024 * 1024;  // bytes
  std::uint64_t ahead = 0;                                 // items in flight, at least 1
  std::optional<halt_policy> halt;
  unsigned retries = 0;
  std::chrono::nanoseconds retry_delay{0};
  std::chrono::nanoseconds timeout{0};  // 0: none
  std::chrono::nanoseconds grace{0};
  job_reach reach = job_reach::tree;
  bool tty = false;  // jobs have the terminal, one at a time
  progress_mode progress = progress_mode::automatic;
  bool quiet = false;
  bool verbose = false;
  bool dry_run = false;
  engine_settings engine;

  called_words called;
};

}  // namespace cli
