#include "journal/database.hpp"

#include <new>
#include <utility>

namespace parwork::detail {

namespace {

// How long another process may hold the file's write lock, as a shell with an open transaction
// does, before that is an error. Milliseconds.
constexpr int patience = 10'000;

std::string said(sqlite3* handle, int code) {
  std::string text = std::string(" (SQLite: ") + sqlite3_errstr(code);
  if (handle != nullptr && sqlite3_errcode(handle) == (code & 0xff)) {
    text = std::string(" (SQLite: ") + sqlite3_errmsg(handle);
  }
  return text + ", code " + std::to_string(code) + ")";
}

// The statements are always the same, so where one of them is wrong (ERROR) or breaks a rule of the
// tables (CONSTRAINT, MISMATCH), the tables are not what they were.
bool is_damage(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_SCHEMA:
    case SQLITE_TOOBIG:
      return true;
    default:
      return code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS ||
             code == SQLITE_IOERR_DATA;
  }
}

}  // namespace

database::database(std::filesystem::path file, opening how) : file_(std::move(file)) {
  sqlite3* handle = nullptr;
  const int flags = how == opening::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                               : SQLITE_OPEN_READONLY;
  const int code = sqlite3_open_v2(file_.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(handle == nullptr ? code : sqlite3_extended_errcode(handle));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, patience);
}

void database::fail(int code) const {
  const std::string why = said(handle_.get(), code);
  if ((code & 0xff) == SQLITE_NOMEM) throw std::bad_alloc();
  if (is_damage(code)) {
    throw journal_corrupt(file_, "is damaged, or is no journal" + why +
                                     ": restore it from a copy, or move it away and start anew");
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      throw journal_full(file_, "cannot grow: the disk, or the temporary folder, is full" + why +
                                    ": make room and run again, what is recorded stays");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw journal_unwritable(
          file_, "may not be written" + why + ": check the permissions of the file and its folder");
    case SQLITE_CANTOPEN:
      throw journal_unwritable(file_, "cannot be opened or made" + why +
                                          ": check that its folder exists and may be written");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw journal_unwritable(
          file_, "is locked by another program" + why + ": end that program's transaction");
    default:
      throw journal_unwritable(file_, "cannot be read or written" + why);
  }
}

void database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::int64_t database::number(const char* sql) {
  statement query(*this, sql);
  return query.step() ? query.number(0) : 0;
}

void database::roll_back() noexcept {
  if (sqlite3_get_autocommit(handle_.get()) == 0) {
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

statement::statement(database& in, std::string_view sql) : database_(in) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(in.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) in.fail(code);
}

statement& statement::bind(int position, std::int64_t value) {
  const int code = sqlite3_bind_int64(handle_.get(), position, value);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

statement& statement::bind(int position, std::string_view blob) {
  // Never a null pointer: that would be NULL, not a blob of no bytes.
  const int code = sqlite3_bind_blob64(handle_.get(), position, blob.empty() ? "" : blob.data(),
                                       blob.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

bool statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  reset();
  database_.fail(code);
}

void statement::run() {
  const resetting afterwards(*this);
  while (step()) {
  }
}

void statement::reset() noexcept {
  sqlite3_reset(handle_.get());  // its code is that of the step before, which has been thrown
}

std::int64_t statement::number(int column) noexcept {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string_view statement::bytes(int column) noexcept {
  const void* const data = sqlite3_column_blob(handle_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

}  // namespace parwork::detail
