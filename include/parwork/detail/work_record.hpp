// What a recorder notes of work whose items wait for each other: the stages that there are, and how
// long items waited for a place in one, or for the turn of their key.
//
// Thread safety: `set_stages` and `set_turns` before the run, by one thread; waits begin and end on
// any; sums are read after the run.
// Invariants: each wait that began has ended, or was withdrawn, when its item is finished. So sums
// are whole after the run, and nothing has to be kept of a wait while it goes on.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace parwork::detail {

// The waits of one line.
class wait_record {
 public:
  // Before the item is put to wait, which another thread may end at once. Returns what `withdraw`
  // is given where it need not wait.
  [[nodiscard]] std::int64_t begin() noexcept;
  void withdraw(std::int64_t begun) noexcept;
  void end() noexcept;

  // Nanoseconds, of all together.
  [[nodiscard]] std::int64_t time() const noexcept { return time_.load(); }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(); }

 private:
  // Ends less beginnings. It wraps around while waits go on, as atomics may.
  std::atomic<std::int64_t> time_{0};
  std::atomic<std::uint64_t> count_{0};
};

class work_record {
 public:
  struct stage {
    unsigned limit = 0;  // how many items may be in it; 0: any number
    wait_record waits = {};
  };

  // Before a run: as if there were neither.
  void reset() noexcept {
    stages_.clear();
    turns_.reset();
  }
  // `limits`: of each stage.
  void set_stages(std::span<const unsigned> limits) {
    std::vector<stage> fresh(limits.size());
    for (std::size_t i = 0; i < limits.size(); ++i) fresh[i].limit = limits[i];
    stages_.swap(fresh);
  }
  void set_turns() noexcept { turns_.emplace(); }

  [[nodiscard]] const std::vector<stage>& stages() const noexcept { return stages_; }
  [[nodiscard]] wait_record& waits_of(unsigned which) noexcept { return stages_[which].waits; }
  // REQUIRES: set_turns.
  [[nodiscard]] wait_record& turns() noexcept { return *turns_; }
  // Null: no item has a key.
  [[nodiscard]] const wait_record* known_turns() const noexcept {
    return turns_ ? &*turns_ : nullptr;
  }

 private:
  std::vector<stage> stages_;
  std::optional<wait_record> turns_ = {};
};

}  // namespace parwork::detail
