// What the user has to change: said on standard error in one sentence, with exit status 250.
#pragma once

#include <stdexcept>

namespace cli {

class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// "path: No such file or directory", with the text of an errno.
[[nodiscard]] error system_error(const std::string& what, int code);

}  // namespace cli
