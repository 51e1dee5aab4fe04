#include "parwork/failure.hpp"

#include <cxxabi.h>

#include <atomic>
#include <cassert>
#include <memory>
#include <new>
#include <ostream>
#include <string_view>
#include <typeinfo>

#include "base/type_name.hpp"

namespace parwork {

// Immutable but for the count of the failures that point to it.
struct failure::body {
  enum class lifetime { counted, for_ever };

  body(failure_kind k, std::string m) : kind(k), message(std::move(m)) {}

  std::atomic<std::uint32_t> references = 1;
  lifetime lives = lifetime::counted;
  failure_kind kind;
  std::string message;
  std::exception_ptr exception;
  std::error_code code;
  std::optional<unsigned> stage;
};

namespace {

std::string_view name_of(failure_kind kind) noexcept {
  switch (kind) {
    case failure_kind::exception:
      return "exception";
    case failure_kind::error:
      return "error";
    case failure_kind::timeout:
      return "timeout";
    case failure_kind::cancelled:
      return "cancelled";
    case failure_kind::abandoned:
      return "abandoned";
  }
  return "unknown";
}

// REQUIRES: called while an exception is handled.
std::string describe_foreign_exception() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "an exception of a foreign language";
  return "an exception of type " + detail::type_name(*type) +
         ", which does not derive from std::exception";
}

// REQUIRES: called while an exception is handled.
std::string describe(const std::exception& caught) {
  if (const char* const what = caught.what()) return what;
  return "an exception of type " + detail::type_name(typeid(caught)) + ", whose what() is null";
}

std::string describe(const std::exception_ptr& exception) {
  if (exception == nullptr) {
    throw std::invalid_argument(
        "parwork::failure: exception is null, expected a captured exception");
  }
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& caught) {
    return describe(caught);
  } catch (...) {
    return describe_foreign_exception();
  }
}

std::string sentence_for(std::uint64_t index, const failure& why) {
  return "item " + std::to_string(index) + " failed: " + why.message();
}

}  // namespace

failure::failure(failure_kind kind, std::string message)
    : body_(new body(kind, std::move(message))) {}

failure::failure(std::exception_ptr exception)
    : body_(new body(failure_kind::exception, describe(exception))) {
  body_->exception = std::move(exception);
}

failure::failure(std::error_code code) : body_(new body(failure_kind::error, code.message())) {
  body_->code = code;
}

failure_kind failure::kind() const noexcept {
  assert(body_ != nullptr && "this failure was moved from");
  return body_->kind;
}

const std::string& failure::message() const noexcept {
  assert(body_ != nullptr && "this failure was moved from");
  return body_->message;
}

std::exception_ptr failure::exception() const noexcept {
  assert(body_ != nullptr && "this failure was moved from");
  return body_->exception;
}

std::error_code failure::code() const noexcept {
  assert(body_ != nullptr && "this failure was moved from");
  return body_->code;
}

std::optional<unsigned> failure::stage() const noexcept {
  assert(body_ != nullptr && "this failure was moved from");
  return body_->stage;
}

void failure::retain(body* shared) noexcept {
  if (shared->lives == body::lifetime::for_ever) return;
  // Relaxed: the caller holds a reference, so the body cannot be freed meanwhile, and nothing is
  // published by counting up.
  shared->references.fetch_add(1, std::memory_order_relaxed);
}

void failure::release(body* shared) noexcept {
  if (shared->lives == body::lifetime::for_ever) return;
  // Acquire and release, paired with itself in the other owners: whoever counts down to zero has
  // seen every other owner's last use before it frees the body.
  if (shared->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete shared;
}

std::ostream& operator<<(std::ostream& out, failure_kind kind) { return out << name_of(kind); }

std::ostream& operator<<(std::ostream& out, const failure& failure) {
  if (failure.message().empty()) return out << failure.kind();
  return out << failure.message();
}

item_failed::item_failed(std::uint64_t index, parwork::failure failure)
    : std::runtime_error(sentence_for(index, failure)),
      index_(index),
      failure_(std::move(failure)) {}

namespace detail {

standing_failures::standing_failures()
    : cancelled(failure_kind::cancelled, "cancelled: the run was stopped before this item started"),
      abandoned(failure_kind::abandoned, "abandoned: the item's completer was destroyed unused"),
      timed_out(failure_kind::timeout, "timeout: the attempt ended after its deadline"),
      out_of_memory(std::make_exception_ptr(std::bad_alloc())) {
  for (const failure* each : {&cancelled, &abandoned, &timed_out, &out_of_memory}) {
    each->body_->lives = failure::body::lifetime::for_ever;
  }
}

// Never destroyed: completions may outlive the destructors of static objects.
const standing_failures& standing() {
  static const standing_failures& all = *new standing_failures;
  return all;
}

failure at_stage(const failure& why, unsigned stage) noexcept {
  try {
    auto made = std::make_unique<failure::body>(why.kind(), why.message());
    made->exception = why.exception();
    made->code = why.code();
    made->stage = stage;
    return failure(made.release());
  } catch (const std::bad_alloc&) {
    return why;
  }
}

failure current_failure() noexcept {
  try {
    return failure(std::current_exception());
  } catch (const std::bad_alloc&) {
    return standing().out_of_memory;
  }
}

}  // namespace detail

}  // namespace parwork
