#include "record/results_folder.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

namespace cli {
namespace {

constexpr const char* part_suffix = ".part";

// As the file `item` has them: the item as it is; of several, each is ended by a NUL byte, which no
// argument can have. A block is told by what a journal knows it by.
std::string item_bytes(const job& which) {
  if (!which.block_key.empty()) return which.block_key;
  if (which.items.size() == 1) return which.items.front();
  std::string all;
  for (const std::string& each : which.items) all.append(each).append(1, '\0');
  return all;
}

int rename_in(int folder, const std::string& from, const std::string& to, unsigned how) {
  const long done = syscall(SYS_renameat2, folder, from.c_str(), folder, to.c_str(), how);
  return done == 0 ? 0 : errno;
}

}  // namespace

int job_results::write(stream to, std::string_view bytes) const noexcept {
  if (where_ == nullptr) return 0;
  return write_all((to == stream::out ? out_ : err_).get(), bytes);
}

int job_results::keep(int status) {
  if (where_ == nullptr) return 0;
  const results_folder& where = *std::exchange(where_, nullptr);
  for (descriptor* const each : {&out_, &err_}) {
    if (const int fault = each->close_checked(); fault != 0) return fault;
  }
  const std::string part = name_ + part_suffix;
  if (const int fault = where.write_file(part + "/exit", std::to_string(status) + '\n')) {
    return fault;
  }
  return where.take_place(part, name_);
}

results_folder::results_folder(std::string folder, earlier_results earlier)
    : name_(std::move(folder)) {
  std::error_code fault;
  std::filesystem::create_directories(name_, fault);
  if (fault) throw cannot_be_written(fault.value());
  folder_ = descriptor(open(name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_.is_open()) throw cannot_be_written(errno);
  if (access(name_.c_str(), W_OK | X_OK) != 0) throw cannot_be_written(errno);
  const bool empty = std::filesystem::is_empty(name_, fault);
  if (fault) throw cannot_be_written(fault.value());
  if (!empty && earlier == earlier_results::refused) {
    throw error("--results: the folder " + name_ +
                " is not empty: give another one, or go on with its run by --journal and --resume");
  }
}

error results_folder::cannot_be_written(int fault) const {
  return system_error("--results: the folder " + name_ + " cannot be written", fault);
}

int results_folder::begin(const job& which, job_results& files) const {
  std::string name = std::to_string(which.sequence);
  const std::string part = name + part_suffix;
  if (mkdirat(folder_.get(), part.c_str(), 0777) != 0 && errno != EEXIST) return errno;
  const auto open_in = [&](const char* file) {
    return descriptor(openat(folder_.get(), (part + file).c_str(),
                             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  };
  if (const int fault = write_file(part + "/item", item_bytes(which))) return fault;
  files.out_ = open_in("/stdout");
  if (!files.out_.is_open()) return errno;
  files.err_ = open_in("/stderr");
  if (!files.err_.is_open()) return errno;
  files.name_ = std::move(name);
  files.where_ = this;
  return 0;
}

int results_folder::write_file(const std::string& name, std::string_view bytes) const {
  descriptor file(
      openat(folder_.get(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.is_open()) return errno;
  if (const int fault = write_all(file.get(), bytes); fault != 0) return fault;
  return file.close_checked();
}

// An earlier run may have left a folder of that name. The two change places, so that there is one
// at all times; a file system that cannot do so has none for a moment.
int results_folder::take_place(const std::string& part, const std::string& name) const {
  int fault = rename_in(folder_.get(), part, name, 0);
  if (fault != ENOTEMPTY && fault != EEXIST) return fault;
  std::error_code removed;
  fault = rename_in(folder_.get(), part, name, RENAME_EXCHANGE);
  if (fault != EINVAL && fault != ENOSYS) {
    if (fault == 0) std::filesystem::remove_all(std::filesystem::path(name_) / part, removed);
    return fault != 0 ? fault : removed.value();
  }
  std::filesystem::remove_all(std::filesystem::path(name_) / name, removed);
  return removed ? removed.value() : rename_in(folder_.get(), part, name, 0);
}

// Of this job: items may have been put before it since.
bool results_folder::has(const job& which) const {
  const std::string name = std::to_string(which.sequence);
  if (faccessat(folder_.get(), (name + "/exit").c_str(), F_OK, 0) != 0) return false;
  const descriptor file(
      openat(folder_.get(), (name + "/item").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const std::string wanted = item_bytes(which);
  std::string there(wanted.size() + 1, '\0');
  std::size_t length = 0;
  while (length < there.size()) {
    const ssize_t count = read(file.get(), there.data() + length, there.size() - length);
    if (count <= 0) break;
    length += static_cast<std::size_t>(count);
  }
  there.resize(length);
  return there == wanted;
}

void results_folder::restore(const job& which, const outcome& recorded) const {
  if (has(which)) return;
  recorded.out.check();
  recorded.err.check();
  job_results files;
  int fault = begin(which, files);
  const auto copy = [&](stream to, const held_output& from) {
    from.visit([&](std::string_view bytes) {
      if (fault == 0) fault = files.write(to, bytes);
    });
  };
  copy(stream::out, recorded.out);
  copy(stream::err, recorded.err);
  if (fault == 0) fault = files.keep(recorded.status());
  if (fault != 0) throw cannot_be_written(fault);
}

}  // namespace cli
