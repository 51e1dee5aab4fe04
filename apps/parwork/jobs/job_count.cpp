#include "jobs/job_count.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "jobs/job_input.hpp"
#include "support/error.hpp"

namespace cli {

std::optional<input_settings> countable(const input_settings& from) {
  if (from.arguments || !from.lists.empty()) return std::nullopt;
  input_settings again = from;
  if (from.file.empty()) {
    const off_t begin = lseek(STDIN_FILENO, 0, SEEK_CUR);
    again.file = "/proc/self/fd/0";  // opened anew: with an offset of its own
    again.begin = begin > 0 ? static_cast<std::uint64_t>(begin) : 0;
  }
  struct stat status{};
  if (stat(again.file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return again;
}

std::optional<std::uint64_t> count_jobs(const input_settings& from, const command_template& command,
                                        job_division division,
                                        const std::function<bool()>& is_stopped) {
  try {
    job_input all(from, command, division);
    if (from.header && !all.read_header()) return 0;
    while (all.next()) {
      if (is_stopped()) return std::nullopt;
    }
    return all.count();
  } catch (const error&) {
    return std::nullopt;  // the run itself says why
  }
}

job_count::job_count(input_settings from, const command_template& command, job_division division,
                     std::function<void(std::uint64_t)> counted)
    : thread_([this, from = std::move(from), &command, division, counted = std::move(counted)] {
        const auto jobs = count_jobs(from, command, division, [this] { return stopped_.load(); });
        if (jobs) counted(*jobs);
      }) {}

job_count::~job_count() {
  stopped_ = true;
  thread_.join();
}

}  // namespace cli
