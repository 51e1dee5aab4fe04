// Options of `parwork run`: input, jobs, failures and time.
#include "options/run_options.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "jobs/launch.hpp"
#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

constexpr std::uint64_t most_items_per_job = 1'000'000;

std::uint64_t parse_items_per_job(const std::string& text) {
  try {
    return parse_count(text, 1, most_items_per_job);
  } catch (const error& fault) {
    throw error(std::string(fault.what()) + ", and not fit: as many as one command line holds");
  }
}

// Items are put into a string by the rules of one family, which others do not share.
std::string shell_program(const std::string& path) {
  static constexpr std::array<std::string_view, 14> family{
      "sh",   "dash", "ash",  "bash",  "rbash", "ksh", "ksh93",
      "mksh", "oksh", "lksh", "pdksh", "yash",  "zsh", "posh"};
  if (path.empty()) throw error("it is empty; give the path of a shell");
  const std::string name = path.substr(path.rfind('/') + 1);
  if (std::ranges::find(family, name) == family.end()) {
    throw error("'" + path +
                "' is none of the shells whose quoting is known: give sh, dash, ash, bash, ksh, "
                "mksh, yash or zsh, or start it as a command: parwork " +
                name + " ...");
  }
  std::string found;
  if (find_program(path, found) != 0) {
    throw error("there is no shell '" + path + "' that can be run: give the path of one");
  }
  return path;
}

// A file is read when all options are known: a later one may make it unimportant.
void use_workers(run_draft& draft, const std::string& text) {
  if (text.empty()) throw error("it is empty; give a number, a per cent, or a file");
  draft.to.workers_file.clear();
  draft.left.workers = false;
  draft.left.unlimited_workers = text == "0";
  draft.left.share_of_cpus = text.ends_with('%');
  if (looks_like_workers(text)) {
    draft.to.workers = parse_workers(text);
  } else {
    draft.to.workers_file = text;
  }
}

}  // namespace

option_section<run_draft> input_options() {
  return {
      "Input",
      {
          {{
               .names = "-a,--input",
               .value = "FILE",
               .help = "Read items from a file (-: standard input)",
               .completes = completion::files,
               .manual = R"(Read items from
.IR FILE ;
.B \-
is standard input.)",
               .overview = {"-a, --input FILE", "read items from a file"},
           },
           [](run_draft& draft, const std::string& file) {
             if (file.empty()) throw error("it is empty; give a file, or - for standard input");
             draft.left.input_file = true;
             draft.to.input.file = file == "-" ? "" : file;
           }},
          {{
               .names = "-0,--null",
               .help = "Items end with NUL bytes",
               .manual = R"(Items end with NUL bytes.)",
               .overview = {"-0, --null", "items end with NUL; -d, --delimiter C: with C"},
           },
           [](run_draft& draft, const std::string& /*no value*/) {
             draft.to.input.delimiter = std::string(1, '\0');
             draft.left.null = true;
           }},
          {{
               .names = "-d,--delimiter",
               .value = "C",
               .help = "Items end with C; \\t \\n \\0 \\\\ \\xHH are understood",
               .manual = R"(Items end with
.IR C ,
which may be several bytes.
.BR \et ", " \en ", " \er ", " \e0 ", " \e\e " and " \exHH
are understood.)",
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.input.delimiter = parse_literal(text);
             draft.left.delimiter = true;
           }},
          {{
               .names = "-n,--items-per-job",
               .value = "N|fit",
               .help = "Give N items to each job, or as many as fit",
               .manual = R"(Give
.I N
items to each job, and fewer where one command line does not hold them;
.BR fit :
as many as it holds, and the last ones spread over the slots.
A word
.B {}
becomes one argument for each; within a word they are joined by spaces.)",
               .overview = {"-n, --items-per-job N", "N items for each job; fit: all that fit"},
           },
           [](run_draft& draft, const std::string& text) {
             draft.left.items_per_job = false;
             draft.to.input.fit = text == "fit";
             draft.to.input.items_per_job =
                 text == "fit" ? most_items_per_job : parse_items_per_job(text);
           }},
          {{
               .names = "-C,--columns",
               .value = "SEP",
               .help = "Cut each item at SEP into {1} {2} ...",
               .manual = R"(Cut each item at
.I SEP
into
.BR {1} ", " {2} " ..."
Literal, with the escapes of
.BR \-d .
Missing columns are empty.)",
               .overview = {"-C, --columns SEP", "cut each item at SEP into {1} {2} ..."},
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.input.columns = parse_literal(text);
           }},
          {{
               .names = "--csv",
               .help = "Items are records of CSV, with quotes and newlines in fields",
               .manual = R"(Items are records of comma-separated values (RFC 4180), and their
fields are
.BR {1} ", " {2} " ..."
Fields in double quotes may have commas, newlines and doubled quotes.
.B \-C
gives another separator.)",
               .overview = {"--csv, --header", "columns of CSV; the first item names them: {name}"},
           },
           [](run_draft& draft, const std::string& /*no value*/) { draft.to.input.csv = true; }},
          {{
               .names = "--header",
               .help = "The first item names the columns: {name}",
               .manual = R"(The first item is no job: it has the names of the columns, so that
.BI { name }
is a column, and
.BI { name .}
its parts as of
.BR {.} .
Of several lists it is the first item of each.)",
           },
           [](run_draft& draft, const std::string& /*no value*/) { draft.to.input.header = true; }},
          {{
               .names = "--pipe",
               .help = "Give each job a block of the input as its standard input",
               .manual = R"(Cut the input into blocks of whole records, and give each job a block
as its standard input.
Records end with newlines, or as
.B \-d
and
.B \-0
say.
Of a regular file, with
.B \-a
or as standard input, each job reads its own part.
With
.B \-n
a block has
.I N
records; with
.B \-\-header
the first record goes before each block.
.B {#}
is the block's number.)",
               .overview = {"--pipe, --block SIZE",
                            "a block of the input for each job to read; 1M"},
           },
           [](run_draft& draft, const std::string& /*no value*/) {
             if (!draft.to.input.blocks) draft.to.input.blocks.emplace();
             draft.left.pipe = false;
           }},
          {{
               .names = "--block",
               .value = "SIZE",
               .help = "Bytes of a block of --pipe at most, but a record at least",
               .otherwise = "1M",
               .manual = R"(With
.BR \-\-pipe :
a block has at most
.I SIZE
bytes, but one record at least.
Default: 1M.)",
           },
           [](run_draft& draft, const std::string& text) {
             const std::uint64_t size = parse_size(text);
             if (size == 0) throw error("a block has a byte at least");
             if (!draft.to.input.blocks) draft.to.input.blocks.emplace();
             draft.to.input.blocks->size = size;
             draft.left.block = false;
           }},
          {{
               .names = "--skip-blank",
               .help = "Leave out items that are empty or blank",
               .manual = R"(Leave out items that are empty or consist of blanks.)",
               .overview = {"--skip-blank", "leave out blank items"},
           },
           [](run_draft& draft, const std::string& /*no value*/) {
             draft.to.input.skip_blank = true;
           }},
      }};
}

option_section<run_draft> jobs_options() {
  return {"Jobs",
          {
              {{
                   .names = "-j,--workers",
                   .value = "N|N%|FILE",
                   .help = "Run N jobs at once, or N % of the CPUs; 0: all at once",
                   .otherwise = "all CPUs",
                   .completes = completion::files,
                   .manual = R"(Run
.I N
jobs at once, or
.I N
per cent of the CPUs.
0: each job at once, as far as limits allow.
.IR FILE :
the number is in that file, which is read again while the run goes on;
.B ./
before its name tells one that looks like a number from it.
Default: as many as CPUs that the process may use.)",
                   .overview = {"-j, --workers N|FILE", "run N jobs at once; 0: all at once"},
               },
               [](run_draft& draft, const std::string& text) { use_workers(draft, text); }},
              {{
                   .names = "-c,--shell",
                   .value = "STRING",
                   .help = "Give STRING to sh -c, with items quoted for the shell",
                   .manual = R"(Give
.I STRING
to
.BR "sh \-c" ,
with items as variables, quoted for the place where they stand: nothing of an item is code.
A string that uses $1 or $@ gets the columns as arguments instead of an appended item.)",
                   .overview = {"-c, --shell STRING",
                                "give STRING to sh -c, items quoted for the shell"},
               },
               [](run_draft& draft, const std::string& text) {
                 if (text.empty()) throw error("the command is empty");
                 draft.to.shell = text;
               }},
              {{
                   .names = "--shell-program",
                   .value = "PATH",
                   .help = "The shell of -c, of the family of sh",
                   .otherwise = "/bin/sh",
                   .completes = completion::files,
                   .manual = R"(The shell that reads the string of
.BR \-c :
sh, dash, ash, bash, ksh, mksh, yash or zsh, whose rules of quoting are the same.
A journal's run goes on with the same one.
Default: /bin/sh.)",
               },
               [](run_draft& draft, const std::string& path) {
                 draft.to.shell_program = shell_program(path);
               }},
              {{
                   .names = "--tty",
                   .help = "Jobs have the terminal, one at a time",
                   .manual = R"(Jobs have the terminal as their standard input, one at a time: for
editors, and for what asks for a password.
Output that goes to the terminal passes straight to it, but with
.BR \-\-output ", " \-\-tag ", " \-\-journal " and " \-\-results ,
which want to have it.)",
                   .overview = {"--tty", "jobs have the terminal, one at a time"},
               },
               [](run_draft& draft, const std::string& /*no value*/) { draft.to.tty = true; }},
          }};
}

option_section<run_draft> failures_and_time_options() {
  return {
      "Failures and time",
      {
          {{
               .names = "--halt",
               .value = "WHEN",
               .help = "now|soon,fail|success|done=N|N%: end the run early",
               .choices = "now,fail=1 soon,fail=1 now,success=1",
               .manual_value = "WHEN,WHAT=N[%]",
               .manual = R"(End the run early, when
.I N
jobs, or
.I N
per cent of those that have ended (from the third on),
.BR fail ", " success " or are " done
(per cent of all jobs).
.B soon
starts no more jobs;
.B now
ends those that run, too.)",
               .overview = {"--halt now,fail=1", "end the run early; soon, success, done=N, N%"},
           },
           [](run_draft& draft, const std::string& text) { draft.to.halt = parse_halt(text); }},
          {{
               .names = "--retries",
               .value = "N",
               .help = "Try a failed job up to N more times",
               .manual = R"(Try a failed job up to
.I N
more times.
Only the output of the last attempt is shown.)",
               .overview = {"--retries N", "try again; --retry-delay T"},
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.retries = static_cast<unsigned>(parse_count(text, 0, 1'000'000));
           }},
          {{
               .names = "--retry-delay",
               .value = "T",
               .help = "Wait so long before each further attempt",
               .manual = R"(Wait so long before each further attempt.)",
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.retry_delay = parse_duration(text);
           }},
          {{
               .names = "--delay",
               .value = "T",
               .help = "Let at least T pass between two starts",
               .otherwise = "0",
               .manual = R"(Let at least
.I T
pass between two starts, further attempts included, whatever number of slots is free.)",
               .overview = {"--delay T", "at least T between two starts"},
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.delay = parse_duration(text);
           }},
          {{
               .names = "--load",
               .value = "N|N%",
               .help = "Start nothing while more than N threads want a CPU",
               .manual = R"(Start no job while more than
.I N
threads of the machine run or wait for a CPU, or
.I N
per cent of the CPUs: of the last second.)",
               .overview = {"--load N|N%", "start nothing while the machine is busy"},
           },
           [](run_draft& draft, const std::string& text) { parse_load(text, draft.to.limits); }},
          {{
               .names = "--memfree",
               .value = "SIZE|N%",
               .help = "Start nothing while less memory is available",
               .manual = R"(Start no job while less memory than that is available, or
.I N
per cent of all: of the control group, where that has less.
When less than half of it is left, the youngest job is ended and started again later, and that
attempt does not count.
The last one that runs is left alone.)",
               .overview = {"--memfree SIZE|N%", "nor while less memory is available"},
           },
           [](run_draft& draft, const std::string& text) { parse_memory(text, draft.to.limits); }},
          {{
               .names = "--timeout",
               .value = "T",
               .help = "End attempts that take longer",
               .manual = R"(End attempts that take longer.)",
               .overview = {"--timeout T", "end jobs that take longer; --grace T: TERM to KILL"},
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.timeout = parse_duration(text);
           }},
          {{
               .names = "--grace",
               .value = "T",
               .help = "Time between TERM and KILL",
               .otherwise = "5s",
               .manual = R"(Time between TERM and KILL where jobs are ended.
Default: 5s.)",
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.grace = parse_duration(text);
             draft.left.grace = false;
           }},
          {{
               .names = "--kill-tree",
               .value = "WHEN",
               .help = "on or off: end what jobs started outside their groups",
               .otherwise = "on",
               .choices = "on off",
               .manual = R"(.BR on " (default) or " off :
what a job has started outside of its process group is ended with it, where it is ended.
Daemons, which have a session of their own and whose parent has gone, are left, and named with
.BR \-v .)",
               .overview = {"--kill-tree on|off", "end what jobs started in other groups, too"},
           },
           [](run_draft& draft, const std::string& text) {
             if (text != "on" && text != "off") throw error("'" + text + "' is neither on nor off");
             draft.to.reach = text == "on" ? job_reach::tree : job_reach::group;
           }},
      }};
}

}  // namespace cli
