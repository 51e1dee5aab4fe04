// Why an item has no result: failure_kind, failure and the exception item_failed.
//
// Thread safety: a failure is a value. Distinct objects may be used from different threads without
// a lock even where they are copies of each other: what they share never changes.
//
// Invariants:
// 1. A failure is one pointer wide, so a completion grows by no more than that.
// 2. A failure that was moved from holds nothing: it may be destroyed and assigned to, no more.
#pragma once

#include <cstdint>
#include <exception>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace parwork {

class failure;

namespace detail {

struct standing_failures;

/// Failures that need no memory when they happen: one of each for the whole process, which live for
/// ever. Copies of them do not count references, so workers that copy one do not share a written
/// cache line. The first call makes them, and may throw `std::bad_alloc`: a run makes it before it
/// begins.
const standing_failures& standing();

/// The same failure as one of that stage; without memory for it the failure as it is.
failure at_stage(const failure& why, unsigned stage) noexcept;

}  // namespace detail

/// How an item failed.
enum class failure_kind {
  exception,  ///< an exception left work, or work returned one
  error,      ///< work returned an error code or a message
  timeout,    ///< the attempt ended after its deadline
  cancelled,  ///< the run was stopped before the item's first attempt
  abandoned,  ///< the completer of an asynchronous item was destroyed unused
};

/// Writes the enumerator's name, `timeout` for one.
std::ostream& operator<<(std::ostream& out, failure_kind kind);

/// Why an item has no result. Making one allocates; copying one counts a reference (a few
/// nanoseconds); moving one copies a pointer. Copying, moving and the accessors never throw.
/// Where there is no memory for the failure of an item, it says so in place of the work's reason.
class failure {
 public:
  /// A failure of `kind` with a message for people. `exception()` is null and `code()` empty.
  failure(failure_kind kind, std::string message);

  /// A failure of kind `exception`. The message is the exception's `what()`; an exception that does
  /// not derive from `std::exception`, or whose `what()` is null, gets a sentence that names its
  /// type.
  /// Throws `std::invalid_argument` where `exception` is null.
  explicit failure(std::exception_ptr exception);

  /// A failure of kind `error`. The message is `code.message()`. A code of value 0 is kept as it
  /// is: the caller has already decided that this is a failure.
  explicit failure(std::error_code code);

  failure(const failure& other) noexcept : body_(other.body_) {
    if (body_ != nullptr) retain(body_);
  }
  failure(failure&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  failure& operator=(const failure& other) noexcept {
    failure(other).swap(*this);
    return *this;
  }
  failure& operator=(failure&& other) noexcept {
    failure(std::move(other)).swap(*this);
    return *this;
  }
  ~failure() {
    if (body_ != nullptr) release(body_);
  }

  void swap(failure& other) noexcept { std::swap(body_, other.body_); }
  friend void swap(failure& left, failure& right) noexcept { left.swap(right); }

  /// REQUIRES, here and below: not moved from.
  failure_kind kind() const noexcept;

  /// Valid as long as this object or a copy of it lives. May be empty or have several lines.
  const std::string& message() const noexcept;

  /// The work's own exception. Null unless the kind is `exception`.
  std::exception_ptr exception() const noexcept;

  /// The code that work returned. Empty unless it returned one.
  std::error_code code() const noexcept;

  /// Which of `stages` failed, from 0. Empty where work has no stages, and for an item that a stop
  /// cancelled.
  std::optional<unsigned> stage() const noexcept;

 private:
  struct body;

  explicit failure(body* adopted) noexcept : body_(adopted) {}
  static void retain(body* shared) noexcept;
  static void release(body* shared) noexcept;

  /// @cond
  friend detail::standing_failures;
  friend failure detail::at_stage(const failure& why, unsigned stage) noexcept;
  /// @endcond

  body* body_;
};

static_assert(sizeof(failure) == sizeof(void*), "a failure is one pointer wide");

namespace detail {

struct standing_failures {
  const failure cancelled;      ///< of an item that never started
  const failure abandoned;      ///< of an asynchronous item
  const failure timed_out;      ///< without memory to say by how much
  const failure out_of_memory;  ///< of kind `exception`, with a `std::bad_alloc`

  standing_failures();
};

/// The failure of what has thrown the exception that is being handled, and never throws itself.
/// REQUIRES: standing() was called before.
failure current_failure() noexcept;

}  // namespace detail

/// Writes the message, or the name of the kind where the message is empty.
std::ostream& operator<<(std::ostream& out, const failure& failure);

/// What `process` throws where an item failed without an exception and the collector sees successes
/// only. `what()` reads "item 7 failed: <message>".
class item_failed : public std::runtime_error {
 public:
  /// REQUIRES: `failure` is not moved from.
  item_failed(std::uint64_t index, parwork::failure failure);

  const parwork::failure& failure() const noexcept { return failure_; }

  /// The item's position in generator order, from 0.
  std::uint64_t index() const noexcept { return index_; }

 private:
  std::uint64_t index_;
  parwork::failure failure_;
};

}  // namespace parwork
