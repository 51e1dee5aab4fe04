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

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "parwork/detail/async_form.hpp"
#include "parwork/detail/async_spans_form.hpp"
#include "parwork/detail/attempt_rules.hpp"
#include "parwork/detail/folder.hpp"
#include "parwork/detail/handover.hpp"
#include "parwork/detail/item_attempts.hpp"
#include "parwork/detail/items_form.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/detail/run_types.hpp"
#include "parwork/detail/spans_form.hpp"
#include "parwork/detail/stack_form.hpp"
#include "parwork/detail/stages_form.hpp"
#include "parwork/detail/straight_form.hpp"
#include "parwork/detail/turns_form.hpp"
#include "parwork/detail/weigher.hpp"

namespace parwork::detail {

// In place of a form that a run never has.
struct absent_form {
  template <class... Part>
  explicit absent_form(Part&&...) noexcept {}
};

// How a batch is worked on.
template <class Types>
using form_of_spans =
    std::conditional_t<Types::caller_type::is_async, async_spans_form<Types>, spans_form<Types>>;
template <class Types>
using form_of_call =
    std::conditional_t<Types::caller_type::is_batched, form_of_spans<Types>,
                       std::conditional_t<Types::caller_type::is_async, async_form<Types>,
                                          std::conditional_t<Types::is_staged, stages_form<Types>,
                                                             items_form<Types>>>>;
template <class Types>
using batch_form = std::conditional_t<Types::is_keyed, turns_form<Types, form_of_call<Types>>,
                                      form_of_call<Types>>;

template <class Types>
using straight_form_of =
    std::conditional_t<Types::may_go_straight, straight_form<Types>, absent_form>;
template <class Types>
using stack_form_of = std::conditional_t<Types::may_stack, stack_form<Types>, absent_form>;

template <class Types>
using weigher_of = std::conditional_t<Types::is_weighed, weigher<Types>, absent_form>;

// Work that says how many items are to be in flight where `options::queue` is 0.
template <class Work>
concept has_usual_queue = requires(const Work& work) {
  { work.usual_queue() } -> std::convertible_to<std::uint64_t>;
};

// Work that is told of its runs: `Work::run_scope` is made before anything of the run, from the
// work and the run's options, and destroyed after all of it. What it throws leaves the call. It is
// told how many items the generator has, where that is known.
template <class Work>
concept has_run_scope = requires { typename Work::run_scope; };
struct no_run_scope {
  template <class Work>
  no_run_scope(Work&, const options&) noexcept {}
  static void generates(std::uint64_t) noexcept {}
};
template <class Work>
struct run_scope_of {
  using type = no_run_scope;
};
template <has_run_scope Work>
struct run_scope_of<Work> {
  using type = typename Work::run_scope;
};

template <class Generator, class Work, class Collector, class Observer = unobserved>
class typed_run final : private run_hooks {
  using types = run_types<Generator, Work, Collector, Observer>;
  using item_type = typename types::item_type;
  using spawned_type = typename types::spawned_type;
  using work_type = typename types::work_type;
  using collector_type = typename types::collector_type;
  using caller_type = typename types::caller_type;
  using sink_type = typename types::sink_type;
  using batch_type = typename types::batch_type;

 public:
  // REQUIRES: `observer` outlives it.
  typed_run(Generator&& generator, Work&& work, Collector&& collector, options&& given,
            Observer& observer, calling_thread caller = calling_thread::works)
      : scope_(work, given),
        weigher_(weight_in(generator)),
        source_(make_source<Generator>(std::forward<Generator>(generator))),
        rules_(given),
        order_(given.order),
        after_(sink_type::needs_item || rules_.may_retry() || given.record != nullptr
                   ? afterwards::item_is_needed
                   : afterwards::item_is_free),
        run_(*this, traits(work, caller), std::move(given)),
        attempts_(rules_, after_, run_.services(), work, run_.workers(), observer),
        sink_(collector, run_.workers()),
        batches_(attempts_),
        straight_(source_, folder<types>(attempts_, sink_)),
        stack_(folder<types>(attempts_, sink_), run_.workers()),
        handover_(order_, run_.services(), sink_) {
    if (const auto size = source_.size()) scope_.generates(*size);
  }

  [[nodiscard]] summary execute() { return run_.execute(); }
  [[nodiscard]] run_handle& handle() noexcept { return run_; }

 private:
  run_traits traits([[maybe_unused]] work_type& work, calling_thread caller) const {
    run_traits t;
    t.caller = caller;
    t.size = source_.size();
    if constexpr (has_usual_queue<work_type>) t.usual_queue = work.usual_queue();
    t.is_split = types::is_split;
    t.goes_straight = types::may_go_straight && rules_.is_plain();
    t.is_async = caller_type::is_async;
    t.pulls_in_order = types::is_keyed;
    t.may_spawn = types::may_spawn;
    t.stacks_spawned = types::may_stack && rules_.is_plain();
    if constexpr (types::use_of_slots == slot_use::again) t.spare_batches = spares::all;
    t.is_weighed = types::is_weighed;
    t.known_bytes = types::known_bytes;
    t.item_type = &typeid(item_type);
    t.usual_item_ns = &usual_item_ns;
    t.sees_failures = sink_type::sees_failures;
    t.collects = sink_type::is_reduction_form ? collecting::folds
                 : sink_type::keeps           ? collecting::keeps
                                              : collecting::calls;
    t.worker_slots = caller_type::has_state ? slots::bound_to_threads : slots::free_for_all;
    if constexpr (caller_type::is_async) t.largest_batch = 1;
    if constexpr (caller_type::is_batched) {
      t.batches = batching::by_count;
      t.largest_batch = longest_span(work);
      t.linger = work.linger;
      t.keeps_batches = caller_type::is_async;
      t.asks_for_length = types::asks_for_length;
    }
    return t;
  }

  static auto& weight_in(std::remove_reference_t<Generator>& generator) noexcept {
    if constexpr (types::is_weighed) {
      return generator.weight();
    } else {
      return generator;  // nobody asks
    }
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

  std::uint32_t longest_wanted() override {
    if constexpr (types::asks_for_length) {
      const auto wanted = static_cast<std::size_t>(std::invoke(attempts_.caller.length()));
      return static_cast<std::uint32_t>(std::clamp<std::size_t>(wanted, 1, longest_of_all_spans));
    }
    return longest_of_all_spans;
  }

  pull_end pull([[maybe_unused]] worker_base& by, [[maybe_unused]] batch& b,
                [[maybe_unused]] std::uint32_t most) override {
    if constexpr (types::is_weighed) {
      return weigher_.pull(
          by, typed(b), most, attempts_.services,
          [this](batch_type& into, std::uint32_t i) { return next_into(into, i); },
          [this](batch_type& into, std::uint32_t i) { stand_in_line(into, i); });
    } else if constexpr (!types::is_split) {
      item_cursor cursor(by, b);
      for (std::uint32_t filled = types::first_to_fill(b); filled < most;) {
        if (!next_into(typed(b), filled)) return pull_end::ended;
        stand_in_line(typed(b), filled);
        if (!cursor.pull_more(++filled)) break;
      }
    }
    return pull_end::more;
  }

  // False: the generator is over.
  [[gnu::always_inline]] bool next_into(batch_type& b, std::uint32_t i) {
    if constexpr (types::use_of_slots == slot_use::again) {
      return b.refill(i,
                      [&](auto& object) { return source_.fill(object, attempts_.services.token); });
    } else {
      return source_.next(b.items() + i, attempts_.services.token);
    }
  }

  // Item `i` is in flight from now on.
  [[gnu::always_inline]] void stand_in_line([[maybe_unused]] batch_type& b,
                                            [[maybe_unused]] std::uint32_t i) noexcept {
    if constexpr (types::is_keyed) batches_.stand_in_line(b, i);
  }

  void copy_slice([[maybe_unused]] batch& b, [[maybe_unused]] std::uint64_t from,
                  [[maybe_unused]] std::uint32_t count) override {
    if constexpr (types::is_split) {
      auto* const items = typed(b).items();
      for (std::uint32_t i = 0; i < count; ++i) {
        source_.copy(items + i, from + i);
        stand_in_line(typed(b), i);
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
    if constexpr (types::may_be_let_go) return batches_.let_go(typed(lone));
    return true;
  }
  work_end settle([[maybe_unused]] worker_base& by,
                  [[maybe_unused]] batch& lone) noexcept override {
    if constexpr (types::may_be_let_go) return batches_.settle(by, typed(lone));
    return work_end::finished;
  }

  // --- Spawned items ---

  bool accepts(const std::type_info& type) const noexcept override {
    return type == typeid(spawned_type);
  }
  void adopt([[maybe_unused]] batch& lone, [[maybe_unused]] void* child) override {
    if constexpr (types::may_spawn) {  // else spawn refuses
      typed(lone).adopt(std::move(*static_cast<spawned_type*>(child)));
      stand_in_line(typed(lone), 0);
    }
  }
  void stack([[maybe_unused]] worker_base& by, [[maybe_unused]] void* child,
             [[maybe_unused]] index_source& next) override {
    if constexpr (types::may_stack) {
      stack_.push(by, std::move(*static_cast<spawned_type*>(child)), next);
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

  [[no_unique_address]] typename run_scope_of<work_type>::type scope_;
  [[no_unique_address]] weigher_of<types> weigher_;
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
