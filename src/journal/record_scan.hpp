// All records in the order of their ranks, some at a time, so that neither are they all in memory
// nor is the file locked while somebody looks at them.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "journal/database.hpp"
#include "journal/left_rows.hpp"
#include "journal/record.hpp"

namespace parwork {

class journal_record;
struct journal_damage;

namespace detail {

class record_scan {
 public:
  /// The records behind those that were taken; none at the end. REQUIRES: nobody writes meanwhile,
  /// or a transaction.
  [[nodiscard]] std::vector<record> read(database& in);
  /// REQUIRES: as `read` returned them.
  void take(const std::vector<record>& some) noexcept {
    if (!some.empty()) last_ = some.back().rank;
  }

 private:
  std::int64_t last_ = std::numeric_limits<std::int64_t>::min();
  left_rows left_;
};

using damage_listener = std::function<void(const journal_damage&)>;

/// Shows a record, or says that it is damaged: to `listener`, or where that is empty on standard
/// error.
void show_record(const record& each, const std::filesystem::path& file,
                 const damage_listener& listener,
                 const std::function<void(const journal_record&)>& fn);
void report_damage(const record& damaged, const std::filesystem::path& file,
                   const damage_listener& listener);

/// Bytes as text for a message: a line of it, at most.
[[nodiscard]] std::string printable(std::string_view bytes);

}  // namespace detail

}  // namespace parwork
