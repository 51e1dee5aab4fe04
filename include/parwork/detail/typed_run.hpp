// A run of one generator, one work and one collector: the hooks by which the engine reaches what
// knows their types.
//
// A form is how work is done: on items, spans, asynchronously, straight from a split range, or on a
// stack of spawned items. Each is a class of its own, and the run has those that its types need.
//
// Thread safety: as run.hpp says of each hook. What several workers read here does not change
// during the run. Invariants: an item is made once and destroyed once: by its delivery, or by its
// move into another batch.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "parwork/detail/async_form.hpp"
#include "parwork/detail/attempt_rules.hpp"
#include "parwork/detail/folder.hpp"
#include "parwork/detail/handover.hpp"
#include "parwork/detail/item_attempts.hpp"
#include "parwork/detail/items_form.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/detail/run_types.hpp"
#include "parwork/detail/spans_form.hpp"
#include "parwork/detail/stack_form.hpp"
#include "parwork/detail/straight_form.hpp"

namespace parwork::detail {

// In place of a form that a run never has.
struct absent_form {
  template <class... Part>
  explicit absent_form(Part&&...) noexcept {}
};

// How a batch is worked on.
template <class Types>
using batch_form = std::conditional_t<
    Types::caller_type::is_async, async_form<Types>,
    std::conditional_t<Types::caller_type::is_batched, spans_form<Types>, items_form<Types>>>;

template <class Types>
using straight_form_of =
    std::conditional_t<Types::may_go_straight, straight_form<Types>, absent_form>;
template <class Types>
using stack_form_of = std::conditional_t<Types::may_stack, stack_form<Types>, absent_form>;

template <class Generator, class Work, class Collector, class Observer = unobserved>
class typed_run final : private run_hooks {
  using types = run_types<Generator, Work, Collector, Observer>;
  using item_type = typename types::item_type;
  using work_type = typename types::work_type;
  using collector_type = typename types::collector_type;
  using caller_type = typename types::caller_type;
  using sink_type = typename types::sink_type;
  using batch_type = typename types::batch_type;

 public:
  // REQUIRES: `observer` outlives it.
  typed_run(Generator&& generator, Work&& work, Collector&& collector, options&& given,
            Observer& observer)
      : source_(make_source(std::forward<Generator>(generator))),
        rules_(given),
        order_(given.order),
        after_(sink_type::needs_item || rules_.may_retry() || given.record != nullptr
                   ? afterwards::item_is_needed
                   : afterwards::item_is_free),
        run_(*this, traits(work), std::move(given)),
        attempts_(rules_, after_, run_.services(), work, run_.workers(), observer),
        sink_(collector, run_.workers()),
        batches_(attempts_),
        straight_(source_, folder<types>(attempts_, sink_)),
        stack_(folder<types>(attempts_, sink_), run_.workers()),
        handover_(order_, run_.services(), sink_) {}

  [[nodiscard]] summary execute() { return run_.execute(); }

 private:
  run_traits traits([[maybe_unused]] work_type& work) const {
    run_traits t;
    t.size = source_.size();
    t.is_split = types::is_split;
    t.goes_straight = types::may_go_straight && rules_.is_plain();
    t.is_async = caller_type::is_async;
    t.may_spawn = types::may_spawn;
    t.stacks_spawned = types::may_stack && rules_.is_plain();
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

  // --- Batches ---

  batch* make_batch(std::uint32_t slots) override { return batch_type::make(slots); }
  void free_batch(batch* b) noexcept override { batch_type::free(static_cast<batch_type*>(b)); }
  void move_items(batch& source, std::uint32_t from, std::uint32_t upto,
                  batch& target) noexcept override {
    typed(source).move_items(from, upto, typed(target));
  }

  // --- Pulling ---

  pull_end pull([[maybe_unused]] worker_base& by, [[maybe_unused]] batch& b,
                [[maybe_unused]] std::uint32_t most) override {
    if constexpr (!types::is_split) {
      auto* const items = typed(b).items();
      std::uint32_t left = by.items_until_look();
      for (std::uint32_t filled = 0; filled < most;) {
        if (!source_.next(items + filled, attempts_.services.token)) return pull_end::ended;
        ++filled;
        if (!by.pull_more(b, filled, left)) break;
      }
    }
    return pull_end::more;
  }

  void copy_slice([[maybe_unused]] batch& b, [[maybe_unused]] std::uint64_t from,
                  [[maybe_unused]] std::uint32_t count) override {
    if constexpr (types::is_split) {
      auto* const items = typed(b).items();
      for (std::uint32_t i = 0; i < count; ++i) {
        source_.copy(items + i, from + i);
        b.filled.store(i + 1, std::memory_order_relaxed);  // nobody else knows this batch yet
      }
    }
  }

  // --- Working ---

  work_end work(worker_base& by, batch& b) override {
    if constexpr (types::may_go_straight) {
      if (b.is_straight) return straight_.work(by, typed(b));
    }
    return batches_.work(by, typed(b));
  }

  bool let_go([[maybe_unused]] batch& lone) noexcept override {
    if constexpr (caller_type::is_async) return batches_.let_go(typed(lone));
    return true;
  }
  work_end settle([[maybe_unused]] worker_base& by,
                  [[maybe_unused]] batch& lone) noexcept override {
    if constexpr (caller_type::is_async) return batches_.settle(by, typed(lone));
    return work_end::finished;
  }

  // --- Spawned items ---

  bool accepts(const std::type_info& type) const noexcept override {
    return type == typeid(item_type);
  }
  void adopt([[maybe_unused]] batch& lone, [[maybe_unused]] void* child) override {
    if constexpr (!types::may_be_finished) {  // else spawn refuses
      std::construct_at(typed(lone).items(), std::move(*static_cast<item_type*>(child)));
    }
  }
  void stack([[maybe_unused]] worker_base& by, [[maybe_unused]] void* child,
             [[maybe_unused]] index_source& next) override {
    if constexpr (types::may_stack) {
      stack_.push(by, std::move(*static_cast<item_type*>(child)), next);
    }
  }
  std::uint32_t work_off_stack([[maybe_unused]] worker_base& by) noexcept override {
    if constexpr (types::may_stack) return stack_.work_off(by);
    return 0;
  }
  void rob_stack([[maybe_unused]] worker_base& by,
                 [[maybe_unused]] worker_base& victim) noexcept override {
    if constexpr (types::may_stack) stack_.rob(by, victim);
  }

  // --- Collecting ---

  delivered_items deliver(worker_base& by, batch& b, std::uint32_t from,
                          std::uint32_t upto) noexcept override {
    return handover_.deliver(by, typed(b), from, upto);
  }
  void destroy_states() noexcept override { attempts_.caller.destroy_states(); }
  void merge() override { sink_.merge(); }

  static inline std::atomic<std::int64_t> usual_item_ns{-1};

  typename types::source_type source_;
  const attempt_rules rules_;
  const ordering order_;
  const afterwards after_;
  run_handle run_;
  item_attempts<types> attempts_;
  sink_type sink_;
  batch_form<types> batches_;
  [[no_unique_address]] straight_form_of<types> straight_;
  [[no_unique_address]] stack_form_of<types> stack_;
  handover<types> handover_;
};

}  // namespace parwork::detail
