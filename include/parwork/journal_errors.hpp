// What can be wrong with a journal, one type for each.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace parwork {

/// What recorded items survive.
enum class durability {
  full,     ///< a loss of power: an fsync for each commit
  process,  ///< the death of the process, by kill -9 too
};

/// The base of all that a journal throws about its file. `what()` names the file, what is wrong and
/// what to do.
class journal_error : public std::runtime_error {
 public:
  journal_error(std::filesystem::path file, const std::string& message)
      : std::runtime_error("parwork: the journal " + file.string() + " " + message),
        file_(std::move(file)) {}

  const std::filesystem::path& path() const noexcept { return file_; }

 private:
  std::filesystem::path file_;
};

/// The file belongs to another run: its fingerprint, or the type of its results, is another one.
class journal_mismatch : public journal_error {
 public:
  journal_mismatch(std::filesystem::path file, const std::string& message, std::string recorded,
                   std::string given)
      : journal_error(std::move(file), message),
        recorded_(std::move(recorded)),
        given_(std::move(given)) {}

  /// What the file has and what it was opened with. Both are empty where its results are not what
  /// their codec reads.
  const std::string& recorded() const noexcept { return recorded_; }
  const std::string& given() const noexcept { return given_; }

 private:
  std::string recorded_;
  std::string given_;
};

/// Another run has it, or the process that this one was forked off from.
class journal_busy : public journal_error {
 public:
  journal_busy(std::filesystem::path file, std::int64_t pid);
  journal_busy(std::filesystem::path file, std::int64_t pid, const std::string& message)
      : journal_error(std::move(file), message), pid_(pid) {}

  /// The process that has the file open; 0 where it is not known. It may be this one.
  std::int64_t pid() const noexcept { return pid_; }

 private:
  std::int64_t pid_;
};

/// The file is no journal, or damaged beyond single records.
class journal_corrupt : public journal_error {
 public:
  using journal_error::journal_error;
};

/// It cannot be written: a full disk, a read-only file, an error of the device.
class journal_unwritable : public journal_error {
 public:
  using journal_error::journal_error;
};

/// The file has another format than this version of parwork writes.
class journal_version : public journal_error {
 public:
  journal_version(std::filesystem::path file, std::int64_t found, std::int64_t supported);

  std::int64_t found() const noexcept { return found_; }
  std::int64_t supported() const noexcept { return supported_; }

 private:
  std::int64_t found_;
  std::int64_t supported_;
};

/// A record that cannot be trusted: its item is done again.
struct journal_damage {
  std::filesystem::path file;
  std::string key;  ///< as it stands in the file; it may be what is damaged
  std::string reason;
};

}  // namespace parwork
