// How many jobs run at once where a file says it: -j FILE.
//
// Thread safety: a reader is one thread's; a slots_file is made and destroyed by one thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace cli {

/// Looks into the file, and tells what is new.
class slots_reader {
 public:
  explicit slots_reader(std::string file) : file_(std::move(file)) {}

  /// What one look brought: a number that differs from the last one, or what is wrong, which is
  /// said once and at the second look: the file may be half-written at the first.
  struct news {
    std::optional<unsigned> slots = {};
    std::string complaint = {};
  };
  [[nodiscard]] news look();

  /// The number in the file now. Throws cli::error that names the file and what would do.
  [[nodiscard]] unsigned read();

 private:
  const std::string file_;
  std::optional<unsigned> last_;
  std::string wrong_;  // at the last look; empty: nothing was
  bool said_ = false;
};

/// Looks twice a second. Its content is read, and not its time of change, which a second change may
/// leave as it is.
class slots_file {
 public:
  /// `use` and `complain` are called by a thread of its own, one at a time.
  slots_file(const std::string& file, std::function<void(unsigned)> use,
             std::function<void(const std::string&)> complain);
  slots_file(const slots_file&) = delete;
  slots_file& operator=(const slots_file&) = delete;
  ~slots_file();

 private:
  void run();

  slots_reader reader_;
  const std::function<void(unsigned)> use_;
  const std::function<void(const std::string&)> complain_;
  std::mutex mutex_;  // of over_
  std::condition_variable over_changed_;
  bool over_ = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace cli
