// Options of `parwork run`: input, jobs, failures and time.
#include "options/run_options.hpp"

#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

constexpr std::uint64_t most_items_per_job = 1'000'000;

void refuse_engine(const std::string& name) {
  if (name == "local") return;
  if (name.starts_with("nats://")) {
    throw error("runs on several machines come with a later version of parwork; use local");
  }
  throw error("'" + name + "' is no engine: use local");
}

}  // namespace

option_section<run_draft> input_options() {
  return {"Input",
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
                   .value = "N",
                   .help = "Give N items to each job",
                   .manual = R"(Give
.I N
items to each job.
A word
.B {}
becomes one argument for each; within a word they are joined by spaces.)",
                   .overview = {"-n, --items-per-job N", "give N items to each job"},
               },
               [](run_draft& draft, const std::string& text) {
                 draft.to.input.items_per_job = parse_count(text, 1, most_items_per_job);
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
                   .value = "N|N%",
                   .help = "Run N jobs at once, or N % of the CPUs",
                   .otherwise = "all CPUs",
                   .manual = R"(Run
.I N
jobs at once, or
.I N
per cent of the CPUs.
Default: as many as CPUs that the process may use.)",
                   .overview = {"-j, --workers N|N%", "run N jobs at once"},
               },
               [](run_draft& draft, const std::string& text) {
                 draft.to.workers = parse_workers(text);
                 draft.left.workers = false;
               }},
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
                   .names = "--engine",
                   .value = "ENGINE",
                   .help = "Where jobs run: local",
                   .choices = "local",
                   .manual = R"(Where jobs run:
.BR local .)",
               },
               [](run_draft& /*draft*/, const std::string& text) { refuse_engine(text); }},
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
      }};
}

}  // namespace cli
