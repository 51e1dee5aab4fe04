// The journal's file and what works on it: lock, connection, and during a run the cursor that finds
// records and the committer that writes them.
//
// Thread safety: as journal_store and journal_run say. The connection is used under `lock`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "journal/committer.hpp"
#include "journal/cursor.hpp"
#include "journal/database.hpp"
#include "journal/file_lock.hpp"
#include "journal/reserve.hpp"
#include "journal/schema.hpp"
#include "parwork/detail/journal_store.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class journal_store::implementation {
 public:
  implementation(const std::filesystem::path& file, const journal_settings& settings);
  ~implementation();

  [[nodiscard]] std::uint64_t size() PARWORK_EXCLUDES(lock_);
  void for_each(const std::function<void(const journal_record&)>& fn) PARWORK_EXCLUDES(lock_);
  std::uint64_t forget(std::string_view key) PARWORK_EXCLUDES(lock_);
  void compact() PARWORK_EXCLUDES(lock_);
  void commit() PARWORK_EXCLUDES(lock_);
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return file_; }

  // One run at a time, between these two. begin_run throws journal_busy.
  void begin_run() PARWORK_EXCLUDES(lock_);
  void end_run() noexcept PARWORK_EXCLUDES(lock_);

  void expect_results(const std::string& type) PARWORK_EXCLUDES(lock_);
  [[nodiscard]] cursor& records() noexcept { return *cursor_; }
  void add(const change& c) {
    refuse_inherited();
    committer_->add(c);
  }
  void flush() {
    refuse_inherited();
    committer_->flush();
  }

  // Removes what moved records left. What a full disk keeps from it is done by the next run.
  void tidy() PARWORK_EXCLUDES(lock_);

  // The child of a fork has the parent's journal: every use of it throws journal_busy.
  [[nodiscard]] bool is_inherited() const noexcept { return only_one_.is_inherited(); }
  void refuse_inherited() const;
  static void keep_for_ever(std::unique_ptr<implementation> inherited);

 private:
  committer::written write(const group& all) PARWORK_EXCLUDES(lock_);
  void try_write(const group& all) PARWORK_REQUIRES(lock_);
  void write(const change& one) PARWORK_REQUIRES(lock_);
  void refuse_during_run(const char* what) PARWORK_REQUIRES(lock_);

  const std::filesystem::path file_;
  const journal_settings settings_;
  const file_lock only_one_;

  mutex lock_;
  database database_ PARWORK_GUARDED_BY(lock_);
  journal_header header_ PARWORK_GUARDED_BY(lock_);
  bool in_run_ PARWORK_GUARDED_BY(lock_) = false;
  std::int64_t size_before_ PARWORK_GUARDED_BY(lock_) = 0;  // records when the run began

  // What a run has.
  std::optional<statement> put_, replace_, erase_;
  std::vector<std::int64_t> left_;  // rows that the records of a group have left
  std::unique_ptr<reserve> reserve_;
  std::shared_ptr<committer> committer_;  // commit() may still wait in it when the run has ended
  std::unique_ptr<cursor> cursor_;
};

}  // namespace parwork::detail
