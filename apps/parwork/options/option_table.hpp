// Options of one subcommand: CLI11 knows them and prints the help; words are told apart here.
//
// CLI11 does not take the words apart, because here options end at the first word that is none,
// and values are bytes that may look like anything ("-d -", "-c '[a]'").
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

class option_table {
 public:
  option_table(std::string name, std::string description);

  /// The options that follow are of this group in the help.
  void group(std::string name) { group_ = std::move(name); }

  /// `names` as CLI11 takes them: "-j,--workers". What `use` throws is prefixed by the option.
  void flag(const std::string& names, const std::string& help, std::function<void()> use);
  void value(const std::string& names, const std::string& what, const std::string& help,
             std::function<void(const std::string&)> use);

  /// Uses the options at the front of the words; returns the words behind them. Throws cli::error.
  std::vector<std::string> parse(const std::vector<std::string>& words);

  /// How many words parse has used, "--" included.
  [[nodiscard]] std::size_t used() const noexcept { return used_; }

  /// What parse has used, one word for each option and value, but for the options named here.
  [[nodiscard]] std::vector<std::string> used_but(const std::vector<std::string>& names) const;

  [[nodiscard]] std::string help(const std::string& usage, const std::string& footer);

 private:
  struct entry {
    bool takes_value;
    std::function<void(const std::string&)> use;
  };

  void add(CLI::Option* option, entry what);
  void parse_long(const std::vector<std::string>& words);
  void parse_short(const std::vector<std::string>& words);
  void use(const std::string& name, const std::string& value);
  const entry& find(const std::string& name) const;
  const std::string& following_value(const std::vector<std::string>& words,
                                     const std::string& name);

  std::unique_ptr<CLI::App> app_;
  std::string group_ = "Options";
  std::map<std::string, entry> entries_;  // by name, with dashes
  std::size_t used_ = 0;
  struct used_option {
    std::string name, value;
    bool takes_value;
  };
  std::vector<used_option> used_options_;
};

/// The known word that is most like another one, or nothing where none is.
[[nodiscard]] std::string most_similar(std::string_view word,
                                       const std::vector<std::string>& known);

}  // namespace cli
