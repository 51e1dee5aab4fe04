#include "options/option.hpp"

namespace cli {

std::string option_info::short_name() const {
  return names.starts_with("--") ? std::string() : std::string(names.substr(0, 2));
}

std::string option_info::long_name() const { return std::string(names.substr(names.find("--"))); }

}  // namespace cli
