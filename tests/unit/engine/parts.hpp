// The parts of a run without `process`: real parts on hooks that handle plain numbers.
//
// Thread safety: none but what the parts have.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <typeinfo>
#include <utility>
#include <vector>

#include "engine/admission.hpp"
#include "engine/batch_stock.hpp"
#include "engine/course.hpp"
#include "engine/credits.hpp"
#include "engine/delivery.hpp"
#include "engine/ending.hpp"
#include "engine/gatekeeping.hpp"
#include "engine/intake.hpp"
#include "engine/lingering.hpp"
#include "engine/offered.hpp"
#include "engine/pool_state.hpp"
#include "engine/returning_items.hpp"
#include "engine/roster.hpp"
#include "engine/run_shape.hpp"
#include "engine/spawning.hpp"
#include "engine/stealing.hpp"
#include "engine/wakeups.hpp"
#include "engine/window.hpp"
#include "engine/worker.hpp"
#include "parwork/detail/run.hpp"

namespace parwork_test {

namespace detail = parwork::detail;

struct number_batch final : detail::batch {
  explicit number_batch(std::uint32_t slots) : batch(slots), items(slots) {}
  std::vector<int> items;
};

inline std::vector<int>& items_of(detail::batch& b) { return static_cast<number_batch&>(b).items; }

/// A typed run of numbers: pulls them from `source`, delivers them to `collected`.
class number_hooks final : public detail::run_hooks {
 public:
  std::deque<int> source;
  std::vector<int> collected;
  int made = 0;  // batches
  int freed = 0;
  int batches_left = std::numeric_limits<int>::max();  // then there is no memory
  int pulls = 0;
  std::uint32_t longest = 1;  // what it says where it is asked
  int asked = 0;
  std::vector<detail::batch*> outstanding;
  bool starts_all = false;  // work leaves whole batches outstanding
  bool generator_throws = false;
  std::uint64_t copies_before_throw = std::numeric_limits<std::uint64_t>::max();
  // Called behind each item that was pulled; false: the turn ends.
  std::function<bool(detail::batch&, std::uint32_t filled)> between =
      [](detail::batch&, std::uint32_t) { return true; };

  detail::batch* make_batch(std::uint32_t slots) override {
    if (batches_left-- <= 0) throw std::bad_alloc();
    ++made;
    return new number_batch(slots);
  }
  void free_batch(detail::batch* b) noexcept override {
    ++freed;
    delete static_cast<number_batch*>(b);
  }
  std::uint32_t longest_wanted() override {
    ++asked;
    return longest;
  }
  detail::pull_end pull(detail::worker_base&, detail::batch& b, std::uint32_t most) override {
    ++pulls;
    for (std::uint32_t i = b.filled.load(); i < most; ++i) {
      if (generator_throws) throw std::runtime_error("generator");
      if (source.empty()) return detail::pull_end::ended;
      items_of(b)[i] = source.front();
      source.pop_front();
      b.filled.store(i + 1);
      if (!between(b, i + 1)) break;
    }
    return detail::pull_end::more;
  }
  void copy_slice(detail::batch& b, std::uint64_t from, std::uint32_t count) override {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (from + i >= copies_before_throw) throw std::runtime_error("copy");
      items_of(b)[i] = static_cast<int>(from + i);
      b.filled.store(i + 1);
    }
  }
  detail::work_end work(detail::worker_base&, detail::batch& b) override {
    if (!starts_all) return detail::work_end::finished;
    outstanding.push_back(&b);
    return detail::work_end::outstanding;
  }
  bool let_go(detail::batch&) noexcept override { return false; }
  detail::work_end settle(detail::worker_base&, detail::batch&) noexcept override {
    return detail::work_end::finished;
  }
  void move_items(detail::batch& from, std::uint32_t first, std::uint32_t upto,
                  detail::batch& to) noexcept override {
    for (std::uint32_t i = first; i < upto; ++i) {
      items_of(to)[i - first] = std::exchange(items_of(from)[i], -1);
    }
  }
  bool accepts(const std::type_info& type) const noexcept override { return type == typeid(int); }
  void adopt(detail::batch& lone, void* child) override {
    items_of(lone)[0] = *static_cast<int*>(child);
  }
  void stack(detail::worker_base&, void*, detail::index_source&) override {}
  std::uint32_t work_off_stack(detail::worker_base&) noexcept override { return 0; }
  void rob_stack(detail::worker_base&, detail::worker_base&) noexcept override {}
  detail::delivered_items deliver(detail::worker_base&, detail::batch& b, std::uint32_t from,
                                  std::uint32_t upto) noexcept override {
    for (std::uint32_t i = from; i < upto; ++i) collected.push_back(items_of(b)[i]);
    return {upto, upto - from};
  }
  void destroy_states() noexcept override {}
  void merge() override {}
};

/// What the parts share and do not own.
class plain_services final : public detail::run_services {
 public:
  void item_failed(std::uint64_t, const parwork::failure&, unsigned) noexcept override {}
  void count(detail::worker_base&, const detail::outcome_counts&) noexcept override {}
  void collector_threw(std::exception_ptr) noexcept override {}
  void element_threw(std::exception_ptr) noexcept override {}
  void count_retry() noexcept override {}
  bool go_on_with_stack(detail::worker_base&) noexcept override { return false; }
  bool take_memory(std::uint64_t) noexcept override { return true; }
  void give_back_memory(std::uint64_t) noexcept override {}
  bool must_leave(detail::worker_base&) noexcept override { return false; }
  void delivered_some(detail::worker_base&, detail::batch&, std::uint32_t,
                      std::uint32_t) noexcept override {}
  void spawn(detail::worker_base&, const std::type_info&, void*) override {}
  void retry_later(detail::batch&) noexcept override {}
  void async_finished(detail::batch&) noexcept override {}
  detail::attempt_stop_ptr make_attempt_stop(std::chrono::steady_clock::time_point) override {
    return {};
  }
};

/// What a test can choose.
struct parts_plan {
  detail::run_shape shape = {.workers = 3};
  std::uint64_t bound = 100;
  detail::run_traits traits = {};
  parwork::failure_policy policy = parwork::failure_policy::keep_going;
};

/// All parts of a run, on a pool without threads. Nobody is asleep, nothing is started.
class parts {
 public:
  explicit parts(parts_plan given = {}) : plan(std::move(given)) {
    wakeups.allow_own_threads(shape.workers, 0);
  }
  ~parts() {
    delivery.free_left();
    while (detail::batch* const b = offered.take()) hooks.free_batch(b);
    workers.for_each([this](detail::worker& w) { stock.empty(w); });
  }
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;

  detail::worker& enter(unsigned number) {
    if (detail::worker* const known = workers.at(number)) return *known;
    workers.add(*new detail::worker(course, services.attention, number));
    return *workers.at(number);
  }

  /// A batch of numbers, from `first_index` on, that `by` works on: all are pulled, none is begun.
  detail::batch& current_batch(detail::worker& by, std::vector<int> numbers) {
    auto& b = *stock.get(by, static_cast<std::uint32_t>(numbers.size()));
    b.limit.store(static_cast<std::uint32_t>(numbers.size()));
    b.filled.store(b.limit.load());
    std::copy(numbers.begin(), numbers.end(), items_of(b).begin());
    by.current.store(&b);
    return b;
  }

  /// Says that there is work, and lets threads take part: by default nobody does.
  std::function<bool(unsigned)> is_there_work = [](unsigned) { return false; };
  std::function<void(unsigned)> take_part = [](unsigned) {};
  struct forwarder final : detail::wakeups::questions {
    explicit forwarder(parts& those) : its(those) {}
    bool is_there_work(unsigned number) noexcept override { return its.is_there_work(number); }
    bool help(unsigned /*number*/, detail::searching /*search*/) noexcept override { return true; }
    void take_part_until_it_is_over(unsigned number) noexcept override { its.take_part(number); }
    parts& its;
  } answers{*this};

  parts_plan plan;
  const detail::run_shape& shape = plan.shape;
  number_hooks hooks;
  plain_services services;
  detail::pool_state pool{0};
  detail::roster workers{plan.shape.numbers()};
  detail::credits credits{
      plan.bound,
      !shape.is_split     ? detail::credits::form::batches
      : shape.is_straight ? detail::credits::form::straight
                          : detail::credits::form::slices,
      shape.is_split || shape.folds ? detail::credits::givers::many : detail::credits::givers::one};
  detail::window window;
  detail::batch_stock stock{hooks, detail::spares::few};
  detail::offered_batches offered;
  detail::wakeups wakeups{pool, services.attention, workers, answers};
  detail::gatekeeping gate{services.attention,      shape,        pool, wakeups,
                           detail::controlled::yes, shape.workers};
  detail::ending ending{
      services,
      credits,
      workers,
      wakeups,
      plan.traits,
      plan.policy,
      shape.is_ordered ? parwork::ordering::input : parwork::ordering::completion};
  detail::admission admission{credits, shape.is_ordered ? &window : nullptr, plan.traits};
  detail::returning_items returning{pool.timers(), offered, wakeups, ending, nullptr};
  detail::spawning spawning{
      hooks,
      plan.traits,
      shape.is_ordered ? parwork::ordering::input : parwork::ordering::completion,
      workers,
      admission,
      stock,
      wakeups};
  detail::lingering lingering{plan.traits, pool.timers(), hooks,   credits, admission,
                              stock,       offered,       wakeups, ending};
  detail::stealing stealing{hooks, workers, admission, stock, lingering};
  detail::intake intake{hooks, plan.traits, shape,   credits, admission, window,
                        stock, offered,     wakeups, ending,  gate,      lingering};
  detail::delivery delivery{hooks, shape, workers, credits, window, stock, wakeups, ending};
  detail::course course{
      hooks,  shape, services.attention, services.kept, credits,  offered, wakeups,
      ending, gate,  returning,          spawning,      stealing, intake,  delivery};
};

}  // namespace parwork_test
