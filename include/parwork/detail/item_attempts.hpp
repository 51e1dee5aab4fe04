// What the forms of work have in common: one attempt at one item, whether another follows, where
// the item waits for it, and who is told once its outcome is final.
//
// Thread safety: every worker may call everything, each for its own batch.
// Invariants: an outcome in a batch is made once. It has been observed before anybody but its
// worker can see it.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "parwork/detail/attempt_rules.hpp"
#include "parwork/detail/item_notes.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/detail/run_types.hpp"

namespace parwork::detail {

template <class Types>
class item_attempts {
  using batch_type = typename Types::batch_type;
  using outcome_type = typename Types::outcome_type;
  using item_type = typename Types::item_type;
  using expected_type = typename Types::expected_type;
  using caller_type = typename Types::caller_type;
  using work_type = typename Types::work_type;
  using observer_type = typename Types::observer_type;

 public:
  // REQUIRES: what is given by reference outlives it.
  item_attempts(const attempt_rules& of_run, afterwards after, run_services& offered,
                work_type& work, unsigned workers, observer_type& observer)
      : rules(of_run),
        services(offered),
        caller(work, workers),
        after_(after),
        observer_(observer) {}
  item_attempts(const item_attempts&) = delete;
  item_attempts& operator=(const item_attempts&) = delete;

  [[nodiscard]] afterwards after() const noexcept { return after_; }

  // --- One attempt ---

  [[gnu::always_inline]] expected_type attempted(worker_base& by, item_type& item,
                                                 const attempt& which) noexcept {
    try {
      return caller.call(services, by, item, which, after_);
    } catch (...) {
      return expected_type(std::unexpect, current_failure());
    }
  }

  void attempt_into(worker_base& by, batch_type& b, std::uint32_t i, const attempt& which) {
    attempt_into(by, b, i, which, b.outcomes() + i);
  }
  // `where` the outcome of item `i` is made.
  [[gnu::always_inline]] void attempt_into(worker_base& by, batch_type& b, std::uint32_t i,
                                           const attempt& which, outcome_type* where) {
    try {
      std::construct_at(where, which.number,
                        [&] { return caller.call(services, by, b.item(i), which, after_); });
    } catch (...) {
      b.fail(i, which.number, current_failure());
    }
  }

  void timed_attempt_into(worker_base& by, batch_type& b, std::uint32_t i, attempt which) {
    if (!rules.has_deadline()) return attempt_into(by, b, i, which);
    which.deadline = rules.deadline_from_now();
    attempt_into(by, b, i, which);
    refuse_late(b, i, which.number, *which.deadline, attempt_rules::clock::now());
  }

  // What ended after its deadline has failed, whatever it came to.
  void refuse_late(batch_type& b, std::uint32_t i, unsigned number,
                   attempt_rules::clock::time_point deadline,
                   attempt_rules::clock::time_point now) {
    if (now <= deadline) return;
    std::destroy_at(b.outcomes() + i);
    b.fail(i, number, rules.late_by(now - deadline));
  }

  // --- After an attempt ---

  enum class follow_up {
    none,     // the outcome is final
    another,  // an attempt
    unknown   // asking has failed, and the run ends: the outcome stays as it is
  };

  [[nodiscard]] follow_up after_attempt(outcome_type& out) noexcept {
    if (out.result().has_value()) return follow_up::none;
    try {
      return rules.allow_another(out.result().error(), out.attempts()) ? follow_up::another
                                                                       : follow_up::none;
    } catch (...) {
      services.collector_threw(std::current_exception());
      return follow_up::unknown;
    }
  }

  // The outcome of item `i` is final. Before anybody else can see it.
  void settle([[maybe_unused]] batch_type& b, [[maybe_unused]] std::uint32_t i) noexcept {
    if constexpr (Types::is_observed) {
      outcome_type& out = b.outcomes()[i];
      try {
        observer_.settled(b.first_index + i, out.attempts(), std::as_const(out.result()));
      } catch (...) {
        services.collector_threw(std::current_exception());
      }
    }
  }

  // After an attempt: settles the item, or moves it into a batch of its own, if it is not alone
  // already, so that nobody waits for it.
  [[nodiscard]] work_end settle_or_wait(batch_type& b, std::uint32_t i) {
    const follow_up next = after_attempt(b.outcomes()[i]);
    if (next == follow_up::another) {
      return wait_for_retry(b, i, rules.wait_after(b.outcomes()[i].attempts(), b.first_index + i));
    }
    if (next == follow_up::none) settle(b, i);
    return work_end::finished;
  }

  [[nodiscard]] work_end wait_for_retry(batch_type& b, std::uint32_t i,
                                        std::chrono::nanoseconds wait) {
    outcome_type& out = b.outcomes()[i];
    if (b.capacity == 1) {
      keep_for_next(b, out, wait);
      std::destroy_at(&out);
      return work_end::waiting;
    }
    batch_type* const lone = move_apart(b, i);
    if (lone == nullptr) {  // no memory to wait in: its failure is final
      settle(b, i);
      return work_end::finished;
    }
    keep_for_next(*lone, out, wait);
    std::destroy_at(&out);
    std::construct_at(&out, *lone);
    services.retry_later(*lone);
    return work_end::finished;
  }

  // Moves an item into a batch of its own, where nobody waits for it. Null: there is no memory.
  [[nodiscard]] static batch_type* move_apart(batch_type& b, std::uint32_t i) noexcept {
    batch_type* const lone = make_lone();
    if (lone != nullptr) move_out(b, i, *lone);
    return lone;
  }

  const attempt_rules& rules;
  run_services& services;
  caller_type caller;

 private:
  static batch_type* make_lone() noexcept {
    try {
      return batch_type::make(1);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }

  static void move_out(batch_type& b, std::uint32_t i, batch_type& lone) noexcept {
    lone.first_index = b.first_index + i;
    lone.from = b.from;
    // Not shared yet. Claimed from the start: thieves would not know of its attempts.
    lone.limit.store(1, std::memory_order_relaxed);
    lone.claimed.store(1, std::memory_order_relaxed);
    b.move_items(i, i + 1, lone);
  }

  static void keep_for_next(batch_type& lone, outcome_type& out, std::chrono::nanoseconds wait) {
    lone.attempts = out.attempts();
    lone.last_failure = std::move(out.result()).error();
    lone.wait = wait;
  }

  const afterwards after_;  // who needs the item: a recorder may, for its name
  observer_type& observer_;
};

}  // namespace parwork::detail
