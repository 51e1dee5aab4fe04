// A group: changes of the file that become durable together.
//
// Thread safety: one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parwork::detail {

/// One change. Its views are those of whoever hands it over.
struct change {
  enum class kind { put, move, erase };

  kind what;
  std::int64_t rank;      ///< of the record, before a move
  std::int64_t to = 0;    ///< its rank after a move, which has the rest of a put
  bool replaces = false;  ///< a put: there is a record of this rank
  std::uint64_t hash = 0;
  int state = 0;
  unsigned attempts = 0;
  std::uint64_t checksum = 0;
  std::string_view key = {};
  std::string_view value = {};

  /// What it adds to the number of records.
  [[nodiscard]] int adds() const noexcept {
    if (what == kind::put) return replaces ? 0 : 1;
    return what == kind::erase ? -1 : 0;
  }
};

class group {
 public:
  void add(const change& c);
  void clear() noexcept;

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// Of keys and values.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::int64_t adds() const noexcept { return adds_; }
  [[nodiscard]] std::chrono::steady_clock::time_point begun() const noexcept { return begun_; }

  /// The i-th change; its views last until the group changes.
  [[nodiscard]] change at(std::size_t i) const noexcept;

 private:
  struct entry {
    change what;
    std::size_t key;  // where its bytes begin; the value's follow
  };

  std::vector<entry> entries_;
  std::string bytes_;
  std::int64_t adds_ = 0;
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace parwork::detail
