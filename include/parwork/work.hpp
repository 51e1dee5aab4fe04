// The classic interface, for code that prefers objects: items that run themselves, and a processor.
//
// After the Go package parwork: Do() is run(), GetError() is error(), Result() is result(). A thin
// adapter over `process`, which has more options and costs less: here every item is an allocation
// and a virtual call.
//
// Thread safety: an item is used by one thread at a time, each use happening before the next. A
// processor serves one call of process() at a time; different processors are independent.
#pragma once

#include <any>
#include <cstddef>
#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "parwork/summary.hpp"

namespace parwork {

/// One item: its input, what is to be done with it, and how that ended.
class work {
 public:
  virtual ~work() = default;

  /// Does the work. Called once, on a worker. An exception that leaves it is kept as by fail().
  virtual void run() = 0;

  /// Why the work failed; null where it succeeded. By default what fail() was last called with. An
  /// override that has errors of its own returns this one where it has none.
  virtual std::exception_ptr error() const noexcept;

  /// What the work came to. Empty by default.
  virtual std::any result() const;

 protected:
  work() = default;
  work(const work&) = default;
  work& operator=(const work&) = default;

  /// Makes the item a failed one; a null pointer makes it a successful one again.
  void fail(std::exception_ptr error) noexcept;

  /// The same, with a `std::runtime_error` of this message.
  void fail(std::string message);

 private:
  friend class processor;

  std::exception_ptr error_;
};

/// One line without a newline at its end: "work succeeded: 42" or "work failed: no such host".
/// Shows results that are text, numbers or bool, and names the type of others. Line breaks are
/// shown as spaces.
std::ostream& operator<<(std::ostream& out, const work& finished);

/// Yields items; null ends it. Called by one thread at a time, on any worker.
using work_generator = std::move_only_function<std::unique_ptr<work>()>;

/// Receives finished items, failed ones too, in the order in which they finish. Called by one
/// thread at a time, on any worker.
using work_collector = std::move_only_function<void(std::unique_ptr<work>)>;

/// How a processor behaves.
struct processor_options {
  /// Threads that run work; 0: one per CPU this process may use. At most 4096.
  unsigned workers = 0;

  /// Items that may be generated and not yet collected; 0: 100 per worker. At most 2^40.
  std::size_t queue = 0;

  /// Receives the finished items. Empty: each is printed on standard output, one line.
  work_collector collector = {};
};

/// Runs all items of a generator in parallel.
class processor {
 public:
  using options = processor_options;

  /// Throws `std::invalid_argument` where `generator` is null. The other options are checked by
  /// process().
  explicit processor(work_generator generator, options given = {});

  /// Blocks until every item has been run and collected. Failed items count as failed in the
  /// summary and do not end the run.
  ///
  /// Throws `std::invalid_argument` for options out of range, before the generator is called; and
  /// what the generator or the collector threw, once all workers have left. The default collector
  /// throws `std::ios_base::failure` where standard output cannot be written.
  ///
  /// May be called again: a generator that has ended, or thrown, is not called again, so there are
  /// no items then; one that the collector's exception broke off goes on.
  summary process();

 private:
  std::unique_ptr<work> next();

  work_generator generator_;
  options options_;
  bool generator_over_ = false;
};

}  // namespace parwork
