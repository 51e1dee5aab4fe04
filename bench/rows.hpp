// The peers of the throughput table, each behind one type.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "peers/setup.hpp"

namespace bench {

/// What one run works through.
struct load {
  double grain_ns = 0;
  std::uint64_t steps = 0;
  std::uint64_t count = 0;
};

/// What one run took.
struct measurement {
  double ns_per_item = 0;
  std::optional<double> own_plain_ns;  // another language's plain loop, measured beside it
};

/// One line of the table.
struct row {
  std::string peer;   // the name that --peers knows
  std::string label;  // what the table shows
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
};

/// All rows that were asked for and can be built here, the plain loop first.
/// REQUIRES: each of options.peers is one of peer_names().
std::vector<row> make_rows(const row_options& options);

/// Names for --peers, those left out of this build included.
std::vector<std::string> peer_names();

/// One sentence for each peer that this build or machine lacks.
std::vector<std::string> missing_peers(const row_options& options);

}  // namespace bench
