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

#include "parwork/completion.hpp"
#include "parwork/detail/backoff.hpp"
#include "parwork/detail/collector_traits.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/detail/source.hpp"
#include "parwork/detail/spawn_stack.hpp"
#include "parwork/detail/typed_batch.hpp"
#include "parwork/detail/work_caller.hpp"
#include "parwork/prefinished.hpp"

namespace parwork::detail {

// Hands one outcome after the other to the collector, in whichever form it takes them.
template <class Collector, class Item, class R>
class result_sink {
 public:
  static constexpr collector_form form = collector_form_of<Collector, Item, R>();
  static constexpr bool needs_item =
      form == collector_form::completion || form == collector_form::completion_lvalue;
  static constexpr bool sees_failures =
      needs_item || form == collector_form::completion_without_item;
  static constexpr bool is_reduction_form = form == collector_form::reduction;

  result_sink(Collector& collector, unsigned) noexcept : collector_(collector) {}

  void take(unsigned, Item& item, std::expected<R, failure>& result, std::uint64_t index,
            unsigned attempts) {
    if constexpr (form == collector_form::completion_without_item) {
      std::invoke(collector_, completion<void, R>{std::move(result), index, attempts});
    } else if constexpr (needs_item) {
      completion<Item, R> whole{std::move(item), std::move(result), index, attempts};
      if constexpr (form == collector_form::completion) {
        std::invoke(collector_, std::move(whole));
      } else {
        std::invoke(collector_, whole);
      }
    } else if (result.has_value()) {
      if constexpr (form == collector_form::nothing) {
        std::invoke(collector_);
      } else {
        std::invoke(collector_, *std::move(result));
      }
    }
  }
  void merge() noexcept {}

 private:
  Collector& collector_;
};

template <class Collector, class Item, class R>
  requires is_reduction<Collector>
class result_sink<Collector, Item, R> {
  using accumulator = typename Collector::accumulator_type;

 public:
  static constexpr bool needs_item = false;
  static constexpr bool sees_failures = false;
  static constexpr bool is_reduction_form = true;

  result_sink(Collector& reduction, unsigned workers) : reduction_(reduction), parts_(workers) {
    reduction_.reset();
  }

  void take(unsigned worker, Item&, std::expected<R, failure>& result, std::uint64_t, unsigned) {
    if (result.has_value()) fold(part_of(worker), result);
  }
  // The worker's own accumulator, made when it is first asked for.
  accumulator& part_of(unsigned worker) {
    auto& part = parts_[worker];
    if (!part) part = std::make_unique<accumulator>(reduction_.init());
    return *part;
  }
  // REQUIRES: the result has a value.
  void fold(accumulator& into, std::expected<R, failure>& result) {
    if constexpr (std::is_void_v<R>) {
      reduction_.fold(into);
    } else {
      reduction_.fold(into, *std::move(result));
    }
  }
  void merge() {
    for (auto& part : parts_) {
      if (part) reduction_.merge(std::move(*part));
    }
  }

 private:
  Collector& reduction_;
  std::vector<std::unique_ptr<accumulator>> parts_;
};

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

 public:
  typed_run(Generator&& generator, Work&& work, Collector&& collector, options&& given)
      : source_(make_source(std::forward<Generator>(generator))),
        retry_(given.retry),
        timeout_(given.timeout),
        order_(given.order),
        run_(*this, traits(work), std::move(given)),
        services_(run_.services()),
        caller_(work, run_.workers()),
        sink_(collector, run_.workers()),
        stacks_(may_stack ? run_.workers() : 0) {}
  ~typed_run() {
    for (auto& each : stacks_) delete each.load();
  }

  [[nodiscard]] summary execute() { return run_.execute(); }

 private:
  run_traits traits([[maybe_unused]] work_type& work) const {
    run_traits t;
    t.size = source_.size();
    t.is_split = split_generator<Generator>;
    t.goes_straight = may_go_straight && is_plain();
    t.is_async = caller_type::is_async;
    t.may_spawn = caller_type::wants_context && !may_be_finished;
    t.stacks_spawned = may_stack && is_plain();
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

  // One attempt, whatever comes of it and however long it takes.
  [[nodiscard]] bool is_plain() const noexcept {
    return retry_.max_attempts == 1 && timeout_.count() == 0;
  }

  static batch_type& typed(batch& b) noexcept { return static_cast<batch_type&>(b); }

  static item_type& item_of(batch_type& b, std::uint32_t i) noexcept {
    if constexpr (may_be_finished) {
      return b.item(i).item;
    } else {
      return b.item(i);
    }
  }

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
      if (b.is_straight) return fold_straight(by, b);
      const bool plain = is_plain();
      for (std::uint32_t i = b.start;; ++i) {
        const claim claimed = by.next(b, i);
        if (claimed == claim::run) [[likely]] {
          if (was_finished_before(typed(b), i)) continue;
          if constexpr (caller_type::is_async) {
            return start(typed(b));
          } else if (plain) [[likely]] {
            attempt_into(by, typed(b), i, {b.first_index + i, 1});
          } else if (work_with_retries(by, typed(b), i) == work_end::waiting) {
            return work_end::waiting;
          }
        } else if (claimed == claim::cancel) {
          cancel(typed(b), i);
        } else {
          return work_end::finished;
        }
      }
    }
  }

  // An item that its generator has finished: its outcome is taken from there. A retried item has
  // none.
  static bool was_finished_before([[maybe_unused]] batch_type& b,
                                  [[maybe_unused]] std::uint32_t i) {
    if constexpr (may_be_finished) {
      yielded_type& yielded = b.item(i);
      if (!yielded.outcome) return false;
      outcome_type* const where = b.outcomes() + i;
      try {
        std::construct_at(where, yielded.attempts, [&] { return *std::move(yielded.outcome); });
      } catch (...) {
        fail_into(where, yielded.attempts, failure(std::current_exception()));
      }
      return true;
    } else {
      return false;
    }
  }

  // A slice of a split range: each element is read, worked on and folded before the next.
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
          readable = fold_one(by, *part, b, i, counts);
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

  using stack_type = spawn_stack<stacked_type>;

  // The worker's stack, made by itself when it first needs it.
  stack_type& stack_of(worker_base& by) {
    auto& slot = stacks_[by.number];
    stack_type* own = slot.load(std::memory_order_relaxed);  // its own store
    if (own == nullptr) {
      own = new stack_type(by);
      slot.store(own, std::memory_order_release);  // partner: rob_stack
    }
    return *own;
  }

  void stack([[maybe_unused]] worker_base& by, [[maybe_unused]] void* child,
             [[maybe_unused]] index_source& next) override {
    if constexpr (may_stack) {
      stack_of(by).push(std::move(*static_cast<item_type*>(child)), [&] { return next.next(); });
    }
  }

  std::uint32_t work_off_stack([[maybe_unused]] worker_base& by) noexcept override {
    std::uint32_t folded = 0;
    if constexpr (may_stack) {
      stack_type* const own = stacks_[by.number].load(std::memory_order_relaxed);  // its own store
      auto* const part = own_part(by);
      tally counts;
      while (auto next = own->pop()) {
        if (part == nullptr || by.stopping()) {
          ++counts.cancelled;
        } else {
          fold_item(by, *part, next->item.get(), {next->index, 1}, counts);
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
      constexpr std::size_t most = 32;
      stack_type* const other =
          stacks_[victim.number].load(std::memory_order_acquire);  // partner: stack_of
      if (other == nullptr) return;
      try {
        std::vector<typename stack_type::entry> loot;
        loot.reserve(most);
        stack_type& own = stack_of(by);
        own.reserve(most);
        other->take_oldest(loot);
        own.receive(loot);
      } catch (const std::bad_alloc&) {
        return;  // no memory to put them in: they stay where they are
      }
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
  template <class Part>
  bool fold_one(worker_base& by, Part& part, batch& b, std::uint32_t i, tally& counts) noexcept {
    try {
      stored_type item(source_.at(b.first_index + i));
      fold_item(by, part, item.get(), {b.first_index + i, 1}, counts);
      return true;
    } catch (...) {
      element_threw_.store(true, std::memory_order_relaxed);
      services_.element_threw(std::current_exception());
      ++counts.cancelled;
      return false;
    }
  }

  template <class Part>
  void fold_item(worker_base& by, Part& part, item_type& item, const attempt& which,
                 tally& counts) noexcept {
    expected_type result = attempted(by, item, which);
    if (!result.has_value()) {
      ++(result.error().kind() == failure_kind::cancelled ? counts.cancelled : counts.failed);
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

  expected_type attempted(worker_base& by, item_type& item, const attempt& which) noexcept {
    try {
      return caller_.call(services_, by, item, which, need_afterwards());
    } catch (...) {
      return expected_type(std::unexpect, failure(std::current_exception()));
    }
  }

  // A stopped run's item: the failure of its last attempt where it had one.
  void cancel(batch_type& b, std::uint32_t i) noexcept {
    const failure& why = b.last_failure ? *b.last_failure : cancelled_failure();
    std::construct_at(b.outcomes() + i, b.attempts,
                      [&] { return expected_type(std::unexpect, why); });
  }

  void attempt_into(worker_base& by, batch_type& b, std::uint32_t i, const attempt& which) {
    outcome_type* const where = b.outcomes() + i;
    try {
      std::construct_at(where, which.number, [&] {
        return caller_.call(services_, by, item_of(b, i), which, need_afterwards());
      });
    } catch (...) {
      fail_into(where, which.number, failure(std::current_exception()));
    }
  }

  static void fail_into(outcome_type* where, unsigned attempts, failure&& why) {
    std::construct_at(where, attempts,
                      [&] { return expected_type(std::unexpect, std::move(why)); });
  }

  [[nodiscard]] afterwards need_afterwards() const noexcept {
    return sink_type::needs_item || retry_.max_attempts > 1 ? afterwards::item_is_needed
                                                            : afterwards::item_is_free;
  }

  // Attempts follow each other at once while there is nothing to wait for.
  work_end work_with_retries(worker_base& by, batch_type& b, std::uint32_t i) {
    for (unsigned number = b.attempts + 1;; ++number) {
      if (number > 1) services_.count_retry();
      timed_attempt(by, b, i, {b.first_index + i, number});
      outcome_type& out = b.outcomes()[i];
      if (out.result().has_value() || !another_attempt(out.result().error(), number))
        return work_end::finished;
      const auto wait = backoff_after(retry_, number, b.first_index + i, seed());
      if (wait.count() == 0) {
        if (by.stopping()) return work_end::finished;
        std::destroy_at(&out);
        continue;
      }
      return wait_for_retry(b, i, number, wait);
    }
  }

  void timed_attempt(worker_base& by, batch_type& b, std::uint32_t i, attempt which) {
    if (timeout_.count() == 0) return attempt_into(by, b, i, which);
    which.deadline = deadline_from_now();
    attempt_into(by, b, i, which);
    const auto now = std::chrono::steady_clock::now();
    if (now > *which.deadline) {
      outcome_type* const where = b.outcomes() + i;
      std::destroy_at(where);
      fail_into(where, which.number, timeout_failure(timeout_, now - *which.deadline));
    }
  }

  // Saturates: a timeout of nanoseconds::max() is none in practice.
  [[nodiscard]] std::chrono::steady_clock::time_point deadline_from_now() const noexcept {
    const auto now = std::chrono::steady_clock::now();
    const auto left = std::chrono::steady_clock::time_point::max() - now;
    return now + std::min<std::chrono::steady_clock::duration>(timeout_, left);
  }

  bool another_attempt(const failure& why, unsigned number) noexcept {
    try {
      return worth_retry(retry_, why, number);
    } catch (...) {
      services_.collector_threw(std::current_exception());
      return false;
    }
  }

  [[nodiscard]] std::uint64_t seed() const noexcept {
    return reinterpret_cast<std::uintptr_t>(this) ^ started_;
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
          for (const std::uint32_t end = i + count; i < end; ++i) cancel(b, i);
        } else if (was_finished_before(b, i)) {
          ++i;
        } else {
          const std::uint32_t some = unfinished(b, i, count);
          if (work_span(b, i, some) == work_end::waiting) return work_end::waiting;
          i += some;
        }
      }
    }
    return work_end::finished;
  }

  // How many of `count` items from i on have no outcome, up to the first that has one.
  static std::uint32_t unfinished([[maybe_unused]] batch_type& b, [[maybe_unused]] std::uint32_t i,
                                  std::uint32_t count) noexcept {
    if constexpr (may_be_finished) {
      std::uint32_t n = 0;
      while (n < count && !b.item(i + n).outcome) ++n;
      return n;
    } else {
      return count;
    }
  }

  // Calls batched work. Items that lie beside their outcomes are moved together and back.
  auto call_with_span(batch_type& b, std::uint32_t from, std::uint32_t count) {
    if constexpr (may_be_finished) {
      const auto moved_to = [&](auto&& move) {
        for (std::uint32_t i = 0; i < count; ++i) move(i, item_of(b, from + i));
      };
      std::vector<item_type> together;
      together.reserve(count);
      moved_to([&](std::uint32_t, item_type& item) { together.push_back(std::move(item)); });
      const auto back = [&](auto*) noexcept {
        moved_to([&](std::uint32_t i, item_type& item) {
          std::destroy_at(&item);
          std::construct_at(&item, std::move(together[i]));
        });
      };
      const std::unique_ptr<std::vector<item_type>, decltype(back)> guard(&together, back);
      return caller_.call(std::span<item_type>(together));
    } else {
      return caller_.call(b.span(from, count));
    }
  }

  work_end work_span(batch_type& b, std::uint32_t from, std::uint32_t count) {
    if constexpr (caller_type::is_batched) {
      const unsigned number = b.attempts + 1;
      if (number > 1) services_.count_retry();
      const auto deadline = timeout_.count() == 0 ? std::chrono::steady_clock::time_point::max()
                                                  : deadline_from_now();
      span_into(b, from, count, number);
      const auto now = timeout_.count() == 0 ? deadline : std::chrono::steady_clock::now();
      for (std::uint32_t i = from; i < from + count; ++i) {
        outcome_type& out = b.outcomes()[i];
        if (now > deadline) {
          std::destroy_at(&out);
          fail_into(&out, number, timeout_failure(timeout_, now - deadline));
        }
        if (out.result().has_value() || !another_attempt(out.result().error(), number)) continue;
        const auto wait = backoff_after(retry_, number, b.first_index + i, seed());
        if (wait_for_retry(b, i, number, wait) == work_end::waiting) return work_end::waiting;
      }
    }
    return work_end::finished;
  }

  // Outcomes for [from, from + count): a result each, or the one exception.
  void span_into(batch_type& b, std::uint32_t from, std::uint32_t count, unsigned number) {
    if constexpr (caller_type::is_batched) {
      std::uint32_t made = 0;
      try {
        auto results = call_with_span(b, from, count);
        for (; made < count; ++made) {
          std::construct_at(b.outcomes() + from + made, number,
                            [&] { return caller_.take(results[made]); });
        }
      } catch (...) {
        const failure why(std::current_exception());
        for (std::uint32_t i = 0; i < made; ++i) std::destroy_at(b.outcomes() + from + i);
        for (std::uint32_t i = 0; i < count; ++i)
          fail_into(b.outcomes() + from + i, number, failure(why));
      }
    }
  }

  // --- asynchronous work ---

  work_end start(batch_type& lone) {
    if constexpr (caller_type::is_async) {
      const unsigned number = lone.attempts + 1;
      if (number > 1) services_.count_retry();
      attempt which{lone.first_index, number};
      if (timeout_.count() != 0) which.deadline = deadline_from_now();
      lone.call = std::make_shared<async_result<result_type>>(services_, lone, which);
      caller_.start(lone.call, item_of(lone, 0), need_afterwards());
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

  work_end settle(batch& base) noexcept override {
    if constexpr (caller_type::is_async) {
      batch_type& lone = typed(base);
      const auto call = std::exchange(lone.call, nullptr);
      outcome_type* const where = lone.outcomes();
      const unsigned number = call->which().number;
      if (call->was_late()) {
        fail_into(where, number, timeout_failure(timeout_, call->lateness()));
      } else if (call->was_abandoned()) {
        fail_into(where, number, abandoned_failure());
      } else {
        std::construct_at(where, number, [&] { return *std::move(call->result); });
      }
      call->result.reset();  // what is left of it goes now, not with the completer
      call->close();
      if (!where->result().has_value() && another_attempt(where->result().error(), number)) {
        return wait_for_retry(lone, 0, number,
                              backoff_after(retry_, number, lone.first_index, seed()));
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
          deliver_one(by.number, lone, 0, counts);
          done.lone = &lone;
          ++done.delivered;
        }
        std::destroy_at(&out);
      } else {
        deliver_one(by.number, b, done.upto, counts);
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

  void deliver_one(unsigned worker, batch_type& b, std::uint32_t i, tally& counts) noexcept {
    outcome_type& out = b.outcomes()[i];
    const unsigned attempts = out.attempts();
    const std::uint64_t index = b.first_index + i;
    if (services_.cut_off) [[unlikely]] {
      out.result() = std::unexpected(cancelled_failure());
    }
    if (out.result().has_value()) [[likely]] {
      ++counts.succeeded;
      collect(worker, item_of(b, i), out.result(), index, attempts);
    } else {
      const failure why = out.result().error();
      ++(why.kind() == failure_kind::cancelled ? counts.cancelled : counts.failed);
      collect(worker, item_of(b, i), out.result(), index, attempts);
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
  const retry_policy retry_;
  const std::chrono::nanoseconds timeout_;
  const ordering order_;
  const std::uint64_t started_ =
      static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  std::atomic<bool> element_threw_{false};
  run_handle run_;
  run_services& services_;
  caller_type caller_;
  sink_type sink_;
  std::vector<std::atomic<stack_type*>> stacks_;  // by worker; empty where nothing is stacked
};

}  // namespace parwork::detail
