// Options of `parwork run`: record.
#include "options/run_options.hpp"

#include "support/error.hpp"

namespace cli {
option_section<run_draft> record_options() {
  return {
      "Record",
      {
          {{
               .names = "--journal",
               .value = "FILE",
               .help = "Record what is done, so that the run can be resumed",
               .completes = completion::files,
               .manual = R"(Record each outcome with its output, before the output is shown.
A file
.IB FILE \-run
beside it has the command line and what was shown,
.IB FILE \-output
what jobs wrote beyond 256 KiB each.
A journal that exists is refused without
.BR \-\-resume .)",
               .overview = {"--journal FILE", "survive kill -9; --resume, --retry-failed"},
           },
           [](run_draft& draft, const std::string& file) {
             if (file.empty()) throw error("it is empty; give a file");
             draft.to.journal = file;
           }},
          {{
               .names = "--resume",
               .help = "Go on with the run of the journal",
               .manual =
                   R"(Go on with the run of the journal: only what it does not have is done,
only what was not shown is shown.)",
           },
           [](run_draft& draft, const std::string& /*no value*/) { draft.to.resume = true; }},
          {{
               .names = "--retry-failed",
               .help = "With --resume: do failed jobs again",
               .manual = R"(With
.BR \-\-resume :
do failed jobs again.)",
           },
           [](run_draft& draft, const std::string& /*no value*/) { draft.to.retry_failed = true; }},
          {{
               .names = "--log",
               .value = "FILE",
               .help = "Append a JSON line for each start and end (-: standard output)",
               .completes = completion::files,
               .manual = R"(Append a line of JSON for each start and end; see LOG.
.B \-
is standard output.)",
               .overview = {"--log FILE", "a JSON line for each start and end"},
           },
           [](run_draft& draft, const std::string& file) {
             if (file.empty()) throw error("it is empty; give a file, or - for standard output");
             draft.to.log = file;
           }},
          {{
               .names = "--results",
               .value = "DIR",
               .help = "Write each job's output to DIR/SEQ/stdout, stderr, item and exit",
               .completes = completion::files,
               .manual = R"(Write what each job writes, as it comes, to the files
.BR stdout " and " stderr
of the folder
.IR DIR / SEQ .part,
which becomes
.IR DIR / SEQ
when the job has ended for good.
.B item
has its item (several: each ended by a NUL byte),
.B exit
its status.
.I DIR
has to be empty, but with
.BR \-\-resume .)",
               .overview = {"--results DIR", "a folder for each job's output"},
           },
           [](run_draft& draft, const std::string& folder) {
             if (folder.empty()) throw error("it is empty; give a folder");
             draft.to.results = folder;
           }},
          {{
               .names = "--report",
               .value = "FILE.html",
               .help = "Write a page that shows where the run's time went",
               .completes = completion::files,
               .manual =
                   R"(At the end write a page that shows where the time of the run went
and what bounded it.)",
               .overview = {"--report FILE.html", "a page that shows where the time went"},
           },
           [](run_draft& draft, const std::string& file) { draft.to.report = report_file(file); }},
      }};
}

}  // namespace cli
