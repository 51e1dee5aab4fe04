#include "jobs/start_fault.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/status.hpp"

namespace cli {
namespace {

constexpr rlim_t files_of_pipes = 5;  // two of them, and the process
constexpr rlim_t files_of_results = 2;
constexpr rlim_t files_of_a_block = 2;

}  // namespace

bool is_for_lack_of_resources(int fault) noexcept {
  return fault == EAGAIN || fault == ENOMEM || fault == EMFILE || fault == ENFILE ||
         fault == ENOBUFS;
}

bool is_not_runnable(int fault) noexcept {
  return fault == ENOENT || fault == ENOTDIR || fault == EACCES || fault == EPERM ||
         fault == ENOEXEC || fault == EISDIR || fault == ELOOP || fault == ENAMETOOLONG ||
         fault == ETXTBSY || fault == ELIBBAD;
}

std::string why_not_started(const std::string& program, std::size_t items, int fault) {
  if (fault == EINVAL) return "the item has a NUL byte, which no argument can have";
  if (fault == E2BIG && items > 1) {
    return std::to_string(items) + " items are too long for one command line here: lower -n";
  }
  if (fault == E2BIG) return "the item is too long for an argument";
  if (fault == ENOENT && !program.contains('/'))
    return "cannot run '" + program + "': command not found";
  if (fault == ENOENT && access(program.c_str(), F_OK) == 0) {
    return "cannot run '" + program + "': the interpreter that its first line names is missing";
  }
  return "cannot run '" + program + "': " + std::strerror(fault);
}

void note_not_started(job_end& into, const std::string& program, std::size_t items, int fault) {
  into.refuse(fault == ENOENT ? status::not_found : status::not_runnable,
              why_not_started(program, items, fault));
  into.can_be_repeated = is_for_lack_of_resources(fault);
}

error too_few_files(const run_settings& settings) {
  const rlim_t files_of_a_start = files_of_pipes +
                                  (settings.results.empty() ? 0 : files_of_results) +
                                  (settings.input.blocks ? files_of_a_block : 0);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlim_t open = 0;
  for (rlim_t each = 0; each < limit.rlim_cur; ++each) {
    if (fcntl(static_cast<int>(each), F_GETFD) >= 0) ++open;
  }
  return error("only " + std::to_string(limit.rlim_cur) +
               " files may be open at once, and a job needs " +
               std::to_string(open + files_of_a_start) + ": raise the limit (ulimit -n)");
}

}  // namespace cli
