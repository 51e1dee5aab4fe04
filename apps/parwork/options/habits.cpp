#include "options/habits.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cli {
namespace {

using habit = std::pair<std::string_view, std::string_view>;

constexpr std::array<habit, 56> habits{{
    {"-P", "-j N"},
    {"--max-procs", "-j N"},
    {"--jobs", "-j N"},
    {"--threads", "-j N"},
    {"-I", "{} stands for the item in any argument"},
    {"-i", "{} stands for the item in any argument"},
    {"--replace", "{} stands for the item in any argument"},
    {"-L", "-n N"},
    {"-l", "-n N"},
    {"-N", "-n N"},
    {"-X", "-n N"},
    {"-m", "-n N"},
    {"-x", "-n N"},
    {"--xargs", "-n N"},
    {"--max-args", "-n N"},
    {"--max-lines", "-n N"},
    {"--max-replace-args", "-n N"},
    {"--batch-size", "-n N"},
    {"-s", "-n N limits what a job gets"},
    {"--max-chars", "-n N limits what a job gets"},
    {"-u", "--output raw"},
    {"--ungroup", "--output raw"},
    {"--lb", "--output line"},
    {"--line-buffer", "--output line"},
    {"--linebuffer", "--output line"},
    {"--group", "--output group, which is the default"},
    {"--immediate-output", "--output raw"},
    {"--tagstring", "--tag"},
    {"--arg-file", "-a FILE"},
    {"--arg-sep", ":::"},
    {"--colsep", "-C SEP"},
    {"--field-delimiter", "-C SEP"},
    {"--record-delimiter", "-d C"},
    {"--print0", "-0"},
    {"--bar", "--progress on"},
    {"--eta", "--progress on"},
    {"--joblog", "--log FILE"},
    {"--results", "--journal FILE, and 'parwork results FILE' prints them"},
    {"--dryrun", "--dry-run"},
    {"--halt-on-error", "--halt now,fail=1"},
    {"--stop-on-error", "--halt now,fail=1"},
    {"-e", "--halt now,fail=1"},
    {"--resume-failed", "--resume --retry-failed, with --journal FILE"},
    {"--continue", "--resume, with --journal FILE"},
    {"--termseq", "--grace T"},
    {"-t", "-v"},
    {"-r", "an empty input starts no job, by default"},
    {"--no-run-if-empty", "an empty input starts no job, by default"},
    {"--exec", "the command stands behind the options"},
    {"--exec-batch", "-n N, and the command behind the options"},
    {"--delay", "left out in this version"},
    {"--load", "left out in this version"},
    {"--memfree", "left out in this version"},
    {"--pipe", "left out in this version"},
    {"--sshlogin", "left out on purpose: jobs run on this machine"},
    {"--nice", "left out on purpose: put nice -n N before parwork"},
}};

}  // namespace

std::string_view habit_of(std::string_view name) noexcept {
  const auto found = std::ranges::find(habits, name, &habit::first);
  return found == habits.end() ? std::string_view() : found->second;
}

}  // namespace cli
