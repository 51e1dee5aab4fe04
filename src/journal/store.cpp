#include "journal/store.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/type_name.hpp"
#include "journal/file_name.hpp"
#include "journal/left_rows.hpp"
#include "journal/record_scan.hpp"
#include "parwork/journal.hpp"

namespace parwork {

namespace detail {

namespace {

// Beyond that it makes no difference, and sums of times stay in range.
constexpr std::chrono::hours longest_group(24);

void refuse(const char* option, const std::string& value, const char* range) {
  throw std::invalid_argument(std::string("parwork: journal_options.") + option + " is " + value +
                              ", it must be " + range);
}

journal_settings validated(const journal_settings& given) {
  constexpr std::size_t most = 1'000'000;
  if (given.commit_every.count() < 0) {
    refuse("commit_every", std::to_string(given.commit_every.count()) + " ns", "0 or more");
  }
  if (given.commit_records == 0 || given.commit_records > most) {
    refuse("commit_records", std::to_string(given.commit_records), "1 to 1000000");
  }
  return given;
}

journal_mismatch mismatch(const std::filesystem::path& file, const char* what,
                          const std::string& recorded, const std::string& given) {
  return {file,
          std::string("was made with the ") + what + " \"" + recorded +
              "\", and is to be used with \"" + given +
              "\": use another file, or what it was made with",
          recorded, given};
}

journal_header open_header(database& in, const journal_settings& settings) {
  journal_header header{settings.fingerprint, {}, 0};
  const bool fresh = is_new(in);
  if (!fresh) header = read_header(in);
  if (header.fingerprint != settings.fingerprint) {
    throw mismatch(in.file(), "fingerprint", header.fingerprint, settings.fingerprint);
  }
  configure(in, settings.durability);  // from here on the file may change
  if (fresh) create_schema(in, settings.fingerprint);
  return header;
}

}  // namespace

// --- The file ---

journal_store::implementation::implementation(const std::filesystem::path& file,
                                              const journal_settings& settings)
    : file_(real_path(file)),
      settings_(validated(settings)),
      only_one_(file_),
      database_(file_),
      header_(open_header(database_, settings_)) {
  only_one_.name_owner();
}

// Whoever reads the file keeps SQLite from doing so itself: then a part would stay in its log.
journal_store::implementation::~implementation() {
  try {
    const lock_guard guard(lock_);
    database_.execute("PRAGMA busy_timeout = 1000");
    (void)database_.number("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (const std::exception&) {
    return;  // it is in the log, and the next one finds it there
  }
}

// Where leak checkers see that it is still there.
void journal_store::implementation::keep_for_ever(std::unique_ptr<implementation> inherited) {
  static std::vector<std::unique_ptr<implementation>>& kept =
      *new std::vector<std::unique_ptr<implementation>>;
  static mutex& lock = *new mutex;
  const lock_guard guard(lock);
  kept.push_back(std::move(inherited));
}

std::uint64_t journal_store::implementation::size() {
  refuse_inherited();
  const lock_guard guard(lock_);
  return static_cast<std::uint64_t>(in_run_ ? size_before_ + committer_->growth()
                                            : header_.records);
}

void journal_store::implementation::for_each(const std::function<void(const journal_record&)>& fn) {
  refuse_inherited();
  for (record_scan scan;;) {
    std::vector<record> some;
    {
      const lock_guard guard(lock_);
      some = scan.read(database_);
    }
    if (some.empty()) return;
    scan.take(some);
    for (const record& each : some) show_record(each, file_, settings_.on_damage, fn);
  }
}

std::uint64_t journal_store::implementation::forget(std::string_view key) {
  refuse_inherited();
  const lock_guard guard(lock_);
  refuse_during_run("forget");
  try {
    database_.execute("BEGIN IMMEDIATE");
    statement gone(database_, "DELETE FROM records WHERE hash = ? AND key = ?");
    gone.bind(1, static_cast<std::int64_t>(hash_bytes(key))).bind(2, key).run();
    const auto count = database_.number("SELECT changes()");
    journal_header changed = header_;
    changed.records -= count;
    write_header(database_, changed);
    database_.execute("COMMIT");
    header_ = changed;
    return static_cast<std::uint64_t>(count);
  } catch (...) {
    database_.roll_back();
    throw;
  }
}

void journal_store::implementation::compact() {
  refuse_inherited();
  const lock_guard guard(lock_);
  refuse_during_run("compact");
  database_.execute("VACUUM");
  (void)database_.number("PRAGMA wal_checkpoint(TRUNCATE)");
}

void journal_store::implementation::commit() {
  refuse_inherited();
  std::shared_ptr<committer> running;
  {
    const lock_guard guard(lock_);
    if (in_run_) running = committer_;
  }
  if (running != nullptr) running->flush();
}

void journal_store::implementation::refuse_during_run(const char* what) {
  if (in_run_) {
    throw std::logic_error(std::string("parwork: journal::") + what +
                           " was called while a run uses the journal");
  }
}

// Before any lock: in the child, what other threads of the parent held stays locked for ever.
void journal_store::implementation::refuse_inherited() const {
  if (only_one_.is_inherited()) throw busy_elsewhere(file_, only_one_.owner());
}

// --- A run ---

void journal_store::implementation::begin_run() {
  refuse_inherited();
  const lock_guard guard(lock_);
  if (in_run_) throw journal_busy(file_, ::getpid());
  make_left_rows(database_);
  remove_left_rows(database_);
  // Ranks are given out once: a new record in another's place would be a fault, and says so.
  std::string put("INTO records(");
  put.append(record_columns).append(") VALUES (?, ?, ?, ?, ?, ?, ?)");
  put_.emplace(database_, std::string("INSERT ").append(put));
  replace_.emplace(database_, std::string("INSERT OR REPLACE ").append(put));
  erase_.emplace(database_, "DELETE FROM records WHERE rank = ?");
  reserve_ = std::make_unique<reserve>(file_);
  committer_ = std::make_shared<committer>(
      committer::limits{std::min<std::chrono::nanoseconds>(settings_.commit_every, longest_group),
                        settings_.commit_records, reserve_->group_bytes()},
      [this](const group& all) { return write(all); });
  cursor_ = std::make_unique<cursor>(
      file_, static_cast<std::uint64_t>(header_.records),
      cursor::callbacks{
          [this](const change& c) { add(c); },
          [this](const record& damaged) { report_damage(damaged, file_, settings_.on_damage); }});
  size_before_ = header_.records;
  in_run_ = true;
}

void journal_store::implementation::end_run() noexcept {
  if (only_one_.is_inherited()) return;  // the thread that writes is the parent's
  cursor_.reset();
  // Still to be seen by size() and commit() while it writes what is left. Whoever asked for the
  // records to be durable has been told of errors: see journal_run::finish.
  committer_->drain();
  const lock_guard guard(lock_);
  in_run_ = false;
  committer_.reset();
  put_.reset();
  replace_.reset();
  erase_.reset();
  reserve_.reset();
}

void journal_store::implementation::expect_results(const std::string& type) {
  refuse_inherited();
  const lock_guard guard(lock_);
  if (header_.result == type) return;
  if (!header_.result.empty()) {
    throw mismatch(file_, "result type", header_.result, type);
  }
  journal_header changed = header_;
  changed.result = type;
  write_header(database_, changed);
  header_ = changed;
}

// On the committer's thread. When the disk is full, what has been collected is recorded all the
// same, in the room that was set aside for it; the error ends the run.
committer::written journal_store::implementation::write(const group& all) {
  const lock_guard guard(lock_);
  try {
    try_write(all);
    return {};
  } catch (const journal_full&) {
    if (!reserve_->release()) throw;
    try_write(all);
    return {std::current_exception()};
  }
}

void journal_store::implementation::try_write(const group& all) {
  try {
    database_.execute("BEGIN IMMEDIATE");
    left_.clear();
    for (std::size_t i = 0; i < all.size(); ++i) write(all.at(i));
    note_left_rows(database_, left_);
    journal_header changed = header_;
    changed.records += all.adds();
    write_header(database_, changed);
    database_.execute("COMMIT");
    header_ = changed;
  } catch (...) {
    database_.roll_back();
    throw;
  }
}

void journal_store::implementation::write(const change& one) {
  if (one.what == change::kind::erase) return erase_->bind(1, one.rank).run();
  const bool moves = one.what == change::kind::move;
  if (moves) left_.push_back(one.rank);
  statement& put = one.replaces ? *replace_ : *put_;
  put.bind(1, moves ? one.to : one.rank)
      .bind(2, static_cast<std::int64_t>(one.hash))
      .bind(3, one.key)
      .bind(4, one.state)
      .bind(5, one.attempts)
      .bind(6, one.value)
      .bind(7, static_cast<std::int64_t>(one.checksum))
      .run();
}

// When all is written: what a run leaves undone here, the next one does.
void journal_store::implementation::tidy() {
  refuse_inherited();
  const lock_guard guard(lock_);
  try {
    remove_left_rows(database_);
  } catch (const journal_full&) {
    return;  // all is recorded, and these rows are passed over
  }
}

// --- What the templates call ---

void refuse_key(const std::type_info& takes, const std::type_info& items) {
  throw std::invalid_argument("parwork: journal_options.key takes " + type_name(takes) +
                              ", and the run's items are " + type_name(items));
}

journal_store::journal_store(const std::filesystem::path& file, const journal_settings& settings)
    : implementation_(std::make_unique<implementation>(file, settings)) {}
journal_store::~journal_store() {
  // The child of a fork leaves all as it is, SQLite's connection too: closing it is for the parent.
  if (implementation_->is_inherited()) implementation::keep_for_ever(std::move(implementation_));
}
std::uint64_t journal_store::size() const { return implementation_->size(); }
void journal_store::for_each(const std::function<void(const journal_record&)>& fn) {
  implementation_->for_each(fn);
}
std::uint64_t journal_store::forget(std::string_view key) { return implementation_->forget(key); }
void journal_store::compact() { implementation_->compact(); }
void journal_store::commit() { implementation_->commit(); }
const std::filesystem::path& journal_store::path() const noexcept {
  return implementation_->path();
}

journal_run::journal_run(journal_store& store, replay_policy policy)
    : store_(*store.implementation_), policy_(policy) {
  store_.begin_run();
}
journal_run::~journal_run() { store_.end_run(); }

void journal_run::expect_results(const std::type_info& type) {
  store_.expect_results(type_name(type));
}

std::optional<recorded_outcome> journal_run::recall(std::string_view key, journal_place& place) {
  store_.refuse_inherited();
  auto found = store_.records().find(key, place.rank);
  if (!found) return std::nullopt;
  if (found->failed() && policy_.retry_failed) {
    place.replaces = true;
    return std::nullopt;
  }
  return recorded_outcome{found->failed(), found->attempts, std::move(found->value)};
}

void journal_run::record_bytes(std::string_view key, const journal_place& place,
                               recorded_outcome&& outcome) {
  const auto state =
      static_cast<int>(outcome.failed ? record_state::failure : record_state::success);
  store_.add({.what = change::kind::put,
              .rank = place.rank,
              .replaces = place.replaces,
              .hash = hash_bytes(key),
              .state = state,
              .attempts = outcome.attempts,
              .checksum = record_checksum(place.rank, key, state, outcome.attempts, outcome.bytes),
              .key = key,
              .value = outcome.bytes});
}

void journal_run::finish() {
  store_.flush();
  store_.tidy();
}

void journal_run::refuse_result(std::string_view key, const std::string& why) const {
  throw journal_mismatch(store_.path(),
                         "has a result for \"" + printable(key) +
                             "\" that the codec does not read (" + why +
                             "): use the code that it was made with, or another file",
                         "", "");
}

}  // namespace detail

}  // namespace parwork
