// What a journal's records cost SQLite alone: the same columns, filled by one thread in a loop.
//
// The table and the settings are those of src/journal/schema.cpp, so that what a journal takes
// longer is what it does besides: keys, checksums, groups, and handing them to its thread.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/load.hpp"

namespace bench::peers {

enum class sqlite_sync { none, each_commit };

class sqlite_inserts {
 public:
  sqlite_inserts(const std::filesystem::path& file, sqlite_sync how) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open(file.c_str(), &handle);
    database_.reset(handle);
    check(code);
    execute("PRAGMA journal_mode = WAL");
    execute(how == sqlite_sync::each_commit ? "PRAGMA synchronous = FULL"
                                            : "PRAGMA synchronous = NORMAL");
    execute("PRAGMA cache_size = -8192");
    execute("PRAGMA wal_autocheckpoint = 2000");
    execute("PRAGMA cell_size_check = ON");
    execute(
        "CREATE TABLE records(rank INTEGER PRIMARY KEY, hash INTEGER NOT NULL, key BLOB NOT NULL, "
        "state INTEGER NOT NULL, attempts INTEGER NOT NULL, value BLOB NOT NULL, "
        "checksum INTEGER NOT NULL)");
    sqlite3_stmt* insert = nullptr;
    check(sqlite3_prepare_v3(
        handle,
        "INSERT OR REPLACE INTO records(rank, hash, key, state, attempts, value, checksum) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        -1, SQLITE_PREPARE_PERSISTENT, &insert, nullptr));
    insert_.reset(insert);
  }

  /// Rows 0 to `count`, whose values are `bytes` long, `group` of them in a transaction.
  void run(std::uint64_t count, std::size_t bytes, std::uint64_t group) {
    std::string value(bytes, 'x');
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i % group == 0) {
        execute("BEGIN IMMEDIATE");
      }
      const std::uint64_t number = splitmix(i);
      value.replace(0, sizeof number, reinterpret_cast<const char*>(&number), sizeof number);
      insert(i, std::to_string(i), value, static_cast<std::int64_t>(number));
      if ((i + 1) % group == 0 || i + 1 == count) {
        execute("COMMIT");
      }
    }
  }

 private:
  struct closer {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };

  // `random` in place of the hash and of the checksum: numbers as long as those.
  void insert(std::uint64_t i, std::string_view key, std::string_view value, std::int64_t random) {
    constexpr std::int64_t first_rank = std::int64_t{1} << 50;
    constexpr std::int64_t between = std::int64_t{1} << 30;
    sqlite3_stmt* const row = insert_.get();
    sqlite3_bind_int64(row, 1, first_rank + static_cast<std::int64_t>(i) * between);
    sqlite3_bind_int64(row, 2, random);
    sqlite3_bind_blob64(row, 3, key.data(), key.size(), SQLITE_STATIC);
    sqlite3_bind_int64(row, 4, 0);
    sqlite3_bind_int64(row, 5, 1);
    sqlite3_bind_blob64(row, 6, value.data(), value.size(), SQLITE_STATIC);
    sqlite3_bind_int64(row, 7, ~random);
    sqlite3_step(row);
    check(sqlite3_reset(row));
  }

  void execute(const char* sql) {
    check(sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr));
  }

  void check(int code) const {
    if (code != SQLITE_OK) {
      throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(database_.get()));
    }
  }

  std::unique_ptr<sqlite3, closer> database_;
  std::unique_ptr<sqlite3_stmt, closer> insert_;  // goes first
};

}  // namespace bench::peers
