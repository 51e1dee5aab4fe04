#include "journal/schema.hpp"

#include "journal/checksum.hpp"
#include "journal/left_rows.hpp"

namespace parwork::detail {

namespace {

constexpr std::int64_t application = 0x70776b6a;  // "pwkj", in the file's first page

// Ranks ascend with the input, so that new records go to the end of the table's tree and a run that
// comes back reads it from front to back. There is no index of keys: it would double what a record
// costs, and a run that needs one makes it for what it has not met yet (cursor.hpp).
constexpr const char* tables = R"(
  BEGIN IMMEDIATE;
  CREATE TABLE records(
    rank INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    key BLOB NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    value BLOB NOT NULL,
    checksum INTEGER NOT NULL);
  CREATE TABLE journal(
    id INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint BLOB NOT NULL,
    result BLOB NOT NULL,
    records INTEGER NOT NULL,
    checksum INTEGER NOT NULL);
)";

std::int64_t header_checksum(const journal_header& header) {
  return static_cast<std::int64_t>(
      record_checksum(header.records, header.fingerprint, 0, 0, header.result));
}

[[noreturn]] void refuse_header(const database& in) {
  throw journal_corrupt(in.file(),
                        "is damaged where it says what it is: restore it from a copy, or move it "
                        "away and start anew");
}

}  // namespace

bool is_new(database& in) {
  const std::int64_t owner = in.number("PRAGMA application_id");
  const std::int64_t version = in.number("PRAGMA user_version");
  if (owner == application) {
    if (version != schema_version) throw journal_version(in.file(), version, schema_version);
    return false;
  }
  if (owner == 0 && version == 0 && in.number("SELECT count(*) FROM sqlite_master") == 0)
    return true;
  throw journal_corrupt(in.file(), "is an SQLite database of another program: name another file");
}

void create_schema(database& in, const std::string& fingerprint) {
  try {
    in.execute(tables);
    make_left_rows(in);
    in.execute(("PRAGMA application_id = " + std::to_string(application)).c_str());
    in.execute(("PRAGMA user_version = " + std::to_string(schema_version)).c_str());
    write_header(in, {fingerprint, {}, 0});
    in.execute("COMMIT");
  } catch (...) {
    in.roll_back();
    throw;
  }
}

void configure(database& in, durability how) {
  in.execute("PRAGMA journal_mode = WAL");
  // FULL: each commit is synced. NORMAL: none is, and a loss of power costs the last commits, but
  // never the file.
  in.execute(how == durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  in.execute("PRAGMA cache_size = -8192");         // KiB
  in.execute("PRAGMA wal_autocheckpoint = 2000");  // pages of 4 KiB
  in.execute("PRAGMA cell_size_check = ON");       // damaged pages show earlier
  in.execute("PRAGMA secure_delete = OFF");        // removed rows cost no writing
}

journal_header read_header(database& in) {
  statement query(in, "SELECT fingerprint, result, records, checksum FROM journal WHERE id = 1");
  if (!query.step()) refuse_header(in);
  journal_header header{std::string(query.bytes(0)), std::string(query.bytes(1)), query.number(2)};
  if (query.number(3) != header_checksum(header)) refuse_header(in);
  return header;
}

void write_header(database& in, const journal_header& header) {
  statement change(in,
                   "INSERT OR REPLACE INTO journal(id, fingerprint, result, records, checksum) "
                   "VALUES (1, ?, ?, ?, ?)");
  change.bind(1, header.fingerprint)
      .bind(2, header.result)
      .bind(3, header.records)
      .bind(4, header_checksum(header))
      .run();
}

}  // namespace parwork::detail
