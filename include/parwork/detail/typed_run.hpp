// A run of one generator, one work and one collector: everything that knows their types.
//
// Thread safety: as run.hpp says of each hook. What several workers read here does not change
// during the run. Invariants: an item is made once and destroyed once: by its delivery, or by its
// move into another batch.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/detail/attempt_rules.hpp"
#include "parwork/detail/item_name.hpp"
#include "parwork/detail/result_sink.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/detail/source.hpp"
#include "parwork/detail/spawn_stack.hpp"
#include "parwork/detail/typed_batch.hpp"
#include "parwork/detail/work_caller.hpp"
#include "parwork/prefinished.hpp"

namespace parwork::detail {

template <class Generator, class Work, class Collector>
class typed_run final : private run_hooks {
  using yielded_type = generator_item_t<Generator>;
  static constexpr bool may_be_finished = is_prefinished<yielded_type>;
  using item_type = plain_item_t<yielded_type>;
  using work_type = std::remove_reference_t<Work>;
  using caller_type = caller_for<work_type, item_type>;
  using result_type = typename caller_type::result_type;
  using sink_type = result_sink<std::remove_reference_t<Collector>, item_type, result_type>;
  using source_type = decltype(make_source(std::declval<Generator>()));
  static constexpr lie how_items_lie = source_type::yields_optional && !caller_type::is_batched
                                           ? lie::as_returned
                                           : lie::side_by_side;
  using batch_type = typed_batch<yielded_type, result_type, how_items_lie, caller_type::is_async>;
  using stored_type = typename batch_type::item_type;
  using stacked_type = stored_item<item_type, lie::side_by_side>;
  using outcome_type = typename batch_type::outcome_type;
  using expected_type = std::expected<result_type, failure>;
  enum class recorded { no, yes };  // two courses, so that the one costs the other nothing

 public:
  typed_run(Generator&& generator, Work&& work, Collector&& collector, options&& given)
      : source_(make_source(std::forward<Generator>(generator))),
        attempts_(given),
        order_(given.order),
        after_(sink_type::needs_item || attempts_.may_retry() || given.record != nullptr
                   ? afterwards::item_is_needed
                   : afterwards::item_is_free),
        run_(*this, traits(work), std::move(given)),
        services_(run_.services()),
        caller_(work, run_.workers()),
        sink_(collector, run_.workers()),
        stacks_(may_stack ? run_.workers() : 0) {}

  [[nodiscard]] summary execute() { return run_.execute(); }

 private:
  run_traits traits([[maybe_unused]] work_type& work) const {
    run_traits t;
    t.size = source_.size();
    t.is_split = split_generator<Generator>;
    t.goes_straight = may_go_straight && attempts_.is_plain();
    t.is_async = caller_type::is_async;
    t.may_spawn = caller_type::wants_context && !may_be_finished;
    t.stacks_spawned = may_stack && attempts_.is_plain();
    t.item_type = &typeid(item_type);
    t.usual_item_ns = &usual_item_ns;
    t.sees_failures = sink_type::sees_failures;
    t.collects = sink_type::is_reduction_form ? collecting::folds : collecting::calls;
    t.worker_slots = caller_type::has_state ? slots::bound_to_threads : slots::free_for_all;
    if constexpr (caller_type::is_async) t.largest_batch = 1;
    if constexpr (caller_type::is_batched) {
      t.batches = batching::by_count;
      t.largest_batch = static_cast<std::uint32_t>(work.max);
    }
    return t;
  }

  static batch_type& typed(batch& b) noexcept { return static_cast<batch_type&>(b); }

  // --- batches ---

  batch* make_batch(std::uint32_t slots) override { return batch_type::make(slots); }
  void free_batch(batch* b) noexcept override { batch_type::free(static_cast<batch_type*>(b)); }

  void move_items(batch& source, std::uint32_t from, std::uint32_t upto,
                  batch& target) noexcept override {
    auto* const old_items = typed(source).items();
    auto* const new_items = typed(target).items();
    for (std::uint32_t i = from; i < upto; ++i) {
      std::construct_at(new_items + (i - from), std::move(old_items[i]));
      std::destroy_at(old_items + i);
    }
  }

  bool accepts(const std::type_info& type) const noexcept override {
    return type == typeid(item_type);
  }
  void adopt([[maybe_unused]] batch& lone, [[maybe_unused]] void* child) override {
    if constexpr (!may_be_finished) {  // else spawn refuses
      std::construct_at(typed(lone).items(), std::move(*static_cast<item_type*>(child)));
    }
  }

  // --- pulling ---

  pull_end pull(worker_base& by, batch& b, std::uint32_t most) override {
    if constexpr (!split_generator<Generator>) {
      auto* const items = typed(b).items();
      std::uint32_t left = by.items_until_look();
      for (std::uint32_t filled = 0; filled < most;) {
        if (!source_.next(items + filled, services_.token)) return pull_end::ended;
        ++filled;
        if (!by.pull_more(b, filled, left)) break;
      }
    }
    return pull_end::more;
  }

  void copy_slice(batch& b, std::uint64_t from, std::uint32_t count) override {
    if constexpr (split_generator<Generator>) {
      auto* const items = typed(b).items();
      for (std::uint32_t i = 0; i < count; ++i) {
        source_.copy(items + i, from + i);
        b.filled.store(i + 1, std::memory_order_relaxed);  // nobody else knows this batch yet
      }
    }
  }

  // --- working ---

  work_end work(worker_base& by, batch& b) override {
    if constexpr (caller_type::is_batched) {
      return work_spans(by, typed(b));
    } else {
      if (by.record != nullptr) [[unlikely]]
        return b.is_straight ? fold_straight<recorded::yes>(by, b)
                             : work_items<recorded::yes>(by, b);
      return b.is_straight ? fold_straight<recorded::no>(by, b) : work_items<recorded::no>(by, b);
    }
  }

  template <recorded Recorded>
  work_end work_items(worker_base& by, batch& b) {
    const bool plain = attempts_.is_plain();
    for (std::uint32_t i = b.start;; ++i) {
      const claim claimed = by.next(b, i);
      if (claimed == claim::run) [[likely]] {
        if (typed(b).take_known_outcome(i)) continue;
        if constexpr (caller_type::is_async) {
          return start(by, typed(b));
        } else if (plain) [[likely]] {
          attempt_into(by, typed(b), i, {b.first_index + i, 1});
          record_attempt<Recorded>(by, typed(b), i, {b.first_index + i, 1});
        } else if (work_with_retries<Recorded>(by, typed(b), i) == work_end::waiting) {
          return work_end::waiting;
        }
      } else if (claimed == claim::cancel) {
        typed(b).cancel(i);
      } else {
        return work_end::finished;
      }
    }
  }

  // A slice of a split range: each element is read, worked on and folded before the next.
  template <recorded Recorded>
  work_end fold_straight([[maybe_unused]] worker_base& by, [[maybe_unused]] batch& b) {
    if constexpr (may_go_straight) {
      constexpr std::uint32_t report_every = 64;
      tally counts;
      auto* const part = own_part(by);
      bool readable = part != nullptr;
      std::uint32_t i = b.start.load();
      std::uint32_t left = by.items_until_look();
      for (std::uint32_t reported = i;; ++i) {
        const claim claimed = by.next_straight(b, i, left);
        if (claimed == claim::done) break;
        if (claimed == claim::run && readable) [[likely]] {
          readable = fold_one<Recorded>(by, *part, b, i, counts);
        } else {
          ++counts.cancelled;
        }
        if (i - reported < report_every) [[likely]]
          continue;
        reported = i;
        readable = readable && !element_threw_.load(std::memory_order_relaxed);  // seen in time
        b.finished.store(i, std::memory_order_release);  // partner: none yet, it is a statistic
        services_.count(by, std::exchange(counts, {}));
      }
      b.finished.store(i, std::memory_order_release);
      services_.count(by, counts);
    }
    return work_end::finished;
  }

  // --- spawned items ---

  void stack([[maybe_unused]] worker_base& by, [[maybe_unused]] void* child,
             [[maybe_unused]] index_source& next) override {
    if constexpr (may_stack) {
      stacks_.of(by).push(std::move(*static_cast<item_type*>(child)), [&] { return next.next(); });
    }
  }

  std::uint32_t work_off_stack([[maybe_unused]] worker_base& by) noexcept override {
    if constexpr (may_stack) {
      return by.record != nullptr ? fold_stack<recorded::yes>(by) : fold_stack<recorded::no>(by);
    }
    return 0;
  }

  template <recorded Recorded>
  std::uint32_t fold_stack([[maybe_unused]] worker_base& by) noexcept {
    std::uint32_t folded = 0;
    if constexpr (may_stack) {
      auto& own = stacks_.of(by);
      auto* const part = own_part(by);
      tally counts;
      while (auto next = own.pop()) {
        if (part == nullptr || by.stopping()) {
          ++counts.cancelled;
        } else {
          fold_item<Recorded>(by, *part, next->item.get(), {next->index, 1}, counts);
        }
        next.reset();  // before it counts as delivered
        ++folded;
        if (by.counts_down_to_look() && !services_.go_on_with_stack(by)) break;
      }
      services_.count(by, counts);
    }
    return folded;
  }

  void rob_stack([[maybe_unused]] worker_base& by,
                 [[maybe_unused]] worker_base& victim) noexcept override {
    if constexpr (may_stack) {
      stacks_.rob(by, victim);
    }
  }

  // Null where it could not be made.
  auto* own_part(worker_base& by) noexcept {
    decltype(&sink_.part_of(by.number)) part = nullptr;
    try {
      part = &sink_.part_of(by.number);
    } catch (...) {
      services_.collector_threw(std::current_exception());
    }
    return part;
  }

  // False where the element could not be read.
  template <recorded Recorded, class Part>
  bool fold_one(worker_base& by, Part& part, batch& b, std::uint32_t i, tally& counts) noexcept {
    try {
      stored_type item(source_.at(b.first_index + i));
      fold_item<Recorded>(by, part, item.get(), {b.first_index + i, 1}, counts);
      return true;
    } catch (...) {
      element_threw_.store(true, std::memory_order_relaxed);
      services_.element_threw(std::current_exception());
      ++counts.cancelled;
      return false;
    }
  }

  template <recorded Recorded, class Part>
  void fold_item(worker_base& by, Part& part, item_type& item, const attempt& which,
                 tally& counts) noexcept {
    expected_type result = attempted(by, item, which);
    if constexpr (Recorded == recorded::yes) {
      by.record->attempt_ended(which.index, which.number, how_ended(result), ref(item));
    }
    if (!result.has_value()) {
      ++(result.error().kind() == failure_kind::cancelled ? counts.cancelled : counts.failed);
      if constexpr (Recorded == recorded::yes) {
        record_failure(by, which.index, which.number, result.error(), item);
      }
      return services_.item_failed(which.index, result.error(), which.number);
    }
    ++counts.succeeded;
    if (services_.discarding.load(std::memory_order_relaxed)) return;  // as in collect()
    try {
      sink_.fold(part, result);
    } catch (...) {
      services_.collector_threw(std::current_exception());
    }
  }

  [[gnu::always_inline]] expected_type attempted(worker_base& by, item_type& item,
                                                 const attempt& which) noexcept {
    try {
      return caller_.call(services_, by, item, which, after_);
    } catch (...) {
      return expected_type(std::unexpect, failure(std::current_exception()));
    }
  }

  [[gnu::always_inline]] void attempt_into(worker_base& by, batch_type& b, std::uint32_t i,
                                           const attempt& which) {
    outcome_type* const where = b.outcomes() + i;
    try {
      std::construct_at(where, which.number,
                        [&] { return caller_.call(services_, by, b.item(i), which, after_); });
    } catch (...) {
      b.fail(i, which.number, failure(std::current_exception()));
    }
  }

  // --- recording ---

  // Out of line: what is seldom called should not decide what is inlined around it.
  [[gnu::noinline]] static void record_failure(worker_base& by, std::uint64_t index,
                                               unsigned attempts, const failure& why,
                                               const item_type& item) noexcept {
    if (why.kind() == failure_kind::cancelled) return;
    by.record->item_failed(index, attempts, why, ref(item));
  }

  template <recorded Recorded>
  static void record_attempt(worker_base& by, batch_type& b, std::uint32_t i,
                             const attempt& which) noexcept {
    if constexpr (Recorded == recorded::yes) {
      by.record->attempt_ended(which.index, which.number, how_ended(b.outcomes()[i].result()),
                               ref(b.item(i)));
    }
  }

  static attempt_result how_ended(const expected_type& result) noexcept {
    return result.has_value() ? attempt_result::succeeded : attempt_result::failed;
  }
  static item_ref ref(const item_type& item) noexcept {
    return {static_cast<const void*>(std::addressof(item)), &item_name_at<item_type>};
  }

  // Attempts follow each other at once while there is nothing to wait for.
  template <recorded Recorded>
  work_end work_with_retries(worker_base& by, batch_type& b, std::uint32_t i) {
    for (unsigned number = b.attempts + 1;; ++number) {
      if (number > 1) services_.count_retry();
      timed_attempt(by, b, i, {b.first_index + i, number});
      record_attempt<Recorded>(by, b, i, {b.first_index + i, number});
      outcome_type& out = b.outcomes()[i];
      if (out.result().has_value() || !another_attempt(out.result().error(), number))
        return work_end::finished;
      const auto wait = attempts_.wait_after(number, b.first_index + i);
      if (wait.count() == 0) {
        if (by.stopping()) return work_end::finished;
        std::destroy_at(&out);
        continue;
      }
      return wait_for_retry(b, i, number, wait);
    }
  }

  void timed_attempt(worker_base& by, batch_type& b, std::uint32_t i, attempt which) {
    if (!attempts_.has_deadline()) return attempt_into(by, b, i, which);
    which.deadline = attempts_.deadline_from_now();
    attempt_into(by, b, i, which);
    const auto now = std::chrono::steady_clock::now();
    if (now > *which.deadline) {
      std::destroy_at(b.outcomes() + i);
      b.fail(i, which.number, attempts_.late_by(now - *which.deadline));
    }
  }

  bool another_attempt(const failure& why, unsigned number) noexcept {
    try {
      return attempts_.allow_another(why, number);
    } catch (...) {
      services_.collector_threw(std::current_exception());
      return false;
    }
  }

  // Moves the item into a batch of its own, if it is not alone already, so that nobody waits for
  // it.
  work_end wait_for_retry(batch_type& b, std::uint32_t i, unsigned attempts,
                          std::chrono::nanoseconds wait) {
    outcome_type& out = b.outcomes()[i];
    if (b.capacity == 1) {
      note_attempt(b, out, attempts, wait);
      std::destroy_at(&out);
      return work_end::waiting;
    }
    auto* const lone = make_lone();
    if (lone == nullptr) return work_end::finished;  // no memory to wait in: its failure is final
    lone->first_index = b.first_index + i;
    lone->from = b.from;
    // Not shared yet. Claimed from the start: thieves would not know of its attempts.
    lone->limit.store(1, std::memory_order_relaxed);
    lone->claimed.store(1, std::memory_order_relaxed);
    move_items(b, i, i + 1, *lone);
    note_attempt(*lone, out, attempts, wait);
    std::destroy_at(&out);
    std::construct_at(&out, *lone);
    services_.retry_later(*lone);
    return work_end::finished;
  }

  static batch_type* make_lone() noexcept {
    try {
      return batch_type::make(1);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }

  static void note_attempt(batch_type& lone, outcome_type& out, unsigned attempts,
                           std::chrono::nanoseconds wait) {
    lone.attempts = attempts;
    lone.last_failure = std::move(out.result()).error();
    lone.wait = wait;
  }

  // --- working on spans ---

  work_end work_spans(worker_base& by, batch_type& b) {
    if constexpr (caller_type::is_batched) {
      for (std::uint32_t i = b.start;;) {
        const std::uint32_t count = by.next_span(b, i, b.attempts > 0 ? 1 : caller_.most());
        if (count == 0) return work_end::finished;
        if (by.stopping()) {
          for (const std::uint32_t end = i + count; i < end; ++i) b.cancel(i);
        } else if (b.take_known_outcome(i)) {
          ++i;
        } else {
          const std::uint32_t some = b.unfinished(i, count);
          if (work_span(by, b, i, some) == work_end::waiting) return work_end::waiting;
          i += some;
        }
      }
    }
    return work_end::finished;
  }

  work_end work_span([[maybe_unused]] worker_base& by, batch_type& b, std::uint32_t from,
                     std::uint32_t count) {
    if constexpr (caller_type::is_batched) {
      const unsigned number = b.attempts + 1;
      if (number > 1) services_.count_retry();
      const auto deadline = attempts_.deadline_from_now();
      span_into(b, from, count, number);
      if (by.record != nullptr) record_span(by, b, from, count, number);
      const auto now = attempts_.has_deadline() ? attempt_rules::clock::now() : deadline;
      for (std::uint32_t i = from; i < from + count; ++i) {
        outcome_type& out = b.outcomes()[i];
        if (now > deadline) {
          std::destroy_at(&out);
          b.fail(i, number, attempts_.late_by(now - deadline));
        }
        if (out.result().has_value() || !another_attempt(out.result().error(), number)) continue;
        const auto wait = attempts_.wait_after(number, b.first_index + i);
        if (wait_for_retry(b, i, number, wait) == work_end::waiting) return work_end::waiting;
      }
    }
    return work_end::finished;
  }

  static void record_span(worker_base& by, batch_type& b, std::uint32_t from, std::uint32_t count,
                          unsigned number) noexcept {
    std::uint32_t failed = 0;
    for (std::uint32_t i = from; i < from + count; ++i) {
      if (!b.outcomes()[i].result().has_value()) ++failed;
    }
    by.record->span_ended(b.first_index + from, count, number, failed, ref(b.item(from)));
  }

  // Outcomes for [from, from + count): a result each, or the one exception.
  void span_into(batch_type& b, std::uint32_t from, std::uint32_t count, unsigned number) {
    if constexpr (caller_type::is_batched) {
      std::uint32_t made = 0;
      try {
        auto results = b.with_span(from, count,
                                   [&](std::span<item_type> items) { return caller_.call(items); });
        for (; made < count; ++made) {
          std::construct_at(b.outcomes() + from + made, number,
                            [&] { return caller_.take(results[made]); });
        }
      } catch (...) {
        const failure why(std::current_exception());
        for (std::uint32_t i = 0; i < made; ++i) std::destroy_at(b.outcomes() + from + i);
        for (std::uint32_t i = 0; i < count; ++i) b.fail(from + i, number, failure(why));
      }
    }
  }

  // --- asynchronous work ---

  work_end start(worker_base& by, batch_type& lone) {
    if constexpr (caller_type::is_async) {
      const unsigned number = lone.attempts + 1;
      if (number > 1) services_.count_retry();
      attempt which{lone.first_index, number};
      if (attempts_.has_deadline()) which.deadline = attempts_.deadline_from_now();
      lone.call = std::make_shared<async_result<result_type>>(services_, lone, which);
      if (by.record != nullptr) lone.call->recorded = by.record->attempt_started();
      caller_.start(lone.call, lone.item(0), after_);
    }
    return work_end::outstanding;
  }

  bool let_go(batch& lone) noexcept override {
    if constexpr (caller_type::is_async) {
      // A copy: once the call is back, another thread may finish the item and its batch be used
      // again.
      const auto call = typed(lone).call;
      return call->returned();
    } else {
      return true;
    }
  }

  work_end settle(worker_base& by, batch& base) noexcept override {
    if constexpr (caller_type::is_async) {
      batch_type& lone = typed(base);
      const auto call = std::exchange(lone.call, nullptr);
      outcome_type* const where = lone.outcomes();
      const unsigned number = call->which().number;
      if (call->was_late()) {
        lone.fail(0, number, attempts_.late_by(call->lateness()));
      } else if (call->was_abandoned()) {
        lone.fail(0, number, abandoned_failure());
      } else {
        std::construct_at(where, number, [&] { return *std::move(call->result); });
      }
      call->result.reset();  // what is left of it goes now, not with the completer
      call->close();
      if (by.record != nullptr) {
        by.record->outstanding_ended(call->recorded, lone.first_index, number,
                                     how_ended(where->result()), ref(lone.item(0)));
      }
      if (!where->result().has_value() && another_attempt(where->result().error(), number)) {
        return wait_for_retry(lone, 0, number, attempts_.wait_after(number, lone.first_index));
      }
    }
    return work_end::finished;
  }

  // --- collecting ---

  delivery deliver(worker_base& by, batch& base, std::uint32_t from,
                   std::uint32_t upto) noexcept override {
    batch_type& b = typed(base);
    tally counts;
    delivery done{from, 0};
    while (done.upto < upto && done.lone == nullptr) {
      outcome_type& out = b.outcomes()[done.upto];
      if (out.attempts() == outcome_type::moved) {
        if (order_ == ordering::input && !sink_type::is_reduction_form) {
          batch_type& lone = typed(out.lone());
          if (!lone.closed.load(std::memory_order_acquire)) break;  // partner: its worker
          deliver_one(by, lone, 0, counts);
          done.lone = &lone;
          ++done.delivered;
        }
        std::destroy_at(&out);
      } else {
        deliver_one(by, b, done.upto, counts);
        ++done.delivered;
      }
      ++done.upto;
      if ((services_.attention.load(std::memory_order_relaxed) & attention_free) != 0 &&
          done.upto < upto) {
        services_.count(by, std::exchange(counts, {}));
        services_.delivered_some(by, b, done.upto, std::exchange(done.delivered, 0));
      }
    }
    services_.count(by, counts);
    return done;
  }

  [[gnu::always_inline]] void deliver_one(worker_base& by, batch_type& b, std::uint32_t i,
                                          tally& counts) noexcept {
    outcome_type& out = b.outcomes()[i];
    const unsigned attempts = out.attempts();
    const std::uint64_t index = b.first_index + i;
    if (services_.cut_off) [[unlikely]] {
      out.result() = std::unexpected(cancelled_failure());
    }
    if (out.result().has_value()) [[likely]] {
      ++counts.succeeded;
      collect(by.number, b.item(i), out.result(), index, attempts);
    } else {
      const failure why = out.result().error();
      ++(why.kind() == failure_kind::cancelled ? counts.cancelled : counts.failed);
      if (by.record != nullptr) [[unlikely]]
        record_failure(by, index, attempts, why, b.item(i));
      collect(by.number, b.item(i), out.result(), index, attempts);
      services_.item_failed(index, why, attempts);
    }
    std::destroy_at(&out);
    std::destroy_at(b.items() + i);
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

  void destroy_states() noexcept override { caller_.destroy_states(); }
  void merge() override { sink_.merge(); }

  static constexpr bool may_go_straight = split_generator<Generator> &&
                                          sink_type::is_reduction_form && !caller_type::is_async &&
                                          !caller_type::is_batched;
  // Spawned items are folded as they come where nothing needs them afterwards.
  static constexpr bool may_stack = caller_type::wants_context && !may_be_finished &&
                                    sink_type::is_reduction_form &&
                                    std::is_nothrow_move_constructible_v<stacked_type>;
  static inline std::atomic<std::int64_t> usual_item_ns{-1};

  source_type source_;
  const attempt_rules attempts_;
  const ordering order_;
  const afterwards
      after_;  // who needs the item once it was worked on: a recorder may, for its name
  std::atomic<bool> element_threw_{false};
  run_handle run_;
  run_services& services_;
  caller_type caller_;
  sink_type sink_;
  spawn_stacks<stacked_type> stacks_;
};

}  // namespace parwork::detail
