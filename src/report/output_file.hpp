// A file that is written from its beginning, whose errors are never lost.
//
// Thread safety: none.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

namespace parwork::detail {

class output_file {
 public:
  // Throws std::system_error naming the file where it cannot be made, as every function here does
  // where it cannot be written.
  explicit output_file(const std::filesystem::path& path);
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  void write(std::string_view text);
  // REQUIRES: called once, at the end: what was written is complete only then.
  void close();

 private:
  struct closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  [[noreturn]] void fail(int code) const;

  const std::filesystem::path path_;
  std::unique_ptr<std::FILE, closer> file_;
};

}  // namespace parwork::detail
