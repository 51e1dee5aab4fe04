#include "support/error.hpp"

#include <string>
#include <system_error>

namespace cli {

error system_error(const std::string& what, int code) {
  return error(what + ": " + std::generic_category().message(code));
}

}  // namespace cli
