# fish completion of parwork(1)
# made from the table of options, by the target parwork_documents

# Whether the command has not begun: every word so far is an option, or the value of one.
function __parwork_at_options
    set -l valued -a --input -d --delimiter -n --items-per-job -C --columns --block -j --workers -c --shell --shell-program --output --buffer --ahead --halt --retries --retry-delay --delay --load --memfree --timeout --grace --kill-tree --journal --log --results --report --progress --engine --job --needs --lost-after --workdir --user --password-file --nkey --creds --ca --cert --key
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

complete -c parwork -n __fish_use_subcommand -a run -d 'Run a command for each item'
complete -c parwork -n __fish_use_subcommand -a resume -d 'Go on with a run after a crash'
complete -c parwork -n __fish_use_subcommand -a results -d 'Recorded outputs, in input order'
complete -c parwork -n __fish_use_subcommand -a report -d 'A page that shows where the time went'
complete -c parwork -n __fish_use_subcommand -a worker -d 'Run the jobs of runs on other machines'
complete -c parwork -n __fish_use_subcommand -a status -d 'Tell which runs and workers there are'
complete -c parwork -n __fish_use_subcommand -l version -d 'Show the version'
complete -c parwork -n __parwork_at_options -s a -l input -r -d 'Read items from a file (-: standard input)'
complete -c parwork -n __parwork_at_options -s 0 -l null -d 'Items end with NUL bytes'
complete -c parwork -n __parwork_at_options -s d -l delimiter -x -d 'Items end with C; \\t \\n \\0 \\\\ \\xHH are understood'
complete -c parwork -n __parwork_at_options -s n -l items-per-job -x -d 'Give N items to each job, or as many as fit'
complete -c parwork -n __parwork_at_options -s C -l columns -x -d 'Cut each item at SEP into {1} {2} ...'
complete -c parwork -n __parwork_at_options -l csv -d 'Items are records of CSV, with quotes and newlines in fields'
complete -c parwork -n __parwork_at_options -l header -d 'The first item names the columns: {name}'
complete -c parwork -n __parwork_at_options -l pipe -d 'Give each job a block of the input as its standard input'
complete -c parwork -n __parwork_at_options -l block -x -d 'Bytes of a block of --pipe at most, but a record at least'
complete -c parwork -n __parwork_at_options -l skip-blank -d 'Leave out items that are empty or blank'
complete -c parwork -n __parwork_at_options -s j -l workers -r -d 'Run N jobs at once, or N % of the CPUs; 0: all at once'
complete -c parwork -n __parwork_at_options -s c -l shell -x -d 'Give STRING to sh -c, with items quoted for the shell'
complete -c parwork -n __parwork_at_options -l shell-program -r -d 'The shell of -c, of the family of sh'
complete -c parwork -n __parwork_at_options -l tty -d 'Jobs have the terminal, one at a time'
complete -c parwork -n __parwork_at_options -s k -l keep-order -d 'Show output in the order of the items'
complete -c parwork -n __parwork_at_options -l output -x -a 'group line raw none' -d 'group: a job\'s output as a whole; line: lines as they appear; raw; none'
complete -c parwork -n __parwork_at_options -l tag -d 'Put the item and a tab before each line'
complete -c parwork -n __parwork_at_options -l buffer -x -d 'Memory for held output, then a temporary file'
complete -c parwork -n __parwork_at_options -l ahead -x -d 'How many items may be in flight'
complete -c parwork -n __parwork_at_options -l halt -x -a 'now,fail=1 soon,fail=1 now,success=1' -d 'now|soon,fail|success|done=N|N%: end the run early'
complete -c parwork -n __parwork_at_options -l retries -x -d 'Try a failed job up to N more times'
complete -c parwork -n __parwork_at_options -l retry-delay -x -d 'Wait so long before each further attempt'
complete -c parwork -n __parwork_at_options -l delay -x -d 'Let at least T pass between two starts'
complete -c parwork -n __parwork_at_options -l load -x -d 'Start nothing while more than N threads want a CPU'
complete -c parwork -n __parwork_at_options -l memfree -x -d 'Start nothing while less memory is available'
complete -c parwork -n __parwork_at_options -l timeout -x -d 'End attempts that take longer'
complete -c parwork -n __parwork_at_options -l grace -x -d 'Time between TERM and KILL'
complete -c parwork -n __parwork_at_options -l kill-tree -x -a 'on off' -d 'on or off: end what jobs started outside their groups'
complete -c parwork -n __parwork_at_options -l journal -r -d 'Record what is done, so that the run can be resumed'
complete -c parwork -n __parwork_at_options -l resume -d 'Go on with the run of the journal'
complete -c parwork -n __parwork_at_options -l retry-failed -d 'With --resume: do failed jobs again'
complete -c parwork -n __parwork_at_options -l log -r -d 'Append a JSON line for each start and end (-: standard output)'
complete -c parwork -n __parwork_at_options -l results -r -d 'Write each job\'s output to DIR/SEQ/stdout, stderr, item and exit'
complete -c parwork -n __parwork_at_options -l report -r -d 'Write a page that shows where the run\'s time went'
complete -c parwork -n __parwork_at_options -l progress -x -a 'auto on off' -d 'auto, on or off: a bar on a terminal\'s standard error'
complete -c parwork -n __parwork_at_options -s q -l quiet -d 'Say nothing about failed jobs at the end'
complete -c parwork -n __parwork_at_options -s v -l verbose -d 'Show each command when it starts, and name all that failed'
complete -c parwork -n __parwork_at_options -l dry-run -d 'Show the commands and start none'
complete -c parwork -n __parwork_at_options -s h -l help -d 'This text'
complete -c parwork -n __parwork_at_options -l engine -x -a 'local nats://127.0.0.1:4222' -d 'Run jobs on the workers behind a NATS server; local: here'
complete -c parwork -n __parwork_at_options -l job -x -d 'With --engine: the run\'s name there'
complete -c parwork -n __parwork_at_options -l needs -x -d 'With --engine: only workers that offer it (may be repeated)'
complete -c parwork -n __parwork_at_options -l lost-after -x -d 'With --engine: a worker that is silent so long is lost'
complete -c parwork -n __parwork_at_options -l workdir -x -d 'With --engine: the folder where jobs run'
complete -c parwork -n __parwork_at_options -l user -x -d 'Who one is to the server, with --password-file'
complete -c parwork -n __parwork_at_options -l password-file -r -d 'The first line of FILE is the password'
complete -c parwork -n __parwork_at_options -l nkey -r -d 'A file with the seed of an nkey'
complete -c parwork -n __parwork_at_options -l creds -r -d 'A file of credentials: a JWT and its key'
complete -c parwork -n __parwork_at_options -l ca -r -d 'Who signs the server\'s certificate, in PEM; turns TLS on'
complete -c parwork -n __parwork_at_options -l cert -r -d 'One\'s own certificate, in PEM, with --key'
complete -c parwork -n __parwork_at_options -l key -r -d 'The key of --cert, in PEM'
complete -c parwork -n '__parwork_at results' -l failed -d 'Only those of failed jobs'
complete -c parwork -n '__parwork_at results' -l tag -d 'Put the item and a tab before each line'
complete -c parwork -n '__parwork_at results' -s h -l help -d 'This text'
complete -c parwork -n '__parwork_at report' -s o -l output -r -d 'Where the report goes'
complete -c parwork -n '__parwork_at report' -s q -l quiet -d 'Do not say on standard error what bounded the run'
complete -c parwork -n '__parwork_at report' -s h -l help -d 'This text'
complete -c parwork -n '__parwork_at worker' -l join -x -a 'nats://127.0.0.1:4222' -d 'The server, nats://HOST:4222; several separated by commas'
complete -c parwork -n '__parwork_at worker' -l allow-commands -d 'Run what is sent: nothing is, without it'
complete -c parwork -n '__parwork_at worker' -s j -l workers -x -d 'Run N jobs at once, or N % of the CPUs'
complete -c parwork -n '__parwork_at worker' -l label -x -d 'What this machine offers, for --needs (may be repeated)'
complete -c parwork -n '__parwork_at worker' -l idle-exit -x -d 'End when there has been no job for so long'
complete -c parwork -n '__parwork_at worker' -l log -r -d 'Append a JSON line for each start and end (-: standard output)'
complete -c parwork -n '__parwork_at worker' -l user -x -d 'Who one is to the server, with --password-file'
complete -c parwork -n '__parwork_at worker' -l password-file -r -d 'The first line of FILE is the password'
complete -c parwork -n '__parwork_at worker' -l nkey -r -d 'A file with the seed of an nkey'
complete -c parwork -n '__parwork_at worker' -l creds -r -d 'A file of credentials: a JWT and its key'
complete -c parwork -n '__parwork_at worker' -l ca -r -d 'Who signs the server\'s certificate, in PEM; turns TLS on'
complete -c parwork -n '__parwork_at worker' -l cert -r -d 'One\'s own certificate, in PEM, with --key'
complete -c parwork -n '__parwork_at worker' -l key -r -d 'The key of --cert, in PEM'
complete -c parwork -n '__parwork_at worker' -s h -l help -d 'This text'
complete -c parwork -n '__parwork_at status' -l job -x -d 'Tell of this run alone'
complete -c parwork -n '__parwork_at status' -l json -d 'One JSON object in place of a table'
complete -c parwork -n '__parwork_at status' -l user -x -d 'Who one is to the server, with --password-file'
complete -c parwork -n '__parwork_at status' -l password-file -r -d 'The first line of FILE is the password'
complete -c parwork -n '__parwork_at status' -l nkey -r -d 'A file with the seed of an nkey'
complete -c parwork -n '__parwork_at status' -l creds -r -d 'A file of credentials: a JWT and its key'
complete -c parwork -n '__parwork_at status' -l ca -r -d 'Who signs the server\'s certificate, in PEM; turns TLS on'
complete -c parwork -n '__parwork_at status' -l cert -r -d 'One\'s own certificate, in PEM, with --key'
complete -c parwork -n '__parwork_at status' -l key -r -d 'The key of --cert, in PEM'
complete -c parwork -n '__parwork_at status' -s h -l help -d 'This text'
