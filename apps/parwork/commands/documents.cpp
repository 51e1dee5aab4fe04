#include "commands/documents.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "commands/commands.hpp"
#include "support/error.hpp"

namespace cli {
namespace {

constexpr std::string_view generated =
    "# made from the table of options, by the target parwork_documents\n";
constexpr std::size_t usage_width = 38;  // of the overview's columns
constexpr std::size_t section_width = 10;
constexpr std::size_t option_width = 23;

std::string padded(std::string_view text, std::size_t width) {
  std::string all(text);
  all.resize(std::max(width, all.size()), ' ');
  return all;
}

std::string replaced(std::string_view text, char what, std::string_view by) {
  std::string all;
  for (const char c : text) {
    if (c == what) {
      all += by;
    } else {
      all += c;
    }
  }
  return all;
}

std::string capitalized(std::string_view text) {
  std::string all(text);
  if (!all.empty() && all.front() >= 'a' && all.front() <= 'z') {
    all.front() = static_cast<char>(all.front() - 'a' + 'A');
  }
  return all;
}

// Those that are told of.
std::vector<const command*> announced() {
  std::vector<const command*> all;
  for (const command* each : commands()) {
    if (!each->summary.empty()) all.push_back(each);
  }
  return all;
}

std::string names_of_commands(std::string_view between) {
  std::string all;
  for (const command* each : announced()) {
    if (!all.empty()) all += between;
    all += each->name;
  }
  return all;
}

std::vector<std::string> names_of(const option_info& option) {
  std::vector<std::string> all;
  if (auto name = option.short_name(); !name.empty()) all.push_back(std::move(name));
  all.push_back(option.long_name());
  return all;
}

std::string joined_names(const option_info& option, std::string_view between) {
  std::string all;
  for (const std::string& each : names_of(option)) {
    if (!all.empty()) all += between;
    all += each;
  }
  return all;
}

}  // namespace

// --- the overview ------------------------------------------------------------------------------

std::string overview() {
  std::string text;
  for (const command* each : announced()) {
    text += text.empty() ? "usage: parwork " : "       parwork ";
    if (each->usage.size() < usage_width) {
      text += padded(each->usage, usage_width - 8) + std::string(each->summary);
    } else {
      text += each->usage;
    }
    text += '\n';
  }
  text +=
      "       parwork --help | --version            parwork SUBCOMMAND --help has the rest\n\n"
      "Runs COMMAND for each item, as many at once as there are CPUs. Items are the lines of "
      "standard\n"
      "input, or the words behind :::. Example: ls *.png | parwork convert {} {.}.jpg\n\n";
  std::string_view section;
  for (const option_info& each : find_command("run")->options()) {
    if (each.overview.names.empty()) continue;
    const std::string_view title = each.section.substr(0, each.section.find(' '));
    text += padded(title == section ? "" : title, section_width);
    text += padded(each.overview.names, option_width) + std::string(each.overview.text) + '\n';
    section = title;
  }
  return text + R"(
Placeholders: {} item, {.} without extension, {/} name, {//} folder, {/.} name without extension,
{#} number, {%} slot, {1} {2} columns. Without one the item is appended.

Exit status: 0 all succeeded, 1 to 100 so many failed, 101 more, 126/127 command not runnable/not
found, 130/143/141 INT/TERM/reader gone, 250 bad usage or a file that cannot be written.
)";
}

// --- bash --------------------------------------------------------------------------------------

namespace {

std::string valued_names(const command& which) {
  std::string all;
  for (const option_info& each : which.options()) {
    if (!each.value.empty()) all += ' ' + joined_names(each, " ");
  }
  return all;
}

std::string long_names(const command& which) {
  std::string all;
  for (const option_info& each : which.options()) {
    all += (all.empty() ? "" : " ") + each.long_name();
  }
  return all;
}

// The case of an option's value.
std::string bash_value(const command& which, const option_info& option) {
  std::string pattern;
  for (const std::string& each : names_of(option)) {
    if (!pattern.empty()) pattern += " | ";
    pattern.append(which.name).append(":").append(each);
  }
  std::string words;
  if (!option.choices.empty()) {
    words = "-W '" + std::string(option.choices) + "' ";
  } else if (option.completes == completion::files) {
    words = "-f ";
  } else {
    return "    " + pattern + ") return ;;\n";
  }
  return "    " + pattern + ") mapfile -t COMPREPLY < <(compgen " + words +
         "-- \"$current\"); return ;;\n";
}

constexpr std::string_view bash_find_command = R"(
  # The first word that is neither an option nor the value of one: there the command begins.
  for ((i = first; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ $valued == *" $word "* ]]; then
      ((++i))
    elif [[ $word == -- ]]; then
      command_at=$((i + 1))
      break
    elif [[ $word != -* && $of == run ]]; then
      command_at=$i
      break
    fi
  done
  if ((command_at > 0)); then
    if declare -F _command_offset >/dev/null && ((command_at <= COMP_CWORD)); then
      _command_offset "$command_at"
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
    return
  fi

)";

}  // namespace

std::string bash_completion() {
  const std::string names = names_of_commands("|");
  std::string text = "# bash completion of parwork(1)\n" + std::string(generated) + R"(
_parwork() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word i command_at=0
  local of=run first=1 valued options
  COMPREPLY=()
  if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} =~ ^()" +
                     names + R"()$ ]]; then
    of=${COMP_WORDS[1]}
    first=2
  fi
  case $of in
)";
  std::string values;
  for (const command* each : announced()) {
    text += "    " + std::string(each->name) + ")\n      valued='" + valued_names(*each) +
            " '\n      options='" + long_names(*each) + "' ;;\n";
    for (const option_info& option : each->options()) {
      if (!option.value.empty()) values += bash_value(*each, option);
    }
  }
  text += "  esac\n";
  text += bash_find_command;
  text += "  case $of:$previous in\n" + values + "  esac\n";
  text += R"(
  [[ $COMP_CWORD != 1 ]] || options+=' --version'
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ $of != run ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -c -- "$current")
    [[ $COMP_CWORD != 1 ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W ')" +
          names_of_commands(" ") + R"(' -- "$current")
  fi
}

complete -F _parwork parwork
)";
  return text;
}

// --- zsh ---------------------------------------------------------------------------------------

namespace {

std::string zsh_text(std::string_view text) {
  std::string all;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') all += '\\';
    if (c == '\'') {
      all += R"('\'')";
    } else {
      all += c;
    }
  }
  return all;
}

std::string zsh_option(const option_info& option) {
  const bool takes_value = !option.value.empty();
  const std::string short_name = option.short_name(), long_name = option.long_name();
  std::string names = long_name + (takes_value ? "=" : "");
  std::string text;
  if (!short_name.empty()) {
    const std::string excluded =
        long_name == "--help" ? "(- *)" : "(" + short_name + " " + long_name + ")";
    text = "'" + excluded + "'{" + short_name + (takes_value ? "+" : "") + "," + names + "}'";
  } else {
    text = "'" + names;
  }
  text += "[" + zsh_text(option.help) + "]";
  if (takes_value) {
    text += ":" + zsh_text(option.value) + ":";
    if (!option.choices.empty()) {
      text += "(" + std::string(option.choices) + ")";
    } else if (option.completes == completion::files) {
      text += "_files";
    }
  }
  return "    " + text + "'\n";
}

}  // namespace

std::string zsh_completion() {
  std::string text =
      "#compdef parwork\n# zsh completion of parwork(1)\n" + std::string(generated) +
      "\n_parwork() {\n  local -a options\n  local of=run\n"
      "  case ${words[2]} in\n    " +
      names_of_commands(" | ") +
      ")\n      (( CURRENT == 2 )) || { of=${words[2]}; shift words; (( CURRENT-- )) }"
      " ;;\n  esac\n  case $of in\n";
  for (const command* each : announced()) {
    text += "  " + std::string(each->name) + ") options=(\n";
    for (const option_info& option : each->options()) text += zsh_option(option);
    text += "  ) ;;\n";
    if (each->operand.empty()) continue;
  }
  text += "  esac\n  case $of in\n";
  for (const command* each : announced()) {
    if (each->operand.empty()) continue;
    text += "    " + std::string(each->name) +
            ") _arguments -s $options '1:" + std::string(each->operand) +
            (each->operand_completes == completion::files ? ":_files" : ":") + "'; return ;;\n";
  }
  return text + R"(  esac
  if (( CURRENT == 2 )) && [[ ${words[CURRENT]} != -* ]]; then
    _alternative 'subcommands:subcommand:()" +
         names_of_commands(" ") + R"()' 'commands:command:_command_names -e'
    return
  fi
  _arguments -s -S $options '(- *)--version[show the version]' '*::command:_normal'
}

_parwork "$@"
)";
}

// --- fish --------------------------------------------------------------------------------------

namespace {

std::string fish_text(std::string_view text) {
  return "'" + replaced(replaced(text, '\\', "\\\\"), '\'', "\\'") + "'";
}

std::string fish_option(std::string_view holds, const option_info& option) {
  std::string text = "complete -c parwork -n " + std::string(holds);
  if (const auto name = option.short_name(); !name.empty()) text += " -s " + name.substr(1);
  text += " -l " + option.long_name().substr(2);
  if (!option.value.empty()) text += option.completes == completion::files ? " -r" : " -x";
  if (!option.choices.empty()) text += " -a " + fish_text(option.choices);
  return text + " -d " + fish_text(option.help) + "\n";
}

constexpr std::string_view fish_find_command = R"(
    set -l words (commandline -opc)
    set -e words[1]
    if contains -- "$words[1]" run resume
        set -e words[1]
    end
    while set -q words[1]
        if contains -- $words[1] $valued
            set -e words[1]
            set -q words[1]; or return 0
        else if not string match -q -- '-*' $words[1]
            return 1
        end
        set -e words[1]
    end
    return 0
end

function __parwork_at
    contains -- $argv[1] (commandline -opc)[2]
end

)";

}  // namespace

std::string fish_completion() {
  std::string text = "# fish completion of parwork(1)\n" + std::string(generated) + R"(
# Whether the command has not begun: every word so far is an option, or the value of one.
function __parwork_at_options
    set -l valued)" + valued_names(*find_command("run"));
  text += fish_find_command;
  for (const command* each : announced()) {
    text += "complete -c parwork -n __fish_use_subcommand -a " + std::string(each->name) + " -d " +
            fish_text(capitalized(each->summary)) + "\n";
  }
  text += "complete -c parwork -n __fish_use_subcommand -l version -d 'Show the version'\n";
  for (const command* each : announced()) {
    if (each->name == "resume") continue;  // its options are those of run, and offered with them
    const std::string holds = each->operand.empty()
                                  ? "__parwork_at_options"
                                  : "'__parwork_at " + std::string(each->name) + "'";
    for (const option_info& option : each->options()) text += fish_option(holds, option);
  }
  return text;
}

// --- the man page ------------------------------------------------------------------------------

namespace {

constexpr std::string_view man_begin = ".\\\" begin: made from the table of options\n";
constexpr std::string_view man_end = ".\\\" end\n";

// "N|N%": what stands in capital letters is for the user to fill in.
std::string man_value(std::string_view value) {
  std::string text;
  bool italic = false;
  for (const char c : value) {
    const bool fill_in = (c >= 'A' && c <= 'Z') || (italic && (c == '.' || (c >= 'a' && c <= 'z')));
    if (fill_in != italic) text += fill_in ? "\\fI" : "\\fR";
    italic = fill_in;
    text += c;
  }
  return italic ? text + "\\fR" : text;
}

std::string man_option(const option_info& option) {
  const std::string long_name = replaced(option.long_name(), '-', "\\-");
  const std::string_view value = option.manual_value.empty() ? option.value : option.manual_value;
  std::string names = long_name;
  if (const auto name = option.short_name(); !name.empty()) {
    names = replaced(name, '-', "\\-") + " \", \" " + long_name;
  }
  const bool alone = names == long_name && value.empty();
  if (!value.empty()) names += " \" " + man_value(value) + "\"";
  return ".TP\n" + std::string(alone ? ".B " : ".BR ") + names + '\n' + std::string(option.manual) +
         '\n';
}

}  // namespace

std::string with_options(const std::string& man_page) {
  const std::size_t begin = man_page.find(man_begin);
  const std::size_t end = man_page.find(man_end);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    throw error("the man page does not say where its options stand");
  }
  std::string text = man_page.substr(0, begin + man_begin.size());
  std::string_view section;
  for (const option_info& each : find_command("run")->options()) {
    if (each.section != section) text.append(".SS ").append(each.section).append("\n");
    section = each.section;
    text += man_option(each);
  }
  return text + man_page.substr(end);
}

}  // namespace cli
