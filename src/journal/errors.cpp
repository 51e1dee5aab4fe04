#include "parwork/journal_errors.hpp"

namespace parwork {

namespace {

std::string holder(std::int64_t pid) {
  return pid == 0 ? std::string("another process") : "process " + std::to_string(pid);
}

}  // namespace

journal_busy::journal_busy(std::filesystem::path file, std::int64_t pid)
    : journal_error(std::move(file),
                    "is in use by " + holder(pid) + ": wait for its end, or name another file"),
      pid_(pid) {}

journal_version::journal_version(std::filesystem::path file, std::int64_t found,
                                 std::int64_t supported)
    : journal_error(std::move(file),
                    "has format " + std::to_string(found) + ", and this version of parwork uses " +
                        "format " + std::to_string(supported) +
                        ": finish the run with the version that began it, or start anew"),
      found_(found),
      supported_(supported) {}

}  // namespace parwork
