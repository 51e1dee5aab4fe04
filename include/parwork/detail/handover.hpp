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
    while (done.upto < upto && done.lone == nullptr) {
      outcome_type& out = b.outcomes()[done.upto];
      if (out.is_moved()) {
        if (!deliver_moved(by, out, counts, done, freed)) break;
      } else {
        deliver_one(by, b, done.upto, counts);
        account_for(b, done.upto, counts, done, freed);
      }
      ++done.upto;
      if ((services_.attention.load(std::memory_order_relaxed) & attention_free) != 0 &&
          done.upto < upto) {
        services_.count(by, std::exchange(counts, {}));
        give_back(std::exchange(freed, 0));
        services_.delivered_some(by, b, done.upto, std::exchange(done.delivered, 0));
      }
    }
    services_.count(by, counts);
    give_back(freed);
    return done;
  }

 private:
  // What is kept has been delivered when it is let go of.
  [[gnu::always_inline]] void account_for(batch_type& b, std::uint32_t i,
                                          [[maybe_unused]] outcome_counts& counts,
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

  [[gnu::always_inline]] void deliver_one(worker_base& by, batch_type& b, std::uint32_t i,
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
    if (services_.discarding.load(std::memory_order_relaxed))
      return;  // set by this thread, or not to be waited for
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
