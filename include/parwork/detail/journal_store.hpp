// The seam between a journal's templates, which know items and results, and its compiled part,
// which knows bytes and the file.
//
// Thread safety: stated with each class.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "parwork/codec.hpp"
#include "parwork/failure.hpp"
#include "parwork/journal_errors.hpp"

namespace parwork {

class journal_record;

namespace detail {

void encode_failure(const failure& why, std::string& into);
failure decode_failure(std::string_view bytes);

// All of the bytes, and nothing but them.
template <class R>
std::expected<R, failure> decode_result(std::string_view bytes) {
  if constexpr (std::is_void_v<R>) {
    if (!bytes.empty()) throw codec_error("parwork: bytes where there should be none");
    return {};
  } else {
    std::expected<R, failure> result(std::in_place, codec<R>::decode(bytes));
    if (!bytes.empty()) throw codec_error("parwork: more bytes than the value has");
    return result;
  }
}

/// Where an item stands in the journal.
struct journal_place {
  std::int64_t rank = 0;  ///< records in order of rank are in order of the input
  bool replaces = false;  ///< there is a record at this rank, which is to be done again
};

struct recorded_outcome {
  bool failed;
  unsigned attempts;
  std::string bytes;
};

struct journal_settings {
  std::chrono::nanoseconds commit_every;
  std::size_t commit_records;
  parwork::durability durability;
  std::string fingerprint;
  std::function<void(const journal_damage&)> on_damage;
};

/// What a run asks of a journal beyond its settings.
struct replay_policy {
  bool replay = true;
  bool retry_failed = false;
};

/// The file. Thread safety: as `journal` says.
class journal_store {
 public:
  journal_store(const std::filesystem::path& file, const journal_settings& settings);
  ~journal_store();
  journal_store(const journal_store&) = delete;
  journal_store& operator=(const journal_store&) = delete;

  [[nodiscard]] std::uint64_t size() const;
  void for_each(const std::function<void(const journal_record&)>& fn);
  std::uint64_t forget(std::string_view key);
  void compact();
  void commit();
  [[nodiscard]] const std::filesystem::path& path() const noexcept;

 private:
  friend class journal_run;
  class implementation;
  std::unique_ptr<implementation> implementation_;
};

/// One run's use of a journal. Thread safety: `recall` is called by one thread at a time; the
/// others may be called by any thread at any time, so that workers record what they finish.
class journal_run {
 public:
  /// Throws `journal_busy` where another run uses the journal.
  journal_run(journal_store& store, replay_policy policy);
  /// Commits what was recorded, if it can.
  ~journal_run();
  journal_run(const journal_run&) = delete;
  journal_run& operator=(const journal_run&) = delete;

  [[nodiscard]] const replay_policy& policy() const noexcept { return policy_; }

  /// Throws `journal_mismatch` where the file holds results of another type.
  void expect_results(const std::type_info& type);

  /// Takes the next item of the input: finds its record, or gives it a place for one. Throws
  /// `journal_corrupt`.
  [[nodiscard]] std::optional<recorded_outcome> recall(std::string_view key, journal_place& place);

  /// The outcome that was recalled. Throws `journal_mismatch` where its bytes are no `R`.
  template <class R>
  [[nodiscard]] std::expected<R, failure> outcome_of(std::string_view key,
                                                     const recorded_outcome& recorded) const {
    try {
      if (recorded.failed) return std::unexpected(decode_failure(recorded.bytes));
      return decode_result<R>(recorded.bytes);
    } catch (const codec_error& wrong) {
      refuse_result(key, wrong.what());
    }
  }

  /// Keeps a finished item for the next commit. Blocks while two groups are waiting for the disk.
  /// Throws `journal_unwritable` from the first commit that failed on, and what the codec throws.
  template <class R>
  void record(std::string_view key, const journal_place& place, unsigned attempts,
              const std::expected<R, failure>& outcome) {
    std::string bytes;
    if (!outcome) {
      encode_failure(outcome.error(), bytes);
    } else if constexpr (!std::is_void_v<R>) {
      codec<R>::encode(*outcome, bytes);
    }
    record_bytes(key, place, {!outcome.has_value(), attempts, std::move(bytes)});
  }

  /// Commits everything. Throws `journal_unwritable`.
  void finish();

 private:
  void record_bytes(std::string_view key, const journal_place& place, recorded_outcome&& outcome);
  // Says what a record of another type is; throws `journal_mismatch`.
  [[noreturn]] void refuse_result(std::string_view key, const std::string& why) const;

  journal_store::implementation& store_;
  const replay_policy policy_;
};

}  // namespace detail

}  // namespace parwork
