// The peers of the throughput tables, each behind one type.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "peers/setup.hpp"
#include "support/load.hpp"
#include "support/results.hpp"

namespace bench {

/// What one run works through.
struct load {
  double grain_ns = 0;  // the mean, where some items are longer
  grain_steps steps;
  std::uint64_t count = 0;
};

/// What an item took in one run.
struct cost {
  double ns = 0;
  double cpu_ns = 0;  // of all threads of the process together
};

struct measurement {
  cost item;
  std::optional<cost> own_plain;  // another language's plain loop, measured beside it
};

/// One line of a table.
struct row {
  subject who;
  /// Runs the load and checks what was collected. Throws std::runtime_error where results are
  /// missing, wrong, or in another order than the row promises.
  std::function<measurement(const load&)> run;
};

/// Which orders are asked of the peers that can deliver in both.
enum class orders { completion, input, both };

struct row_options {
  setup common;
  orders wanted = orders::both;
  std::vector<std::string> peers;  // empty: all
  std::string go_program;          // empty: without Go
  std::string rust_program;        // empty: without Rust
};

/// All rows that were asked for and can be built here, the plain loop first. Where both orders are
/// shown the peer's name ends in "-input" for the second.
/// REQUIRES: each of options.peers is one of peer_names().
std::vector<row> make_rows(const row_options& options);

/// Names for --peers, those left out of this build included.
std::vector<std::string> peer_names();

/// One sentence for each peer that was asked for and that this build or machine lacks.
std::vector<std::string> missing_peers(const row_options& options);

}  // namespace bench
