// oneTBB: its pipeline with one token per item, the same with batches made by hand, and its
// parallel loops, over an iterator that can only be read once and over indices.
#pragma once

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/combinable.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_for_each.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "peers/setup.hpp"

namespace bench::peers {

/// The arena of this process; the first call sets its size, more than the cores too.
inline tbb::task_arena& tbb_arena(unsigned workers) {
  static const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers);
  static tbb::task_arena arena(static_cast<int>(workers));
  return arena;
}

inline tbb::filter_mode tbb_serial(delivery order) {
  return order == delivery::input ? tbb::filter_mode::serial_in_order
                                  : tbb::filter_mode::serial_out_of_order;
}

/// One token per item, `queue` tokens.
class tbb_pipeline {
 public:
  explicit tbb_pipeline(const setup& s) : setup_(s) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    using item = item_of<Generator>;
    using result = result_of<Generator, Work>;
    const tbb::filter_mode serial = tbb_serial(setup_.order);
    tbb_arena(setup_.workers).execute([&] {
      tbb::parallel_pipeline(
          setup_.queue,
          tbb::make_filter<void, item>(serial, [&](tbb::flow_control& control) {
            auto next = generate();
            if (!next) {
              control.stop();
              return item{};
            }
            return std::move(*next);
          }) & tbb::make_filter<item, result>(tbb::filter_mode::parallel, [&](const item& it) {
            return work(it);
          }) & tbb::make_filter<result, void>(serial, [&](result r) { collect(std::move(r)); }));
    });
  }

 private:
  setup setup_;
};

/// One token per batch; the size is the user's guess, four tokens per worker as its manual
/// suggests.
class tbb_batched {
 public:
  tbb_batched(const setup& s, std::size_t batch) : setup_(s), batch_(batch) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    using items = std::vector<item_of<Generator>>;
    using results = std::vector<result_of<Generator, Work>>;
    const tbb::filter_mode serial = tbb_serial(setup_.order);
    bool ended = false;
    const auto pull = [&](tbb::flow_control& control) {
      items batch = pull_batch(generate, ended);
      if (batch.empty()) {
        control.stop();
      }
      return batch;
    };
    const auto work_through = [&](const items& batch) {
      results done;
      done.reserve(batch.size());
      for (const auto& it : batch) {
        done.push_back(work(it));
      }
      return done;
    };
    const auto hand_over = [&](results done) {
      for (auto& r : done) {
        collect(std::move(r));
      }
    };
    tbb_arena(setup_.workers).execute([&] {
      tbb::parallel_pipeline(
          4 * setup_.workers,
          tbb::make_filter<void, items>(serial, pull) &
              tbb::make_filter<items, results>(tbb::filter_mode::parallel, work_through) &
              tbb::make_filter<results, void>(serial, hand_over));
    });
  }

 private:
  // A generator that has ended is not asked again: the filter may be called once more.
  template <class Generator>
  std::vector<item_of<Generator>> pull_batch(Generator& generate, bool& ended) const {
    std::vector<item_of<Generator>> batch;
    batch.reserve(batch_);
    while (!ended && batch.size() < batch_) {
      if (auto next = generate()) {
        batch.push_back(std::move(*next));
      } else {
        ended = true;
      }
    }
    return batch;
  }

  setup setup_;
  std::size_t batch_;
};

/// A generator as the input iterator that ends where it does.
template <class Generator>
class generator_iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = item_of<Generator>;
  using difference_type = std::ptrdiff_t;
  using pointer = const value_type*;
  using reference = const value_type&;

  generator_iterator() = default;
  explicit generator_iterator(Generator& generate) : generate_(&generate), item_(generate()) {}

  reference operator*() const { return *item_; }
  generator_iterator& operator++() {
    item_ = (*generate_)();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const generator_iterator& a, const generator_iterator& b) {
    return a.item_.has_value() == b.item_.has_value();
  }

 private:
  Generator* generate_ = nullptr;
  std::optional<value_type> item_;
};

/// tbb::parallel_for_each over an input iterator; the collector has a lock. What is in flight is up
/// to oneTBB. Delivers in completion order.
class tbb_for_each {
 public:
  explicit tbb_for_each(const setup& s) : setup_(s) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    std::mutex collecting;
    tbb_arena(setup_.workers).execute([&] {
      using iterator = generator_iterator<Generator>;
      tbb::parallel_for_each(iterator(generate), iterator(), [&](const item_of<Generator>& it) {
        auto result = work(it);
        const std::lock_guard lock(collecting);
        collect(std::move(result));
      });
    });
  }

 private:
  setup setup_;
};

/// No serial ends: a blocked range of indices and sums that are merged at the end.
class tbb_for {
 public:
  explicit tbb_for(const setup& s) : setup_(s) {}

  template <class Sum, class Work>
  Sum run_indices(std::uint64_t count, Work& work) {
    tbb::combinable<Sum> sums;
    tbb_arena(setup_.workers).execute([&] {
      tbb::parallel_for(tbb::blocked_range<std::uint64_t>(0, count), [&](const auto& range) {
        Sum sum;
        for (std::uint64_t index = range.begin(); index != range.end(); ++index) {
          sum(work(index));
        }
        sums.local().merge(sum);
      });
    });
    Sum total;
    sums.combine_each([&](const Sum& sum) { total.merge(sum); });
    return total;
  }

 private:
  setup setup_;
};

}  // namespace bench::peers
