// A run that its caller loops over: what `results` keeps.
//
// Thread safety: one thread at a time. Invariants:
// 1. Between two calls nothing of the run needs this thread, but its room: others pull and work
//    until the bound is reached.
// 2. When it is over, or destroyed, no thread runs user code of the run any more.
// 3. In the child of a fork there are no such threads: nothing is waited for or destroyed there.
#pragma once

#include <exception>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "parwork/concepts.hpp"
#include "parwork/detail/kept_results.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/detail/typed_run.hpp"
#include "parwork/options.hpp"
#include "parwork/prefinished.hpp"
#include "parwork/summary.hpp"

namespace parwork::detail {

// `Generator` and `Work`: references to what the caller keeps, or what is kept here.
template <class Generator, class Work>
class looped_run {
  using item_type = plain_item_t<generator_item_t<Generator&>>;
  using result_type = typename caller_for<std::remove_reference_t<Work>, item_type>::result_type;
  using kept_type = kept_results<item_type, result_type>;
  using run_type = typed_run<Generator&, Work&, kept_type&>;

 public:
  using completion_type = typename kept_type::completion_type;

  looped_run(Generator&& generator, Work&& work, options&& given)
      : generator_(std::forward<Generator>(generator)),
        work_(std::forward<Work>(work)),
        options_(std::move(given)) {}
  looped_run(const looped_run&) = delete;
  looped_run& operator=(const looped_run&) = delete;

  ~looped_run() {
    if (!is_going_on()) return;
    if (handle().is_of_parent()) {
      [[maybe_unused]] const run_type* const left_to_the_parent = run_.release();
      return;
    }
    stop();
  }

  // The run begins; what it throws leaves. From then on without effect.
  void begin() {
    if (run_) return;
    auto begun = std::make_unique<run_type>(generator_, work_, kept_, options(options_), nobody_);
    begun->handle().begin();
    run_ = std::move(begun);
    find_next();
  }

  [[nodiscard]] bool is_at_end() const noexcept { return kept_.is_empty(); }
  // REQUIRES: it is not at its end.
  [[nodiscard]] completion_type& current() noexcept { return kept_.oldest(); }

  void advance() {
    refuse_parents();
    handle().let_go(kept_.take());
    if (kept_.is_empty()) find_next();
  }

  // Before the end it stops the run.
  [[nodiscard]] summary came_to() {
    if (is_going_on()) {
      refuse_parents();
      stop();
    }
    if (error_) std::rethrow_exception(error_);
    return came_to_;
  }

 private:
  [[nodiscard]] run_handle& handle() noexcept { return run_->handle(); }
  [[nodiscard]] bool is_going_on() const noexcept { return run_ != nullptr && !is_over_; }

  void refuse_parents() {
    if (!handle().is_of_parent()) return;
    throw std::logic_error("parwork: results: the run is the parent process's");
  }

  void find_next() {
    if (!handle().next()) {
      end();
      if (error_) std::rethrow_exception(error_);
    }
    run_handle::test_cancel();
  }

  void stop() noexcept {
    handle().discard();
    while (!kept_.is_empty()) handle().let_go(kept_.take());
    static_cast<void>(handle().next());  // nothing is kept any more
    end();
  }

  void end() noexcept {
    is_over_ = true;
    try {
      came_to_ = handle().end();
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  Generator generator_;
  Work work_;
  const options options_;
  unobserved nobody_;
  kept_type kept_;
  std::unique_ptr<run_type> run_;  // null: not begun
  bool is_over_ = false;
  summary came_to_;
  std::exception_ptr error_;  // in place of it
};

}  // namespace parwork::detail
