// The one name by which a journal's file is opened, locked and spoken of, whatever it was called.
//
// SQLite gives some names a meaning of their own (":memory:", "file:...?mode=ro", the empty one),
// and a relative one means another file once the program changes its folder. An absolute one that
// follows all symbolic links has neither fault, and one file has one of them, hard links aside.
//
// Thread safety: pure functions of the file system.
#pragma once

#include <filesystem>
#include <string>

namespace parwork::detail {

/// Follows symbolic links, also one whose target is still to be made. Throws
/// `std::invalid_argument` for what is no name of a file, and `journal_unwritable` where it names a
/// folder or cannot be opened under its name.
[[nodiscard]] std::filesystem::path real_path(const std::filesystem::path& file);

/// The name as SQLite's URI, with parameters behind a question mark. REQUIRES: a real path.
[[nodiscard]] std::string uri_of(const std::filesystem::path& file, const char* parameters);

}  // namespace parwork::detail
