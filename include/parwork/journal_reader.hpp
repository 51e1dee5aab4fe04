// journal_reader: looks into a journal without being its run: while a run writes it, as another
// user, on a disk that cannot be written.
//
// Thread safety: any thread may call anything at any time.
//
// Invariants:
// 1. It locks nobody out, and changes no file.
// 2. It has the file open during its calls alone.
#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "parwork/detail/journal_store.hpp"
#include "parwork/failure.hpp"
#include "parwork/journal_errors.hpp"

namespace parwork {

/// One finished item, as `for_each` shows it. Its views are valid during the call.
class journal_record {
 public:
  /// For the journal.
  journal_record(std::string_view key, bool failed, unsigned attempts, std::string_view bytes)
      : key_(key), bytes_(bytes), attempts_(attempts), failed_(failed) {}

  /// What the item is known by.
  std::string_view key() const noexcept { return key_; }

  /// Whether it has a failure in place of a result.
  bool failed() const noexcept { return failed_; }

  /// How often it was tried.
  unsigned attempts() const noexcept { return attempts_; }

  /// The result or the failure. Throws `codec_error` where the result is no `R`.
  template <class R>
  std::expected<R, failure> result() const {
    if (failed_) return std::unexpected(detail::decode_failure(bytes_));
    return detail::decode_result<R>(bytes_);
  }

  /// As encoded by `codec`, for those who do not know the type.
  std::string_view bytes() const noexcept { return bytes_; }

 private:
  std::string_view key_;
  std::string_view bytes_;
  unsigned attempts_;
  bool failed_;
};

/// A journal to be read. It may be that of a run that is going on: what is committed is seen. The
/// file needs to be readable, no more; its folder as well where a run was killed.
class journal_reader {
 public:
  /// Throws `journal_corrupt` and `journal_version` as a journal does, and `journal_unwritable`
  /// where the file cannot be opened. `on_damage` is told of each damaged record when it is met;
  /// what it throws leaves `for_each`. Empty: a line on standard error.
  explicit journal_reader(const std::filesystem::path& file,
                          std::function<void(const journal_damage&)> on_damage = {});

  /// How many items are recorded, failures included. Constant time.
  [[nodiscard]] std::uint64_t size() const;

  /// What the journal was made with; empty for a file in which no run has begun.
  [[nodiscard]] std::string fingerprint() const;

  /// As `journal::for_each`.
  template <class Fn>
    requires std::invocable<Fn&, const journal_record&>
  void for_each(Fn&& fn) const {
    show([&fn](const journal_record& each) { std::invoke(fn, each); });
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return file_; }

 private:
  void show(const std::function<void(const journal_record&)>& fn) const;

  std::filesystem::path file_;
  std::function<void(const journal_damage&)> on_damage_;
};

}  // namespace parwork
