// Hands finished items to the collector, and destroys them.
//
// Thread safety: `deliver` by the holder of the collector's gate; with a reduction by each worker
// for its own batch.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <expected>
#include <memory>
#include <utility>

#include "parwork/detail/item_notes.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/detail/run_types.hpp"
#include "parwork/options.hpp"

namespace parwork::detail {

template <class Types>
class handover {
  using batch_type = typename Types::batch_type;
  using item_type = typename Types::item_type;
  using outcome_type = typename Types::outcome_type;
  using expected_type = typename Types::expected_type;
  using sink_type = typename Types::sink_type;

 public:
  // REQUIRES: both outlive it.
  handover(ordering order, run_services& services, sink_type& sink) noexcept
      : order_(order), services_(services), sink_(sink) {}

  // Finished slots [from, upto).
  delivered_items deliver(worker_base& by, batch_type& b, std::uint32_t from,
                          std::uint32_t upto) noexcept {
    outcome_counts counts;
    std::uint64_t freed = 0;  // of memory
    delivered_items done{from, 0};
    std::uint32_t told = from;
    for (;;) {
      const std::uint32_t plain = deliver_plain(by, b, done.upto, upto);
      counts.succeeded += plain;
      done.delivered += plain;
      done.upto += plain;
      if (done.upto == upto) break;
      if (told < done.upto && is_anybody_free()) {  // the next call may block
        told = done.upto;
        services_.count(by, std::exchange(counts, {}));
        give_back(std::exchange(freed, 0));
        services_.delivered_some(by, b, done.upto, std::exchange(done.delivered, 0));
      }
      if (!deliver_any(by, b, counts, done, freed)) break;
      ++done.upto;
      if (done.lone != nullptr) break;
    }
    services_.count(by, counts);
    give_back(freed);
    return done;
  }

 private:
  static constexpr bool has_plain_course = !sink_type::keeps && !Types::is_weighed;

  // Delivers items that have succeeded, while nothing asks for anything else. Returns how many.
  // A stop is seen by its bit of attention: cut_off and discarding come with one. But what this
  // thread has set itself must be seen before the next item, and the bit may be another's to set.
  [[nodiscard]] std::uint32_t deliver_plain([[maybe_unused]] worker_base& by,
                                            [[maybe_unused]] batch_type& b, std::uint32_t from,
                                            [[maybe_unused]] std::uint32_t upto) noexcept {
    std::uint32_t i = from;
    if constexpr (has_plain_course) {
      if (services_.cut_off || is_discarding()) return 0;
      outcome_type* const outcomes = b.outcomes();
      bool has_thrown = false;
      // Relaxed: a hint, which is looked at anew before each item.
      while (i < upto && !has_thrown && services_.attention.load(std::memory_order_relaxed) == 0 &&
             outcomes[i].is_success()) {
        outcome_type& out = outcomes[i];
        try {
          sink_.take(by.number, b.item(i), out.result(), b.first_index + i, out.attempts());
        } catch (...) {
          services_.collector_threw(std::current_exception());
          has_thrown = true;
        }
        out.destroy_success();
        b.release_item(i);
        ++i;
      }
    }
    return i - from;
  }

  // Slot done.upto, whatever has become of it. False: it is to be waited for.
  [[nodiscard]] bool deliver_any(worker_base& by, batch_type& b, outcome_counts& counts,
                                 delivered_items& done, std::uint64_t& freed) noexcept {
    outcome_type& out = b.outcomes()[done.upto];
    if (out.is_moved()) return deliver_moved(by, out, counts, done, freed);
    deliver_one(by, b, done.upto, counts);
    account_for(b, done.upto, counts, done, freed);
    return true;
  }

  [[nodiscard]] bool is_anybody_free() const noexcept {
    return (services_.attention.load(std::memory_order_relaxed) & attention_free) != 0;
  }
  // Set by this thread, or not to be waited for.
  [[nodiscard]] bool is_discarding() const noexcept {
    return services_.discarding.load(std::memory_order_relaxed);
  }

  // What is kept has been delivered when it is let go of.
  void account_for(batch_type& b, std::uint32_t i, [[maybe_unused]] outcome_counts& counts,
                   delivered_items& done, std::uint64_t& freed) noexcept {
    if constexpr (sink_type::keeps) {
      if (sink_.note_kept(b.from, b.weight(i), counts)) {
        ++services_.kept;
        return;
      }
    }
    freed += b.weight(i);
    ++done.delivered;
  }

  void give_back([[maybe_unused]] std::uint64_t bytes) noexcept {
    if constexpr (Types::is_weighed) {
      if (bytes > 0) services_.give_back_memory(bytes);
    }
  }

  // An item that went on in a batch of its own. False: in order, it is to be waited for.
  bool deliver_moved(worker_base& by, outcome_type& out, outcome_counts& counts,
                     delivered_items& done, std::uint64_t& freed) noexcept {
    if (order_ == ordering::input && !sink_type::is_reduction_form) {
      auto& lone = static_cast<batch_type&>(out.lone());
      if (!lone.closed.load(std::memory_order_acquire)) return false;  // partner: its worker
      deliver_one(by, lone, 0, counts);
      account_for(lone, 0, counts, done, freed);
      done.lone = &lone;
    }
    std::destroy_at(&out);
    return true;
  }

  void deliver_one(worker_base& by, batch_type& b, std::uint32_t i,
                   outcome_counts& counts) noexcept {
    outcome_type& out = b.outcomes()[i];
    const unsigned attempts = out.attempts();
    const std::uint64_t index = b.first_index + i;
    if (services_.cut_off) [[unlikely]] {
      out.result() = std::unexpected(standing().cancelled);
    }
    if (out.result().has_value()) [[likely]] {
      ++counts.succeeded;
      collect(by.number, b.item(i), out.result(), index, attempts);
    } else {
      const failure why = out.result().error();
      ++(why.kind() == failure_kind::cancelled ? counts.cancelled : counts.failed);
      if (by.record != nullptr) [[unlikely]]
        note_failure(by, index, attempts, why, b.item(i));
      collect(by.number, b.item(i), out.result(), index, attempts);
      services_.item_failed(index, why, attempts);
    }
    std::destroy_at(&out);
    b.release_item(i);
  }

  void collect(unsigned worker, item_type& item, expected_type& result, std::uint64_t index,
               unsigned attempts) noexcept {
    if (is_discarding()) return;
    try {
      sink_.take(worker, item, result, index, attempts);
    } catch (...) {
      services_.collector_threw(std::current_exception());
    }
  }

  const ordering order_;
  run_services& services_;
  sink_type& sink_;
};

}  // namespace parwork::detail
